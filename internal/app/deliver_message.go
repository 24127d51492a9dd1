package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// attemptWithin bounds one attempt; a claim outlives it, so that a message whose
// attempt died with its process becomes due again by itself.
const (
	attemptWithin = 90 * time.Second
	claimFor      = 3 * time.Minute
)

// sendWithin bounds a message that somebody waits for.
const sendWithin = 30 * time.Second

// maxAttempts is when a message is given up: with the waits below, after a day and a half.
const maxAttempts = 16

// failingAfter is at which attempt operators hear that a message keeps failing:
// with the waits below, after some eight minutes.
const failingAfter = 5

// backoff is how long to wait after an attempt that failed, with jitter so that
// messages held back by one outage do not all come again at once.
func backoff(attempt int) time.Duration {
	wait := min(30*time.Second<<min(attempt-1, 12), 6*time.Hour)
	return wait/2 + rand.N(wait) // between a half and one and a half
}

// DeliverMessage makes one attempt at a due message. It renders from the facts
// as they are now: what was acknowledged before this attempt is not named as
// awaiting. A message that is not due, or in another attempt, is left alone.
func (a *App) DeliverMessage(ctx context.Context, id int64, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, attemptWithin)
	defer cancel()
	var m Message
	err := a.Store.Write(ctx, func(tx Tx) (err error) {
		m, err = claim(ctx, tx, id, now)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	named, outcome := a.attempt(ctx, &m, now)
	return a.settle(context.WithoutCancel(ctx), m, named, outcome, now)
}

// claim takes a due message for one attempt. An urgent one takes in what else is
// urgent for its recipient, so that many ends at once do not become many mails.
func claim(ctx context.Context, tx Tx, id int64, now time.Time) (Message, error) {
	m, err := tx.ClaimMessage(ctx, id, now, now.Add(claimFor))
	if err != nil || m.Kind != MessageUrgent {
		return m, err
	}
	others, err := tx.TakeIn(ctx, m, now)
	if err != nil || len(others) == 0 {
		return m, err
	}
	if m.Payload, err = mergeUrgent(m.Payload, others); err != nil {
		return m, err
	}
	return m, tx.SetPayload(ctx, m.ID, m.Payload)
}

// attempt renders and sends; nil is sent, errNothingToSay is dropped. named are the
// users that the message names.
func (a *App) attempt(ctx context.Context, m *Message, now time.Time) (named []int64, err error) {
	if m.ChannelID != 0 {
		return a.postEvent(ctx, *m)
	}
	mail, named, err := a.renderMail(ctx, *m, now)
	if err != nil {
		return nil, err
	}
	m.Subject, m.Body, m.HTML = mail.Subject, mail.Text, mail.HTML
	return named, a.Mailer.Send(ctx, mail)
}

// errNothingToSay ends a message whose facts need nobody any more.
var errNothingToSay = errors.New("nothing is left to say: all was acknowledged meanwhile, or its recipient or channel is gone")

func (a *App) postEvent(ctx context.Context, m Message) (named []int64, err error) {
	var c Channel
	err = a.Store.Read(ctx, func(r Reader) (err error) {
		c, err = r.ChannelByID(ctx, m.ChannelID)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, errNothingToSay
	}
	if err != nil {
		return nil, err
	}
	e, err := m.event()
	if err != nil {
		return nil, err
	}
	return e.named(), a.post(ctx, c, e)
}

// named is the user that the event is about, if it is about one.
func (e Event) named() []int64 {
	if e.UserID == 0 {
		return nil
	}
	return []int64{e.UserID}
}

// named are the users whose renewals the digest lists.
func (d Digest) named() (users []int64) {
	for _, s := range d.Sections {
		for _, i := range s.Items {
			users = append(users, i.UserID)
		}
	}
	return users
}

// post sends an event by a channel.
func (a *App) post(ctx context.Context, c Channel, e Event) error {
	poster, ok := a.Posters[c.Kind]
	if !ok {
		return &PermanentError{Err: fmt.Errorf("no way to deliver by a channel of kind %s", c.Kind)}
	}
	e.PublicURL, e.ConsoleURL = a.PublicURL, a.consoleURL(e.Project)
	url, err := a.Custody.Open(ctx, SealChannelURL, c.ProjectID, c.ID, ChannelURLID, c.SealedURL)
	if err != nil {
		return fmt.Errorf("open the channel's address: %w", err)
	}
	var secret []byte
	if c.SealedSecret != nil {
		if secret, err = a.Custody.Open(ctx, SealChannelSecret, c.ProjectID, c.ID, ChannelSecretID, c.SealedSecret); err != nil {
			return fmt.Errorf("open the channel's secret: %w", err)
		}
	}
	return poster.Post(ctx, string(url), string(secret), e)
}

// consoleURL is where a project's pages are; empty while Segue does not know where
// people reach it. Names are safe in a path.
func (a *App) consoleURL(project string) string {
	if a.PublicURL == "" || project == "" {
		return a.PublicURL
	}
	return a.PublicURL + "/projects/" + project
}

func (m Message) event() (Event, error) {
	var e Event
	if err := json.Unmarshal(m.Payload, &e); err != nil {
		return e, &PermanentError{Err: fmt.Errorf("the stored event cannot be read: %w", err)}
	}
	return e, nil
}

func (a *App) renderMail(ctx context.Context, m Message, now time.Time) (mail Mail, named []int64, err error) {
	if m.Kind == MessageEvent {
		e, err := m.event()
		if err != nil {
			return Mail{}, nil, err
		}
		e.PublicURL, e.ConsoleURL = a.PublicURL, a.consoleURL(e.Project)
		if e.Zone, err = a.zoneFor(ctx, m); err != nil {
			return Mail{}, nil, err
		}
		mail, err = a.Renderer.Event(e, m.Recipient, m.ID)
		return mail, e.named(), err
	}
	var d Digest
	err = a.Store.Read(ctx, func(r Reader) (err error) {
		d, err = a.digestOf(ctx, r, m, now)
		return err
	})
	if err != nil {
		return Mail{}, nil, err
	}
	d.PublicURL, d.ConsoleURL, d.Recorded = a.PublicURL, a.consoleURL(d.Project), m.CreatedAt
	mail, err = a.Renderer.Digest(d, m.ID)
	return mail, d.named(), err
}

// zoneFor is the time zone for a mail to an operator, who must still be one.
func (a *App) zoneFor(ctx context.Context, m Message) (zone *time.Location, err error) {
	err = a.Store.Read(ctx, func(r Reader) error {
		who, err := audienceOf(ctx, r, m)
		if err != nil {
			return err
		}
		if !slices.Contains(who.operators(), m.Recipient) {
			return errNothingToSay
		}
		zone = who.zone
		return nil
	})
	return zone, err
}

// audienceOf is the audience of the message's project.
func audienceOf(ctx context.Context, r Reader, m Message) (*audience, error) {
	p, err := r.Project(ctx, m.ProjectID)
	if errors.Is(err, ErrNotFound) {
		return nil, errNothingToSay
	}
	if err != nil {
		return nil, err
	}
	return readAudience(ctx, r, p)
}

// digestOf makes what a digest or urgent message says now.
func (a *App) digestOf(ctx context.Context, r Reader, m Message, now time.Time) (Digest, error) {
	who, err := audienceOf(ctx, r, m)
	if err != nil {
		return Digest{}, err
	}
	to, ok := who.recipient(m.Recipient)
	if !ok {
		return Digest{}, errNothingToSay
	}
	var d Digest
	if m.Kind == MessageUrgent {
		d, ok, err = buildUrgent(ctx, r, who, to, m, now)
	} else {
		d, ok, err = currentDigest(ctx, r, who, to, m, now)
	}
	if err == nil && !ok {
		err = errNothingToSay
	}
	return d, err
}

// currentDigest is the digest of a message, unless a newer one to the same
// recipient says the same: after a mail server was down for days only the newest leaves.
func currentDigest(ctx context.Context, r Reader, who *audience, to Recipient, m Message, now time.Time) (d Digest, ok bool, err error) {
	if newer, err := r.HasNewerDigest(ctx, m); err != nil || newer {
		return d, false, err
	}
	return buildDigest(ctx, r, who, to, m.CreatedAt.Add(-who.notices.DigestInterval), now)
}

func (who *audience) recipient(email string) (Recipient, bool) {
	for _, r := range who.recipients() {
		if r.Email == email {
			return r, true
		}
	}
	return Recipient{}, false
}

// settle records how an attempt ended and what comes next, and of a message that
// left which users it named.
func (a *App) settle(ctx context.Context, m Message, named []int64, outcome error, now time.Time) error {
	m.Attempts++
	m.LastError = ""
	var permanent *PermanentError
	switch {
	case outcome == nil && m.ChannelID == 0 && !a.Mailer.Leaves():
		m.State, m.SentAt = MessageKept, now
	case outcome == nil:
		m.State, m.SentAt = MessageSent, now
	case errors.Is(outcome, errNothingToSay):
		m.State = MessageDropped
	case errors.As(outcome, &permanent), m.Attempts >= maxAttempts:
		m.State, m.LastError = MessageDead, cut(outcome.Error(), maxError)
	default:
		m.State, m.LastError = MessageDue, cut(outcome.Error(), maxError)
		m.DueAt = now.Add(backoff(m.Attempts))
	}
	return a.write(ctx, System(), now, func(u *unit) error {
		err := u.RecordAttempt(ctx, Attempt{
			MessageID: m.ID, Number: m.Attempts, StartedAt: now, EndedAt: now, Outcome: m.State, Error: m.LastError,
		}, m)
		if err != nil {
			return err
		}
		if outcome == nil {
			if err := u.NameUsers(ctx, m, named); err != nil {
				return err
			}
		}
		return u.reportFailing(ctx, m)
	})
}

// maxError bounds a stored error.
const maxError = 500

// reportFailing tells operators that messages do not arrive: at first by the other
// way, for the one that fails would say nothing; by all once a message is given up.
// It is said once a day to each, and never about such a message itself.
func (u *unit) reportFailing(ctx context.Context, m Message) error {
	givenUp := m.State == MessageDead
	if m.Event == EventDeliveryFailing || !givenUp && (m.State != MessageDue || m.Attempts != failingAfter) {
		return nil
	}
	who, err := u.audience(ctx, m.ProjectID)
	if err != nil {
		return err
	}
	e := Event{Type: EventDeliveryFailing, At: u.now, Project: who.project.Name}
	if givenUp {
		e.Message = "a message to " + m.Recipient + " was given up: " + m.LastError
		e.Remedy = "mend the cause, then retry: `segue notify deliveries --state dead` lists what was given up"
	} else {
		e.Message = fmt.Sprintf("a message to %s could not be delivered in %d attempts: %s", m.Recipient, m.Attempts, m.LastError)
		e.Remedy = "mend the cause: `segue notify deliveries --state due` lists what waits for the next attempt"
	}
	key := string(EventDeliveryFailing) + "/" + u.now.UTC().Format(time.DateOnly)
	if givenUp || m.ChannelID == 0 {
		if err := u.post(who, e, key); err != nil {
			return err
		}
	}
	if givenUp || m.ChannelID != 0 {
		return u.mailEvent(who, who.operators(), e, key)
	}
	return nil
}

// DueMessages returns up to limit messages due at now.
func (a *App) DueMessages(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	return a.Store.DueMessages(ctx, now, limit)
}
