package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/segue-project/segue/internal/app"
)

var messageTests = []test{
	{"messages", testMessages},
	{"slots of messages", testSlots},
	{"a slot goes to one", func(f *fixture) {
		second := f.open(f.T)
		insert := func(s Store) func() error {
			return func() error {
				m := f.newMessage("ann@example.org", start)
				m.Slot = "2026-03-01"
				return s.Write(f.ctx, func(tx app.Tx) error {
					return tx.InsertMessages(f.ctx, []app.Message{m, f.newMessage("bob@example.org", start)})
				})
			}
		}
		f.together(10, insert(f.store), insert(second))
		f.same("messages", f.countMessages(f.project.ID), map[app.MessageState]int{app.MessageDue: 21})
	}},
	{"attempts", testAttempts},
	{"attempts whose claim ran out", testLateAttempts},
	{"a message goes to one attempt", testClaimRace},
	{"messages given up", func(f *fixture) {
		m := f.newMessage("ann@example.org", start)
		f.insertMessages(m)
		retry := func(id int64, now time.Time) error {
			return f.store.Write(f.ctx, func(tx app.Tx) error { return tx.RetryMessage(f.ctx, id, now) })
		}
		f.is(retry(m.ID, start), app.ErrNotFound) // it is due anyway
		for i, outcome := range []app.MessageState{app.MessageDead, app.MessageDropped, app.MessageKept} {
			f.attempt(m.ID, i+1, outcome, time.Time{})
			f.same("due", f.dueMessages(start.Add(100*day), 10), []int64(nil))
			f.is(f.claim(m.ID, start.Add(100*day), start.Add(101*day)), app.ErrNotFound)
			before := f.message(m.ID)
			f.must(retry(m.ID, start.Add(day)))
			before.State, before.DueAt = app.MessageDue, start.Add(day)
			f.same("made due again", f.message(m.ID), before)
			f.same("due", f.dueMessages(start.Add(day), 10), []int64{m.ID})
		}
		f.attempt(m.ID, 4, app.MessageSent, time.Time{})
		f.is(retry(m.ID, start), app.ErrNotFound)
		f.is(retry(id(), start), app.ErrNotFound)
	}},
	{"messages that named a user", testMessagesOfUser},
	{"how channels fare", testTried},
	{"newer digests", testNewerDigest},
	{"messages taken in", testTakeIn},
	{"pages of messages", testMessagePages},
	{"due messages and counts", testDueMessages},
}

func testMessagesOfUser(f *fixture) {
	var named []int64 // newest first
	for i := range 5 {
		m := f.newMessage("ann@example.org", start.Add(time.Duration(i/2)*day)) // some are of one moment
		f.insertMessages(m)
		if i == 1 {
			continue
		}
		for range 2 { // once more changes nothing
			f.write(func(tx app.Tx) error { return tx.NameUsers(f.ctx, m, []int64{7, 8}) })
		}
		named = append(named, m.ID)
	}
	slices.Reverse(named)
	read := func(userID int64, limit int) (ids []int64) {
		for before := (app.MessageCursor{}); ; {
			var page []app.Message
			f.read(func(r app.Reader) (err error) {
				page, err = r.MessagesOfUser(f.ctx, userID, before, limit)
				return err
			})
			for _, m := range page {
				ids, before = append(ids, m.ID), app.MessageCursor{CreatedAt: m.CreatedAt, ID: m.ID}
			}
			if len(page) < limit {
				return ids
			}
		}
	}
	for _, limit := range []int{1, 3, 10} {
		f.same("messages that named 7", read(7, limit), named)
	}
	f.same("messages that named nobody", read(9, 10), []int64(nil))
}

func testTried(f *fixture) {
	const channel = 77
	tried := func(channelID int64) (t app.Tried, err error) {
		err = f.store.Read(f.ctx, func(r app.Reader) (err error) {
			t, err = r.NewestTried(f.ctx, f.project.ID, channelID)
			return err
		})
		return t, err
	}
	newest := func(state app.MessageState) (t app.Tried, err error) {
		err = f.store.Read(f.ctx, func(r app.Reader) (err error) {
			t, err = r.NewestError(f.ctx, f.project.ID, state)
			return err
		})
		return t, err
	}
	_, err := tried(0)
	f.is(err, app.ErrNotFound)
	_, err = newest(app.MessageDead)
	f.is(err, app.ErrNotFound)

	mail, untried, hook := f.newMessage("ann@example.org", start), f.newMessage("ann@example.org", start.Add(day)), f.newMessage("hook", start)
	hook.ChannelID = channel
	f.insertMessages(mail, untried, hook)
	failed, _ := f.attempt(mail.ID, 1, app.MessageDue, start.Add(3*day))
	got, err := tried(0)
	f.must(err)
	f.same("mail", got, app.Tried{State: app.MessageDue, Error: failed.Error, At: failed.EndedAt})
	got, err = newest(app.MessageDue)
	f.must(err)
	f.same("newest error", got, app.Tried{State: app.MessageDue, Error: failed.Error, At: failed.EndedAt})
	f.read(func(r app.Reader) error {
		next, err := r.NextTries(f.ctx, f.project.ID)
		f.must(err)
		f.same("next tries", next, map[int64]time.Time{0: untried.DueAt, channel: hook.DueAt})
		return nil
	})
	sent, _ := f.attempt(hook.ID, 1, app.MessageSent, time.Time{})
	got, err = tried(channel)
	f.must(err)
	f.same("channel", got, app.Tried{State: app.MessageSent, Error: sent.Error, At: sent.EndedAt})
}

func testNewerDigest(f *fixture) {
	digest := func(recipient string, at time.Time) app.Message {
		m := f.newMessage(recipient, at)
		m.Kind, m.Event, m.Slot = app.MessageDigest, "", at.Format(time.DateOnly)
		return m
	}
	first, second := digest("ann@example.org", start), digest("ann@example.org", start.Add(day))
	event := f.newMessage("ann@example.org", start.Add(2*day))
	event.Slot = "2030-01-01"
	f.insertMessages(first, second, event, digest("bob@example.org", start.Add(3*day)))
	newer := func(m app.Message) (yes bool) {
		f.read(func(r app.Reader) (err error) {
			yes, err = r.HasNewerDigest(f.ctx, m)
			return err
		})
		return yes
	}
	f.same("newer than the first", newer(first), true)
	f.same("newer than the second", newer(second), false)
	f.attempt(second.ID, 1, app.MessageDead, time.Time{})
	f.same("newer than the first, given up", newer(first), true)
	first.ProjectID++
	f.same("newer in another project", newer(first), false)
}

func testTakeIn(f *fixture) {
	urgent := func(recipient, slot string, at time.Time) app.Message {
		m := f.newMessage(recipient, at)
		m.Kind, m.Event, m.Slot, m.Payload = app.MessageUrgent, "", slot, []byte(`{"slot":"`+slot+`"}`)
		return m
	}
	first, second, later := urgent("ann@example.org", "1", start), urgent("ann@example.org", "2", start), urgent("ann@example.org", "3", start.Add(day))
	tried, other, event := urgent("ann@example.org", "4", start), urgent("bob@example.org", "1", start), f.newMessage("ann@example.org", start)
	event.Slot = "5"
	f.insertMessages(first, second, later, tried, other, event)
	f.must(f.claim(tried.ID, start, start.Add(time.Hour)))
	f.must(f.claim(first.ID, start, start.Add(time.Hour)))
	var payloads [][]byte
	f.write(func(tx app.Tx) (err error) {
		if payloads, err = tx.TakeIn(f.ctx, first, start); err != nil {
			return err
		}
		return tx.SetPayload(f.ctx, first.ID, []byte(`{"slot":"both"}`))
	})
	f.same("taken in", payloads, [][]byte{second.Payload})
	f.same("the message", string(f.message(first.ID).Payload), `{"slot":"both"}`)
	f.same("what was taken in", f.message(second.ID).State, app.MessageDropped)
	due, want := f.dueMessages(start.Add(day), 10), []int64{other.ID, event.ID, first.ID, tried.ID, later.ID}
	slices.Sort(due)
	slices.Sort(want)
	f.same("still due", due, want)
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.SetPayload(f.ctx, second.ID, nil) }), app.ErrNotFound)
}

// newMessage is an event of the fixture's project by mail, due at once, not stored yet.
func (f *fixture) newMessage(recipient string, at time.Time) app.Message {
	return app.Message{
		ID: id(), ProjectID: f.project.ID, Kind: app.MessageEvent, Event: app.EventRenewalFailed, Recipient: recipient,
		Payload: []byte(`{"version":1}`), CreatedAt: at, DueAt: at, State: app.MessageDue,
	}
}

func (f *fixture) insertMessages(messages ...app.Message) {
	f.Helper()
	f.write(func(tx app.Tx) error { return tx.InsertMessages(f.ctx, messages) })
}

func (f *fixture) message(id int64) (m app.Message) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		m, err = r.Message(f.ctx, id)
		return err
	})
	return m
}

func (f *fixture) attempts(messageID int64) (list []app.Attempt) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		list, err = r.Attempts(f.ctx, messageID)
		return err
	})
	return list
}

func (f *fixture) claim(id int64, now, until time.Time) error {
	return f.store.Write(f.ctx, func(tx app.Tx) error {
		_, err := tx.ClaimMessage(f.ctx, id, now, until)
		return err
	})
}

// record saves an attempt with what it leaves of the message.
func (f *fixture) record(messageID int64, number int, outcome app.MessageState, dueAt time.Time) (app.Attempt, app.Message, error) {
	f.Helper()
	a := app.Attempt{
		MessageID: messageID, Number: number, StartedAt: start.Add(time.Duration(number) * time.Hour), Outcome: outcome,
	}
	a.EndedAt = a.StartedAt.Add(time.Second)
	m := f.message(messageID)
	m.State, m.DueAt, m.Attempts = outcome, dueAt, number
	m.Subject, m.Body, m.HTML = fmt.Sprintf("Subject %d", number), "Text", "<p>Ä</p>"
	if outcome == app.MessageSent {
		m.SentAt, m.LastError = a.EndedAt, ""
	} else {
		a.Error = fmt.Sprintf("failure %d", number)
		m.LastError = a.Error
	}
	return a, m, f.store.Write(f.ctx, func(tx app.Tx) error { return tx.RecordAttempt(f.ctx, a, m) })
}

func (f *fixture) attempt(messageID int64, number int, outcome app.MessageState, dueAt time.Time) (app.Attempt, app.Message) {
	f.Helper()
	a, m, err := f.record(messageID, number, outcome, dueAt)
	f.must(err)
	return a, m
}

func (f *fixture) dueMessages(now time.Time, limit int) []int64 {
	f.Helper()
	ids, err := f.store.DueMessages(f.ctx, now, limit)
	f.must(err)
	return ids
}

func (f *fixture) countMessages(projectID int64) (n map[app.MessageState]int) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		n, err = r.CountMessages(f.ctx, projectID)
		return err
	})
	return n
}

func testMessages(f *fixture) {
	m := app.Message{
		ID: id(), ProjectID: f.project.ID, Kind: app.MessageEvent, Event: app.EventRenewalCreated, ChannelID: id(), Recipient: "hook",
		Slot: "renewal.created/1/2", Payload: []byte(`{"version":1,"user":"ä"}`), CreatedAt: start, DueAt: start.Add(time.Minute),
		State: app.MessageDue,
	}
	plain := app.Message{ID: id(), ProjectID: f.project.ID, Kind: app.MessageDigest, Recipient: "ann@example.org", CreatedAt: start, DueAt: start}
	f.insertMessages(m, plain)
	f.insertMessages()
	f.same("message", f.message(m.ID), m)
	plain.State = app.MessageDue
	f.same("message of little", f.message(plain.ID), plain)
	f.is(f.store.Read(f.ctx, func(r app.Reader) error { _, err := r.Message(f.ctx, id()); return err }), app.ErrNotFound)
	f.same("attempts", f.attempts(m.ID), []app.Attempt(nil))

	again := plain
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertMessages(f.ctx, []app.Message{again}) }), app.ErrExists)
	sent := f.newMessage("ann@example.org", start)
	sent.State = app.MessageSent
	if err := f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertMessages(f.ctx, []app.Message{sent}) }); err == nil {
		f.Error("a new message was taken as sent")
	}
}

func testSlots(f *fixture) {
	other := f.newProject("other")
	slot := func(change func(*app.Message)) app.Message {
		m := f.newMessage("ann@example.org", start)
		m.Slot = "2026-03-01"
		change(&m)
		return m
	}
	first := slot(func(*app.Message) {})
	f.insertMessages(first, slot(func(m *app.Message) { m.Payload = []byte(`{}`) })) // the second is left out
	f.insertMessages(slot(func(m *app.Message) { m.CreatedAt = start.Add(time.Hour) }))
	f.same("messages", f.countMessages(0), map[app.MessageState]int{app.MessageDue: 1})
	f.same("the first", f.message(first.ID), first)

	f.insertMessages(
		slot(func(m *app.Message) { m.Slot = "2026-03-02" }),
		slot(func(m *app.Message) { m.Recipient = "bob@example.org" }),
		slot(func(m *app.Message) { m.ChannelID = 7 }),
		slot(func(m *app.Message) { m.Kind = app.MessageDigest }),
		slot(func(m *app.Message) { m.ProjectID = other.ID }),
		slot(func(m *app.Message) { m.Slot = "" }),
		slot(func(m *app.Message) { m.Slot = "" }))
	f.same("messages", f.countMessages(0), map[app.MessageState]int{app.MessageDue: 8})

	f.attempt(first.ID, 1, app.MessageSent, time.Time{})
	f.insertMessages(slot(func(*app.Message) {}))
	f.same("after it was sent", f.countMessages(0), map[app.MessageState]int{app.MessageDue: 7, app.MessageSent: 1})
}

func testAttempts(f *fixture) {
	m := f.newMessage("ann@example.org", start)
	f.insertMessages(m)
	until := start.Add(time.Minute)
	f.is(f.claim(m.ID, start.Add(-time.Millisecond), until), app.ErrNotFound)
	f.write(func(tx app.Tx) error {
		got, err := tx.ClaimMessage(f.ctx, m.ID, start, until)
		f.must(err)
		m.DueAt = until
		f.same("claimed", got, m)
		return nil
	})
	f.is(f.claim(m.ID, until.Add(-time.Millisecond), until.Add(time.Minute)), app.ErrNotFound)
	f.same("due while it is claimed", f.dueMessages(until.Add(-time.Millisecond), 10), []int64(nil))
	f.must(f.claim(m.ID, until, until.Add(time.Minute))) // the first attempt never said how it ended
	f.is(f.claim(id(), until, until.Add(time.Minute)), app.ErrNotFound)

	first, failed := f.attempt(m.ID, 1, app.MessageDue, start.Add(2*time.Hour))
	f.same("after a failure", f.message(m.ID), failed)
	f.must(f.claim(m.ID, start.Add(2*time.Hour), start.Add(3*time.Hour)))
	second, sent := f.attempt(m.ID, 2, app.MessageSent, start.Add(9*time.Hour))
	sent.DueAt = time.Time{} // a message that is not due has no date
	f.same("delivered", f.message(m.ID), sent)
	f.same("attempts", f.attempts(m.ID), []app.Attempt{first, second})
	f.is(f.claim(m.ID, start.Add(100*day), start.Add(101*day)), app.ErrNotFound)

	// A server's answer may hold anything.
	odd := f.newMessage("bob@example.org", start)
	f.insertMessages(odd)
	odd.LastError = "550 \xff\x00"
	f.write(func(tx app.Tx) error {
		return tx.RecordAttempt(f.ctx, app.Attempt{MessageID: odd.ID, Number: 1, Outcome: app.MessageDead, Error: odd.LastError}, odd)
	})
	f.same("error of the attempt", f.attempts(odd.ID)[0].Error, "550 \uFFFD\uFFFD")
	f.same("error of the message", f.message(odd.ID).LastError, "550 \uFFFD\uFFFD")
}

// testLateAttempts: an attempt that ends after somebody else took the message
// must not bring a delivered message back.
func testLateAttempts(f *fixture) {
	m := f.newMessage("ann@example.org", start)
	f.insertMessages(m)
	f.attempt(m.ID, 1, app.MessageDue, start.Add(time.Hour))
	_, _, err := f.record(m.ID, 1, app.MessageSent, time.Time{})
	f.is(err, app.ErrExists)
	f.same("after a number that was taken", f.message(m.ID).State, app.MessageDue)

	_, sent := f.attempt(m.ID, 2, app.MessageSent, time.Time{})
	for i, outcome := range []app.MessageState{app.MessageDue, app.MessageDead, app.MessageDropped, app.MessageSent} {
		f.attempt(m.ID, 3+i, outcome, start.Add(time.Hour))
		f.same("after a late attempt", f.message(m.ID), sent)
	}
	f.same("attempts", len(f.attempts(m.ID)), 6)
}

func testClaimRace(f *fixture) {
	second := f.open(f.T)
	const messages = 20
	var ids []int64
	for range messages {
		m := f.newMessage("ann@example.org", start)
		f.insertMessages(m)
		ids = append(ids, m.ID)
	}
	var mu sync.Mutex
	claims := make(map[int64]int, messages)
	work := func(s Store) func() error {
		return func() error {
			for _, i := range rand.Perm(messages) {
				err := s.Write(f.ctx, func(tx app.Tx) error {
					_, err := tx.ClaimMessage(f.ctx, ids[i], start, start.Add(time.Minute))
					return err
				})
				switch {
				case err == nil:
					mu.Lock()
					claims[ids[i]]++
					mu.Unlock()
				case !errors.Is(err, app.ErrNotFound):
					return err
				}
			}
			return nil
		}
	}
	f.together(4, work(f.store), work(second))
	for _, id := range ids {
		if claims[id] != 1 {
			f.Errorf("message %d went to %d attempts", id, claims[id])
		}
	}
}

func testMessagePages(f *fixture) {
	other := f.newProject("other")
	var all, dead []int64
	for i := range 9 {
		m := f.newMessage("ann@example.org", start.Add(time.Duration(i/4)*time.Hour)) // some are of the same moment
		f.insertMessages(m)
		all = append([]int64{m.ID}, all...)
		if i%3 == 0 {
			f.attempt(m.ID, 1, app.MessageDead, time.Time{})
			dead = append([]int64{m.ID}, dead...)
		}
	}
	elsewhere := f.newMessage("ann@example.org", start)
	elsewhere.ProjectID = other.ID
	f.insertMessages(elsewhere)
	for _, limit := range []int{1, 2, 4, 10} {
		f.same("all", f.messageIDs(f.project.ID, "", limit), all)
		f.same("dead", f.messageIDs(f.project.ID, app.MessageDead, limit), dead)
	}
	f.same("due", len(f.messageIDs(f.project.ID, app.MessageDue, 2)), 6)
	f.same("sent", f.messageIDs(f.project.ID, app.MessageSent, 2), []int64(nil))
	f.same("of the other project", f.messageIDs(other.ID, "", 2), []int64{elsewhere.ID})
}

// messageIDs reads all pages, newest first.
func (f *fixture) messageIDs(projectID int64, state app.MessageState, limit int) []int64 {
	f.Helper()
	var all []int64
	for before := (app.MessageCursor{}); ; {
		var page []app.Message
		f.read(func(r app.Reader) (err error) {
			page, err = r.Messages(f.ctx, projectID, state, before, limit)
			return err
		})
		if len(page) == 0 {
			return all
		}
		if len(page) > limit {
			f.Fatalf("a page of %d, limit %d", len(page), limit)
		}
		for _, m := range page {
			all = append(all, m.ID)
		}
		last := page[len(page)-1]
		before = app.MessageCursor{CreatedAt: last.CreatedAt, ID: last.ID}
	}
}

func testDueMessages(f *fixture) {
	other := f.newProject("other")
	oldest := func() (at time.Time) {
		f.read(func(r app.Reader) (err error) {
			at, err = r.OldestDue(f.ctx)
			return err
		})
		return at
	}
	f.same("oldest of none", oldest(), time.Time{})
	f.same("counts of none", f.countMessages(0), map[app.MessageState]int{})
	late, first, second, elsewhere := f.newMessage("a", start), f.newMessage("b", start.Add(time.Hour)), f.newMessage("c", start.Add(time.Hour)), f.newMessage("d", start.Add(2*time.Hour))
	late.DueAt = start.Add(day)
	elsewhere.ProjectID = other.ID
	f.insertMessages(elsewhere, second, first, late)

	now := start.Add(2 * time.Hour)
	f.same("due", f.dueMessages(now, 10), []int64{first.ID, second.ID, elsewhere.ID})
	f.same("the first due", f.dueMessages(now, 1), []int64{first.ID})
	f.same("due a moment before", f.dueMessages(now.Add(-time.Millisecond), 10), []int64{first.ID, second.ID})
	f.same("due a day later", f.dueMessages(start.Add(day), 10), []int64{first.ID, second.ID, elsewhere.ID, late.ID})
	f.same("oldest", oldest(), start) // though it is due later

	f.attempt(late.ID, 1, app.MessageSent, time.Time{})
	f.attempt(second.ID, 1, app.MessageDead, time.Time{})
	f.same("oldest", oldest(), start.Add(time.Hour))
	f.same("counts of the project", f.countMessages(f.project.ID), map[app.MessageState]int{app.MessageSent: 1, app.MessageDead: 1, app.MessageDue: 1})
	f.same("counts of the other", f.countMessages(other.ID), map[app.MessageState]int{app.MessageDue: 1})
	f.same("counts of all", f.countMessages(0), map[app.MessageState]int{app.MessageSent: 1, app.MessageDead: 1, app.MessageDue: 2})
}
