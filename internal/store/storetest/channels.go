package storetest

import (
	"time"

	"github.com/segue-project/segue/internal/app"
)

var channelTests = []test{
	{"channels", testChannels},
	{"the end of a channel", testChannelEnds},
	{"an attempt that outlives its channel", func(f *fixture) {
		c := f.newChannel("hook")
		failed, delivered := f.newMessage("hook", start), f.newMessage("hook", start)
		failed.ChannelID, delivered.ChannelID = c.ID, c.ID
		f.insertMessages(failed, delivered)
		f.must(f.claim(failed.ID, start, start.Add(time.Minute)))
		f.must(f.claim(delivered.ID, start, start.Add(time.Minute)))
		f.write(func(tx app.Tx) error { return tx.DeleteChannel(f.ctx, c.ID) })

		f.attempt(failed.ID, 1, app.MessageDue, start.Add(time.Hour))
		f.attempt(delivered.ID, 1, app.MessageSent, time.Time{})
		f.same("not delivered", f.message(failed.ID).State, app.MessageDropped)
		f.same("delivered", f.message(delivered.ID).State, app.MessageSent)
		f.same("due", f.dueMessages(start.Add(day), 10), []int64(nil))
		f.same("attempts", len(f.attempts(failed.ID)), 1)
	}},
	{"sealed secrets of channels", testSealedChannels},
}

// newChannel makes a webhook of the fixture's project.
func (f *fixture) newChannel(name string) app.Channel {
	f.Helper()
	c := app.Channel{
		ID: id(), ProjectID: f.project.ID, Kind: app.ChannelWebhook, Name: name,
		SealedURL: randomBytes(80), SealedSecret: randomBytes(60), CreatedAt: start,
	}
	f.write(func(tx app.Tx) error { return tx.InsertChannel(f.ctx, c) })
	return c
}

// newSlack makes a channel without a secret besides its URL.
func (f *fixture) newSlack(projectID int64, name string) app.Channel {
	f.Helper()
	c := app.Channel{ID: id(), ProjectID: projectID, Kind: app.ChannelSlack, Name: name, SealedURL: randomBytes(80), CreatedAt: start}
	f.write(func(tx app.Tx) error { return tx.InsertChannel(f.ctx, c) })
	return c
}

func testChannels(f *fixture) {
	b, a := f.newChannel("b"), f.newSlack(f.project.ID, "a")
	other := f.newSlack(f.newProject("other").ID, "b") // another project's names are its own
	f.read(func(r app.Reader) error {
		list, err := r.Channels(f.ctx, f.project.ID)
		f.must(err)
		f.same("channels", list, []app.Channel{a, b})
		got, err := r.Channel(f.ctx, f.project.ID, "b")
		f.must(err)
		f.same("by name", got, b)
		got, err = r.ChannelByID(f.ctx, other.ID)
		f.must(err)
		f.same("by id", got, other)
		_, err = r.Channel(f.ctx, other.ProjectID, "a")
		f.is(err, app.ErrNotFound)
		_, err = r.ChannelByID(f.ctx, id())
		f.is(err, app.ErrNotFound)
		return nil
	})
	again := b
	again.ID = id()
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertChannel(f.ctx, again) }), app.ErrExists)
}

func testChannelEnds(f *fixture) {
	c, other := f.newChannel("hook"), f.newChannel("other")
	due, sent, dead := f.newMessage("hook", start), f.newMessage("hook", start), f.newMessage("hook", start)
	mail, others := f.newMessage("ann@example.org", start), f.newMessage("other", start)
	due.ChannelID, sent.ChannelID, dead.ChannelID, others.ChannelID = c.ID, c.ID, c.ID, other.ID
	f.insertMessages(due, sent, dead, mail, others)
	f.attempt(sent.ID, 1, app.MessageSent, time.Time{})
	f.attempt(dead.ID, 1, app.MessageDead, time.Time{})

	end := func() error {
		return f.store.Write(f.ctx, func(tx app.Tx) error { return tx.DeleteChannel(f.ctx, c.ID) })
	}
	f.must(end())
	f.is(end(), app.ErrNotFound)
	due.State, due.DueAt = app.MessageDropped, time.Time{}
	f.same("the message that was due", f.message(due.ID), due)
	f.same("the one sent before", f.message(sent.ID).State, app.MessageSent)
	f.same("the one given up before", f.message(dead.ID).State, app.MessageDead)
	f.same("due", f.dueMessages(start, 10), []int64{mail.ID, others.ID})
	f.newChannel("hook") // the name is free again
}

func testSealedChannels(f *fixture) {
	hook, slack, second := f.newChannel("hook"), f.newSlack(f.project.ID, "slack"), f.newChannel("second")
	row := func(p app.Purpose, c app.Channel, id string, sealed []byte) app.SealedRow {
		return app.SealedRow{Purpose: p, ProjectID: f.project.ID, OwnerID: c.ID, ID: id, Sealed: sealed}
	}
	want := map[app.Purpose][]app.SealedRow{}
	for _, c := range []app.Channel{hook, slack, second} {
		want[app.SealChannelURL] = append(want[app.SealChannelURL], row(app.SealChannelURL, c, app.ChannelURLID, c.SealedURL))
		if c.SealedSecret != nil {
			want[app.SealChannelSecret] = append(want[app.SealChannelSecret], row(app.SealChannelSecret, c, app.ChannelSecretID, c.SealedSecret))
		}
	}
	for purpose, rows := range want {
		for _, limit := range []int{1, 2, 10} {
			f.same(string(purpose), f.sealed(purpose, limit), rows)
		}
		old := make([][]byte, len(rows))
		for i := range rows {
			old[i] = rows[i].Sealed
			rows[i].Sealed = randomBytes(50)
		}
		f.must(f.store.ReplaceSealed(f.ctx, rows, old))
		f.same(string(purpose)+" sealed again", f.sealed(purpose, 10), rows)

		late := rows[0]
		late.Sealed = randomBytes(50)
		f.must(f.store.ReplaceSealed(f.ctx, []app.SealedRow{late}, old[:1])) // it was replaced meanwhile
		f.same(string(purpose)+" changed meanwhile", f.sealed(purpose, 10), rows)
	}
	f.read(func(r app.Reader) error {
		got, err := r.ChannelByID(f.ctx, second.ID)
		f.must(err)
		second.SealedURL, second.SealedSecret = want[app.SealChannelURL][2].Sealed, want[app.SealChannelSecret][1].Sealed
		f.same("channel", got, second)
		return nil
	})
}
