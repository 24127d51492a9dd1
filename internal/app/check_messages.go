package app

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// remakeChannel is the remedy for a channel that cannot be used as it lies there.
const remakeChannel = "delete the channel and create it again"

// checkChannels demands that a channel's address and secret are sealed for it.
func (c *checker) checkChannels(ctx context.Context) error {
	return pages(ctx, func(ch Channel) int64 { return ch.ID }, c.app.Inspector.InspectChannels, func(ch Channel) error {
		if _, _, err := c.project(ctx, ch.ProjectID); err != nil { // a name to speak of it by
			return err
		}
		subject := "channel " + ch.Name + " of " + c.name(ch.ProjectID)
		switch {
		case ch.Kind == ChannelWebhook && ch.SealedSecret == nil:
			c.violation(4, subject, "it has no secret to sign by, so nothing leaves on it that its receiver can trust: %s", remakeChannel)
		case ch.Kind != ChannelWebhook && ch.Kind != ChannelSlack:
			c.violation(4, subject, "it is of no kind that Segue knows, so nothing leaves on it: %s", remakeChannel)
		}
		if err := c.checkSealed(ctx, subject, "address", "http", SealChannelURL, ch, ChannelURLID, ch.SealedURL); err != nil {
			return err
		}
		if ch.SealedSecret == nil {
			return nil
		}
		return c.checkSealed(ctx, subject, "secret", "whsec_", SealChannelSecret, ch, ChannelSecretID, ch.SealedSecret)
	})
}

// checkSealed demands that a secret of a channel opens in its place; clear is how
// it begins where it was never sealed.
func (c *checker) checkSealed(ctx context.Context, subject, what, clear string, p Purpose, ch Channel, id string, sealed []byte) error {
	if bytes.HasPrefix(sealed, []byte(clear)) {
		c.violation(6, subject, "its %s lies in the store in the clear: %s, for whoever read the store knows this one", what, remakeChannel)
		return nil
	}
	_, err := c.app.Custody.Open(ctx, p, ch.ProjectID, ch.ID, id, sealed)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		c.violation(6, subject, "its %s does not open in its place, so it was not sealed for this channel: %s", what, remakeChannel)
	}
	return nil
}

// waitsLong is for how long a message may be due before that is said.
const waitsLong = time.Hour

// waiting is what CheckStore says of messages that break nothing.
type waiting struct {
	dead   map[int64]int // by project
	oldest Message       // that is due; none where its ID is 0
}

// checkMessages demands of each message what delivering it stands on, and says
// what was given up and what waits for long.
func (c *checker) checkMessages(ctx context.Context) error {
	w := waiting{dead: map[int64]int{}}
	err := pages(ctx, func(m InspectedMessage) int64 { return m.ID }, c.app.Inspector.InspectMessages, func(m InspectedMessage) error {
		if _, ok, err := c.project(ctx, m.ProjectID); err != nil {
			return err
		} else if !ok {
			c.violation(4, messageSubject(c, m.Message), "it belongs to a project that is not in the store: %s", restore)
			return nil
		}
		c.checkMessage(m)
		switch {
		case m.State == MessageDead:
			w.dead[m.ProjectID]++
		case m.State == MessageDue && (w.oldest.ID == 0 || m.CreatedAt.Before(w.oldest.CreatedAt)):
			w.oldest = m.Message
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.adviseMessages(w)
	return nil
}

func messageSubject(c *checker, m Message) string {
	return fmt.Sprintf("message %016x of %s", uint64(m.ID), c.name(m.ProjectID))
}

// checkMessage is invariant 4, as far as a message alone shows it, and 6.
func (c *checker) checkMessage(m InspectedMessage) {
	subject := messageSubject(c, m.Message)
	due := m.State == MessageDue
	switch {
	case !slices.Contains([]MessageState{MessageDue, MessageSent, MessageKept, MessageDropped, MessageDead}, m.State):
		c.violation(4, subject, "it is in no state that Segue knows, so nothing delivers it: %s", restore)
	case due && m.DueAt.IsZero():
		c.violation(4, subject, "it is due and no attempt is, so it never leaves: %s", restore)
	case !due && !m.DueAt.IsZero():
		c.violation(4, subject, "it is %s, and yet an attempt is due: %s", m.State, restore)
	// One that was dropped with its channel may have been in an attempt.
	case m.Attempts > m.Recorded || m.Attempts < m.Recorded && m.State != MessageDropped:
		c.violation(4, subject, "it says that %d attempts were made, and %d are recorded: %s", m.Attempts, m.Recorded, restore)
	// One that was recorded beside the channel's deletion is dropped when it would leave.
	case due && m.ChannelID != 0 && !m.HasChannel && c.now.Sub(m.CreatedAt) > waitsLong:
		c.violation(4, subject, "it is due by a channel that is not there: keep `segue serve` running, which drops it, and where it stays %s", restore)
	}
	c.checkText(subject, string(m.Payload), m.LastError, m.Subject, m.Body)
}

// adviseMessages says what about messages needs a person.
func (c *checker) adviseMessages(w waiting) {
	projects := slices.SortedFunc(maps.Keys(w.dead), func(a, b int64) int { return cmp.Compare(c.name(a), c.name(b)) })
	for _, id := range projects {
		c.violation(0, c.name(id), "%d messages were given up: `segue notify deliveries --project %s --state dead` says why; mend that, then `segue notify retry` each",
			w.dead[id], c.name(id))
	}
	if m := w.oldest; m.ID != 0 && c.now.Sub(m.CreatedAt) > waitsLong {
		why := "no attempt was made: keep `segue serve` running"
		if m.LastError != "" {
			why = fmt.Sprintf("%d attempts failed, the last one with: %s", m.Attempts, m.LastError)
		}
		c.violation(0, c.name(m.ProjectID), "the oldest message that has not left waits since %s; %s", stamp(m.CreatedAt), why)
	}
}

// checkReminders demands that people hear of renewals in time. Hosts' clocks may
// differ, so a tick may tell of a renewal shortly before another host made it.
func (k *userCheck) checkReminders() {
	for i, r := range k.Facts.Renewals {
		state, end := k.Reminders[i], k.Copies.Renewals[i].OldNotAfter
		if r.CreatedAt.Sub(state.Told) > lateness {
			k.violation(4, "people were told of generation %d at %s, before its renewal at %s: %s", r.New, stamp(state.Told), stamp(r.CreatedAt), restore)
		}
		if state.SnoozedUntil.After(end) {
			k.violation(4, "its reminders are snoozed until %s, past the old pair's end at %s: snooze it again where it awaits, else %s", stamp(state.SnoozedUntil), stamp(end), restore)
		}
		if r.Awaiting() && state.RemindAt.IsZero() && !k.deleted() {
			k.unreminded = true
		}
	}
}

// checkReminded names the renewals that await and have no next reminder although
// their schedule goes on. All that decides this is read in one snapshot, for
// schedules may have changed since the users were read.
func (c *checker) checkReminded(ctx context.Context, checks []*userCheck) error {
	byProject := map[int64][]*userCheck{}
	for _, k := range checks {
		if k.unreminded {
			byProject[k.ProjectID] = append(byProject[k.ProjectID], k)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(byProject)) {
		err := c.app.Store.Read(ctx, func(r Reader) error { return c.checkRemindedIn(ctx, r, id, byProject[id]) })
		if err != nil && !errors.Is(err, ErrNotFound) { // a project that is gone was reported
			return err
		}
	}
	return nil
}

func (c *checker) checkRemindedIn(ctx context.Context, r Reader, projectID int64, checks []*userCheck) error {
	rewrites, err := r.PolicyRewrites(ctx)
	if err != nil {
		return err
	}
	for _, w := range rewrites {
		if w.ProjectID == projectID && w.Kind == RewriteReminders {
			return nil // their dates are being written
		}
	}
	p, err := r.Project(ctx, projectID)
	if err != nil {
		return err
	}
	who, err := readAudience(ctx, r, p)
	if err != nil {
		return err
	}
	for _, k := range checks {
		found, err := r.PendingReminders(ctx, projectID, k.ServiceID, k.ID-1, 1)
		if err != nil {
			return err
		}
		if len(found) != 1 || found[0].UserID != k.ID || !found[0].RemindAt.IsZero() || who.silent(k.ServiceID) {
			continue
		}
		notices, err := who.noticesOf(k.ServiceID)
		if err != nil {
			return err
		}
		if next, goesOn := notices.NextReminder(found[0].OldNotAfter, found[0].Told, who.zone); goesOn {
			c.violation(4, k.subject, "the renewal to generation %d awaits an acknowledgement and nobody is reminded, though people are to be at %s: set the reminders again, which rewrites their dates",
				found[0].Generation, stamp(next))
		}
	}
	return nil
}
