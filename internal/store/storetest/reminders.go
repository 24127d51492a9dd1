package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var reminderTests = []test{
	{"a renewal with its reminder", testRenewalReminder},
	{"due reminders", testDueReminders},
	{"reminders of what awaits", testPendingReminders},
	{"reminders of what does not await", testSettledReminders},
	{"snooze", testSnooze},
	{"digests that are due", testDueProjects},
	{"news while a digest is noted", testNewsRace},
	{"renewals by service", testServiceSummaries},
	{"urgent renewals of a service", testUrgentRenewals},
}

// remind renews a user at now and is told to remind of it at the moment.
func (f *fixture) remind(name string, now, remindAt time.Time) app.User {
	f.Helper()
	u := f.user(name)
	c, err := lifecycle.Renew(u.Facts, f.terms(), now)
	f.must(err)
	d := f.decided(u.ID, c)
	d.RemindAt = remindAt
	f.apply(d)
	return f.user(name)
}

// renewed is the time at which the tests' pairs are renewed.
var renewed = start.Add(730 * day)

func (f *fixture) dueReminders(now time.Time, limit int) (list []app.DueReminder) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		list, err = r.DueReminders(f.ctx, f.project.ID, now, limit)
		return err
	})
	return list
}

// remindedOf is the names of the users whose renewals are to be told of at now.
func (f *fixture) remindedOf(now time.Time, limit int) (names []string) {
	f.Helper()
	for _, r := range f.dueReminders(now, limit) {
		names = append(names, r.User)
	}
	return names
}

func (f *fixture) setReminders(reminders ...app.DueReminder) {
	f.Helper()
	f.write(func(tx app.Tx) error { return tx.SetReminders(f.ctx, reminders) })
}

func (f *fixture) pendingReminders(serviceID int64, limit int) []app.DueReminder {
	f.Helper()
	var all []app.DueReminder
	for after := int64(0); ; {
		var page []app.DueReminder
		f.read(func(r app.Reader) (err error) {
			page, err = r.PendingReminders(f.ctx, f.project.ID, serviceID, after, limit)
			return err
		})
		if len(page) == 0 {
			return all
		}
		for _, r := range page {
			if r.UserID <= after {
				f.Fatalf("user %d after %d", r.UserID, after)
			}
			after = r.UserID
		}
		if len(page) > limit {
			f.Fatalf("a page of %d, limit %d", len(page), limit)
		}
		all = append(all, page...)
	}
}

func testRenewalReminder(f *fixture) {
	f.newUser("reader", start)
	f.newUser("silent", start)
	u := f.remind("reader", renewed, renewed.Add(14*day))
	silent := f.remind("silent", renewed, time.Time{})
	g := u.Facts.Generations
	want := app.DueReminder{
		PendingRenewal: app.PendingRenewal{
			ServiceID: f.service.ID, UserID: u.ID, Service: "orders", User: "reader", Generation: 2, Replaced: 1, CreatedAt: renewed,
			OldNotBefore: g[0].NotBefore, OldNotAfter: g[0].NotAfter, NewNotBefore: g[1].NotBefore, NewNotAfter: g[1].NotAfter,
		},
		ProjectID: f.project.ID, RemindAt: renewed.Add(14 * day), Told: renewed,
	}
	f.same("reminders", f.dueReminders(renewed.Add(14*day), 10), []app.DueReminder{want})
	f.same("before its time", f.dueReminders(renewed.Add(14*day-time.Millisecond), 10), []app.DueReminder(nil))
	f.same("of nobody else", f.remindedOf(renewed.Add(1000*day), 10), []string{"reader"})
	pending := f.pendingReminders(0, 10)
	f.same("what awaits", pending[0], want)
	f.same("a silent one", pending[1].RemindAt, time.Time{})
	f.same("a silent one is told of once", pending[1].Told, renewed)
	f.same("user", pending[1].UserID, silent.ID)
	f.same("the work list", f.pendingRenewals(10), []app.PendingRenewal{pending[0].PendingRenewal, pending[1].PendingRenewal})
}

func testDueReminders(f *fixture) {
	var names []string
	for i, after := range []time.Duration{3 * day, day, day, 2 * day} {
		name := fmt.Sprintf("user-%d", i)
		names = append(names, name)
		f.newUser(name, start)
		f.remind(name, renewed, renewed.Add(after))
	}
	now := renewed.Add(3 * day)
	f.same("in order", f.remindedOf(now, 10), []string{"user-1", "user-2", "user-3", "user-0"})
	f.same("the first", f.remindedOf(now, 2), []string{"user-1", "user-2"})
	f.same("a moment before", f.remindedOf(now.Add(-time.Millisecond), 10), []string{"user-1", "user-2", "user-3"})

	told := f.dueReminders(now, 3)
	told[0].RemindAt, told[0].Told = now.Add(day), now
	told[1].RemindAt, told[1].Told = time.Time{}, now // its schedule is over
	told[2].RemindAt, told[2].Told = now, now.Add(-time.Hour)
	f.setReminders(told...)
	f.setReminders()
	f.same("after telling", f.remindedOf(now, 10), []string{"user-0", "user-3"})
	f.same("a day later", f.remindedOf(now.Add(day), 10), []string{"user-0", "user-3", "user-1"})
	f.same("where they stand", f.pendingReminders(0, 10)[1:], told)
	f.same("names", names, []string{"user-0", "user-1", "user-2", "user-3"})
}

func testPendingReminders(f *fixture) {
	mine := f.service
	var want []string
	for i := range 5 {
		name := fmt.Sprintf("user-%d", i)
		f.newUser(name, start)
		if i != 2 { // nothing awaits of the third
			f.remind(name, renewed, renewed)
			want = append(want, name)
		}
	}
	f.service = f.newService(f.project.ID, "other")
	f.newUser("elsewhere", start)
	f.remind("elsewhere", renewed, renewed)
	users := func(list []app.DueReminder) (names []string) {
		for _, r := range list {
			names = append(names, r.User)
		}
		return names
	}
	for _, limit := range []int{1, 2, 10} {
		f.same("of the project", users(f.pendingReminders(0, limit)), append(slices.Clone(want), "elsewhere"))
		f.same("of a service", users(f.pendingReminders(mine.ID, limit)), want)
		f.same("of the other", users(f.pendingReminders(f.service.ID, limit)), []string{"elsewhere"})
	}
}

// testSettledReminders: nobody is told of a renewal that awaits no more, and its
// reminders cannot be set.
func testSettledReminders(f *fixture) {
	at := renewed.Add(time.Hour)
	for _, name := range []string{"acknowledged", "deleted", "reset", "superseded"} {
		f.newUser(name, start)
		f.remind(name, renewed, renewed)
	}
	read := f.pendingReminders(0, 10)
	f.acknowledge("acknowledged", at)
	f.deleteUser("deleted", at)
	u := f.user("reset")
	c, err := lifecycle.Reset(u.Facts, f.terms(), at)
	f.must(err)
	f.apply(f.decided(u.ID, c))
	f.remind("superseded", renewed.Add(800*day), renewed.Add(900*day))

	now := renewed.Add(800 * day)
	f.same("due", f.remindedOf(now, 10), []string(nil))
	f.same("projects", f.dueProjects(now, 10), []int64(nil))
	for i := range read {
		read[i].RemindAt, read[i].Told = renewed, now
	}
	f.setReminders(read...)
	f.same("due after all", f.remindedOf(now, 10), []string(nil))
	f.same("projects after all", f.dueProjects(now, 10), []int64(nil))
	f.same("the one that awaits", f.pendingReminders(0, 10)[0].RemindAt, renewed.Add(900*day))
	for _, r := range read {
		err := f.store.Write(f.ctx, func(tx app.Tx) error {
			return tx.Snooze(f.ctx, r.UserID, r.Generation, now.Add(day), "ann@example.org", "on leave", now.Add(day))
		})
		f.is(err, app.ErrNotFound)
	}
}

func testSnooze(f *fixture) {
	u := f.newUser("reader", start)
	f.remind("reader", renewed, renewed)
	snooze := func(generation int, until time.Time, reason string, remindAt time.Time) error {
		return f.store.Write(f.ctx, func(tx app.Tx) error {
			return tx.Snooze(f.ctx, u.ID, generation, until, "ann@example.org", reason, remindAt)
		})
	}
	before := f.pendingReminders(0, 1)[0]
	until := renewed.Add(10 * day)
	f.must(snooze(2, until, "on leave \x00", until))
	want := before
	want.SnoozedUntil, want.SnoozeReason, want.RemindAt = until, "on leave \uFFFD", until
	f.same("snoozed", f.pendingReminders(0, 1)[0], want)
	f.same("in the work list", f.pendingRenewals(1), []app.PendingRenewal{want.PendingRenewal})
	f.same("while it lasts", f.remindedOf(until.Add(-time.Millisecond), 1), []string(nil))
	f.same("when it is over", f.dueReminders(until, 1), []app.DueReminder{want})

	f.must(snooze(2, time.Time{}, "back early", renewed.Add(day)))
	want = before
	want.RemindAt = renewed.Add(day)
	f.same("ended", f.pendingReminders(0, 1)[0], want)
	f.is(snooze(1, until, "", until), app.ErrNotFound)
	f.is(snooze(3, until, "", until), app.ErrNotFound)
}

func (f *fixture) dueProjects(now time.Time, limit int) []int64 {
	f.Helper()
	ids, err := f.store.DueProjects(f.ctx, now, limit)
	f.must(err)
	return ids
}

func (f *fixture) noteNews(projectID int64, at time.Time) {
	f.Helper()
	f.write(func(tx app.Tx) error { return tx.NoteNews(f.ctx, projectID, at) })
}

// storedProject reads a project as it is now.
func (f *fixture) storedProject(id int64) (p app.Project) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		p, err = r.Project(f.ctx, id)
		return err
	})
	return p
}

func testDueProjects(f *fixture) {
	quiet, news := f.project, f.newProject("news")
	f.newUser("reader", start)
	f.remind("reader", renewed, renewed.Add(2*day)) // in the fixture's project
	f.newUser("writer", start)
	f.remind("writer", renewed, renewed.Add(4*day))
	f.same("projects", f.dueProjects(renewed, 10), []int64(nil))

	for _, at := range []time.Duration{3 * day, day, 5 * day} {
		f.noteNews(news.ID, renewed.Add(at))
	}
	f.same("the earliest wish counts", f.storedProject(news.ID).NewsAt, renewed.Add(day))
	f.same("at the moment of the news", f.dueProjects(renewed.Add(day), 10), []int64{news.ID})
	f.same("a moment before", f.dueProjects(renewed.Add(day-time.Millisecond), 10), []int64(nil))
	f.same("the longest due first", f.dueProjects(renewed.Add(10*day), 10), []int64{news.ID, quiet.ID})
	f.same("the first", f.dueProjects(renewed.Add(10*day), 1), []int64{news.ID})
	f.noteNews(quiet.ID, renewed) // due for both
	f.same("each once", f.dueProjects(renewed.Add(10*day), 10), []int64{quiet.ID, news.ID})

	putOff := func(id int64, at time.Time) {
		f.write(func(tx app.Tx) error { return tx.PutOffNews(f.ctx, id, at) })
	}
	putOff(news.ID, renewed.Add(20*day))
	f.same("put off", f.storedProject(news.ID).NewsAt, renewed.Add(20*day))
	at := renewed.Add(11 * day)
	f.write(func(tx app.Tx) error { return tx.NoteDigest(f.ctx, news.ID, at) })
	news.DigestAt = at
	f.same("after the digest", f.storedProject(news.ID), news)
	putOff(news.ID, renewed.Add(30*day)) // there is nothing to put off
	f.same("nothing new", f.storedProject(news.ID), news)
	f.noteNews(news.ID, renewed.Add(12*day))
	news.NewsAt = renewed.Add(12 * day)
	f.same("new again", f.storedProject(news.ID), news)

	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.NoteNews(f.ctx, id(), start) }), app.ErrNotFound)
	f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.NoteDigest(f.ctx, id(), start) }), app.ErrNotFound)
}

// testNewsRace: a digest that is noted while news is on its way either speaks of
// it, being made of what is stored afterwards, or leaves the news open.
func testNewsRace(f *fixture) {
	second := f.open(f.T)
	f.noteNews(f.project.ID, start) // something is new already
	m := f.newMessage("ann@example.org", start)
	noted, digest := make(chan struct{}), make(chan error, 1)
	saw := map[app.MessageState]int{}
	go func() {
		<-noted
		err := second.Write(f.ctx, func(tx app.Tx) error { return tx.NoteDigest(f.ctx, f.project.ID, start.Add(time.Hour)) })
		if err == nil {
			err = second.Read(f.ctx, func(r app.Reader) (err error) {
				saw, err = r.CountMessages(f.ctx, f.project.ID)
				return err
			})
		}
		digest <- err
	}()
	var once bool
	f.write(func(tx app.Tx) error {
		f.must(tx.InsertMessages(f.ctx, []app.Message{m})) // stands for a renewal
		f.must(tx.NoteNews(f.ctx, f.project.ID, start.Add(time.Minute)))
		if !once {
			once = true
			close(noted)
		}
		select { // the digest cannot be noted before this commits, or need not wait at all
		case err := <-digest:
			digest <- err
		case <-time.After(300 * time.Millisecond):
		}
		return nil
	})
	f.must(<-digest)
	if f.storedProject(f.project.ID).NewsAt.IsZero() && saw[app.MessageDue] == 0 {
		f.Error("the news is lost: the digest did not see it, and nothing is open")
	}
}

func testServiceSummaries(f *fixture) {
	f.same("of nothing", f.summaries(start, start), []app.ServiceSummary(nil))
	orders := f.service
	var ends []time.Time
	for i := range 5 { // pairs whose ends are a day apart
		name := fmt.Sprintf("user-%d", i)
		f.newUser(name, start.Add(time.Duration(i)*day))
		u := f.remind(name, renewed.Add(time.Duration(i)*time.Hour), renewed)
		ends = append(ends, u.Facts.Generations[0].NotAfter)
	}
	f.acknowledge("user-4", renewed.Add(day))
	f.snooze("user-3", ends[2])
	f.service = f.newService(f.project.ID, "invoices")
	f.newUser("reader", start)
	f.remind("reader", renewed, renewed)
	f.acknowledge("reader", renewed.Add(day))
	invoices := f.service
	f.service = f.newService(f.project.ID, "gone")
	f.newUser("gone", start)
	f.remind("gone", renewed, renewed)
	f.deleteUser("gone", renewed.Add(time.Hour))
	f.write(func(tx app.Tx) error { return tx.DeleteService(f.ctx, f.service.ID, renewed.Add(2*time.Hour)) })
	f.service = orders

	row := func(renewed, awaiting, lapsed, snoozed int, first time.Time) app.ServiceSummary {
		return app.ServiceSummary{
			ServiceID: orders.ID, Service: "orders", Renewed: renewed, Awaiting: awaiting, Lapsed: lapsed, Snoozed: snoozed, FirstEnd: first,
		}
	}
	f.same("all that was renewed", f.summaries(renewed.Add(-time.Millisecond), ends[0]), []app.ServiceSummary{
		{ServiceID: invoices.ID, Service: "invoices", Renewed: 1}, row(5, 3, 0, 1, ends[0]),
	})
	f.same("what was renewed since", f.summaries(renewed.Add(2*time.Hour), ends[0]), []app.ServiceSummary{row(2, 3, 0, 1, ends[0])})
	f.same("after the first end", f.summaries(ends[4], ends[0].Add(time.Millisecond)), []app.ServiceSummary{row(0, 2, 1, 1, ends[1])})
	f.same("when the snooze is over", f.summaries(ends[4], ends[2]), []app.ServiceSummary{row(0, 2, 2, 0, ends[2])})
	f.same("when all have lapsed", f.summaries(ends[4], ends[4]), []app.ServiceSummary{row(0, 0, 4, 0, time.Time{})})
	f.same("from the first day", f.summaries(time.Time{}, ends[0])[0].Renewed, 1)
}

func testUrgentRenewals(f *fixture) {
	for i := range 5 { // pairs whose ends are a day apart, the last one's first
		name := fmt.Sprintf("user-%d", i)
		f.newUser(name, start.Add(time.Duration(5-i)*day))
		f.remind(name, renewed.Add(5*day), renewed)
	}
	f.acknowledge("user-3", renewed.Add(6*day))
	until := renewed.Add(20 * day)
	f.snooze("user-2", until)
	urgent := func(now time.Time, limit int) (names []string) {
		f.read(func(r app.Reader) error {
			found, err := r.UrgentRenewals(f.ctx, f.service.ID, now, limit)
			for _, p := range found {
				names = append(names, p.User)
			}
			if len(found) == 3 {
				f.same("the second", found[1], f.pendingRenewals(10)[2]) // after the snoozed one
			}
			return err
		})
		return names
	}
	f.same("while one is snoozed", urgent(until.Add(-time.Millisecond), 10), []string{"user-4", "user-1", "user-0"})
	f.same("afterwards", urgent(until, 10), []string{"user-4", "user-2", "user-1", "user-0"})
	f.same("the first", urgent(until, 2), []string{"user-4", "user-2"})
	f.service = f.newService(f.project.ID, "invoices")
	f.same("of another service", urgent(until, 10), []string(nil))
}

func (f *fixture) snooze(name string, until time.Time) {
	f.Helper()
	u := f.user(name)
	f.write(func(tx app.Tx) error {
		return tx.Snooze(f.ctx, u.ID, u.Current.Generation, until, "ann@example.org", "on leave", until)
	})
}

func (f *fixture) summaries(since, now time.Time) (list []app.ServiceSummary) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		list, err = r.ServiceSummaries(f.ctx, f.project.ID, since, now)
		return err
	})
	return list
}
