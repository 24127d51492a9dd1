package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// remindAt is when people are reminded first of the renewal that a change opens;
// zero where nobody is told.
func (u *unit) remindAt(ctx context.Context, d Decided, oldEnd time.Time) (time.Time, error) {
	if d.Change.Open == nil {
		return time.Time{}, nil
	}
	who, err := u.audience(ctx, d.ProjectID)
	if err != nil || who.silent(d.ServiceID) {
		return time.Time{}, err
	}
	n, err := who.noticesOf(d.ServiceID)
	if err != nil {
		return time.Time{}, err
	}
	at, _ := n.NextReminder(oldEnd, u.now, who.zone)
	return at, nil
}

// told is a change that was applied, with what its messages say.
type told struct {
	Decided
	service, user string
	oldEnd        time.Time // of the pair that a renewal replaces
	by            string    // who acknowledged
}

// announce records what is due to be said about a change, in its transaction:
// a wish for a digest, events for the project's channels, and mail at once
// where an end is near.
func (u *unit) announce(ctx context.Context, c told) error {
	who, err := u.audience(ctx, c.ProjectID)
	if err != nil || who.silent(c.ServiceID) {
		return err
	}
	event, speaks := c.event(who.project.Name)
	if !speaks {
		return nil
	}
	if event.Type == EventRenewalCreated {
		if err := u.announceRenewal(ctx, who, c, *event.Renewal); err != nil {
			return err
		}
	}
	return u.post(who, event, fmt.Sprintf("%s/%x/%d", event.Type, uint64(c.UserID), c.Change.Base))
}

// announceRenewal records what a renewal needs besides its own event. Where the old
// pair ended before anything renewed it, this is the first word of the lapse.
func (u *unit) announceRenewal(ctx context.Context, who *audience, c told, p EventPair) error {
	if err := u.noteNews(ctx, who); err != nil {
		return err
	}
	if lifecycle.Urgent(c.oldEnd, u.now) {
		u.urgent = append(u.urgent, urgentItem{c.ProjectID, c.ServiceID, c.UserID, p.Generation})
	}
	if !u.now.After(c.oldEnd) {
		return nil
	}
	lapsed := PendingRenewal{
		UserID: c.UserID, Service: c.service, User: c.user, Generation: p.Generation, Replaced: p.Replaced, OldNotAfter: p.OldNotAfter, NewNotAfter: p.NewNotAfter,
	}
	return u.post(who, lapsedEvent(who.project.Name, lapsed, u.now), lapsedKey(c.UserID, p.Generation))
}

// event is the fact that a change stands for; speaks is false for changes that
// nobody outside is told of.
func (c told) event(project string) (e Event, speaks bool) {
	e = Event{At: c.Change.At, Project: project, Service: c.service, User: c.user, UserID: c.UserID}
	switch c.Change.Action {
	case lifecycle.ActionRenew:
		e.Type = EventRenewalCreated
		e.Renewal = &EventPair{Generation: c.Change.Open.New, Replaced: c.Change.Open.Replaced, OldNotAfter: c.oldEnd, NewNotAfter: c.Change.Issue.NotAfter}
		e.Message = fmt.Sprintf("%s of %s has a new pair, generation %d; the old one works until %s", c.user, c.service, c.Change.Open.New, stamp(c.oldEnd))
		e.Remedy = "put the new pair in use, then acknowledge it"
	case lifecycle.ActionAcknowledge:
		e.Type = EventRenewalAcknowledged
		e.Renewal = &EventPair{Generation: c.Change.Acknowledge.New, Replaced: c.Change.Acknowledge.Replaced, OldNotAfter: c.oldEnd, Acknowledger: c.by}
		e.Message = fmt.Sprintf("%s acknowledged that %s of %s uses generation %d", c.by, c.user, c.service, c.Change.Acknowledge.New)
	case lifecycle.ActionReset, lifecycle.ActionDelete:
		if len(c.Change.Revoke) == 0 {
			return e, false
		}
		e.Type = EventCertificateRevoked
		e.Message = fmt.Sprintf("the pairs of %s of %s were revoked", c.user, c.service)
		if c.Change.Action == lifecycle.ActionReset {
			e.Remedy = "put the new pair in use now: the old ones are refused where brokers check revocation"
		}
	default:
		return e, false
	}
	return e, true
}

// noteNews asks once per transaction for a digest of the project.
func (u *unit) noteNews(ctx context.Context, who *audience) error {
	if u.news[who.project.ID] {
		return nil
	}
	if u.news == nil {
		u.news = map[int64]bool{}
	}
	u.news[who.project.ID] = true
	return u.NoteNews(ctx, who.project.ID, who.notices.NewsAt(who.project.DigestAt, u.now, who.zone))
}

// post adds an event for each of the project's channels. key makes recording it
// again a no-op.
func (u *unit) post(who *audience, e Event, key string) error {
	if len(who.channels) == 0 {
		return nil
	}
	e.ID = eventID(who.project.ID, key)
	payload, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.Type, err)
	}
	for _, c := range who.channels {
		u.messages = append(u.messages, Message{
			ID: newID(), ProjectID: who.project.ID, Kind: MessageEvent, Event: e.Type, ChannelID: c.ID, Recipient: c.Name,
			Slot: key, Payload: payload, CreatedAt: u.now, DueAt: u.now, State: MessageDue,
		})
	}
	return nil
}

// mailEvent adds an event as a mail to each address.
func (u *unit) mailEvent(who *audience, emails []string, e Event, key string) error {
	e.ID = eventID(who.project.ID, key)
	payload, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.Type, err)
	}
	for _, email := range emails {
		u.messages = append(u.messages, Message{
			ID: newID(), ProjectID: who.project.ID, Kind: MessageEvent, Event: e.Type, Recipient: email,
			Slot: key, Payload: payload, CreatedAt: u.now, DueAt: u.now, State: MessageDue,
		})
	}
	return nil
}

// recordFailures opens failure events and tells operators, at most once a day
// and person, and channels, once per renewal that fails.
func (u *unit) recordFailures(ctx context.Context, failures []Failure) error {
	if len(failures) == 0 {
		return nil
	}
	if err := u.RecordFailures(ctx, failures); err != nil {
		return err
	}
	byProject := map[int64][]Failure{}
	for _, f := range failures {
		byProject[f.ProjectID] = append(byProject[f.ProjectID], f)
	}
	for projectID, failed := range byProject {
		who, err := u.audience(ctx, projectID)
		if err != nil {
			return err
		}
		for _, f := range failed {
			if err := u.post(who, failureEvent(who.project.Name, f), fmt.Sprintf("%s/%x/%d", EventRenewalFailed, uint64(f.UserID), f.Generation)); err != nil {
				return err
			}
		}
		e := failureEvent(who.project.Name, failed[0])
		if n := len(failed); n > 1 {
			e.Message = fmt.Sprintf("%d renewals could not be made; the first: %s", n, e.Message)
		}
		if err := u.mailEvent(who, who.operators(), e, string(EventRenewalFailed)+"/"+u.now.UTC().Format(time.DateOnly)); err != nil {
			return err
		}
	}
	return nil
}

func failureEvent(project string, f Failure) Event {
	return Event{
		Type: EventRenewalFailed, At: f.At, Project: project, Service: f.Service, User: f.User, UserID: f.UserID,
		Message: fmt.Sprintf("the next pair of %s of %s could not be made: %s", f.User, f.Service, f.Reason),
		Remedy:  "mend the cause; Segue tries again at " + stamp(f.RetryAt) + " and `segue doctor` names every user it concerns",
	}
}

// shortHash makes a long key fit into an id.
func shortHash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:12])
}

// eventID is the same for every attempt and channel of one event.
func eventID(projectID int64, key string) string {
	return fmt.Sprintf("evt_%016x_%s", uint64(projectID), shortHash(key))
}

// urgentItem names a renewal that is told at once.
type urgentItem struct {
	ProjectID  int64 `json:"-"`
	ServiceID  int64 `json:"service_id"`
	UserID     int64 `json:"user_id"`
	Generation int   `json:"generation"`
}

// urgentListed bounds how many renewals an urgent mail names.
const urgentListed = 50

// urgentPayload is what an urgent message looks up when it leaves.
type urgentPayload struct {
	Items []urgentItem `json:"items"`
	More  int          `json:"more,omitempty"`
}

// flush stores the messages of the transaction. Urgent renewals of one project
// and one transaction leave as one mail per recipient.
func (u *unit) flush(ctx context.Context) error {
	byProject := map[int64][]urgentItem{}
	for _, item := range u.urgent {
		byProject[item.ProjectID] = append(byProject[item.ProjectID], item)
	}
	for projectID, items := range byProject {
		who, err := u.audience(ctx, projectID)
		if err != nil {
			return err
		}
		if err := u.mailUrgent(who, items); err != nil {
			return err
		}
	}
	if len(u.messages) == 0 {
		return nil
	}
	return u.InsertMessages(ctx, u.messages)
}

func (u *unit) mailUrgent(who *audience, items []urgentItem) error {
	for _, r := range who.recipients() {
		var p urgentPayload
		for _, item := range items {
			if r.concerns(item.ServiceID) {
				p.add(item)
			}
		}
		if len(p.Items) == 0 {
			continue
		}
		payload, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("urgent message: %w", err)
		}
		first := p.Items[0]
		u.messages = append(u.messages, Message{
			ID: newID(), ProjectID: who.project.ID, Kind: MessageUrgent, Recipient: r.Email,
			Slot: fmt.Sprintf("%d/%x/%d", u.now.UnixMilli(), uint64(first.UserID), first.Generation), Payload: payload,
			CreatedAt: u.now, DueAt: u.now, State: MessageDue,
		})
	}
	return nil
}

// add names one renewal more, or counts it where enough are named.
func (p *urgentPayload) add(item urgentItem) {
	if len(p.Items) < urgentListed {
		p.Items = append(p.Items, item)
	} else {
		p.More++
	}
}

// mergeUrgent is the payload of one message that says what several would.
func mergeUrgent(payload []byte, others [][]byte) ([]byte, error) {
	var all urgentPayload
	for _, text := range append([][]byte{payload}, others...) {
		var p urgentPayload
		if err := json.Unmarshal(text, &p); err != nil {
			return nil, fmt.Errorf("stored urgent message: %w", err)
		}
		for _, item := range p.Items {
			all.add(item)
		}
		all.More += p.More
	}
	return json.Marshal(all)
}
