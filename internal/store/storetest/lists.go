package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var listTests = []test{
	{"lists of nobody", func(f *fixture) {
		f.same("users", f.foundUsers(app.UserQuery{Now: start, States: allStates, Sort: app.SortUrgency}, 10), []app.ListedUser(nil))
		f.same("counts", f.counts(f.service.ID, start), app.StateCounts{})
		f.same("dates", f.dates(0, start, start.Add(400*day), start, 10), []app.DatedUser(nil))
		f.same("quarters", f.quarters(0, start, start.Add(400*day), start), []app.QuarterCount(nil))
		f.same("totals", f.totals(start), app.ServiceTotals{Services: 1})
		f.same("services", f.countedServices(start, 10), []app.ServiceCount{{Name: "orders"}})
		f.same("urgent services", f.urgentServices(start), []app.ServiceCount(nil))
	}},
	{"a user of a list", testListedUser},
	{"what a search finds", testSearch},
	{"lists agree with the rules", testLists},
	{"counts of services", testServiceCounts},
	{"who is due for renewal", func(f *fixture) {
		f.newUser("a", start.Add(30*day))
		u := f.newUser("b", start)
		other := f.newProject("other")
		due := u.Facts.RenewAt
		for now, want := range map[time.Time]int{due.Add(-time.Millisecond): 0, due: 1, start.Add(800 * day): 2} {
			f.read(func(r app.Reader) error {
				n, err := r.CountOverdue(f.ctx, f.project.ID, now)
				f.must(err)
				f.same(fmt.Sprintf("due at %v", now), n, want)
				n, err = r.CountOverdue(f.ctx, other.ID, now)
				f.must(err)
				f.same("due of another project", n, 0)
				return nil
			})
		}
	}},
}

var allStates = []lifecycle.State{lifecycle.Lapsed, lifecycle.Expiring, lifecycle.Acknowledged, lifecycle.Valid}

// foundUsers reads a list of the fixture's service to its end, in pages of limit.
func (f *fixture) foundUsers(q app.UserQuery, limit int) (all []app.ListedUser) {
	f.Helper()
	q.ServiceID, q.Limit = f.service.ID, limit
	for {
		var page []app.ListedUser
		f.read(func(r app.Reader) (err error) {
			page, err = r.FindUsers(f.ctx, q)
			return err
		})
		if len(page) > limit {
			f.Fatalf("a page of %d, limit %d", len(page), limit)
		}
		if all = append(all, page...); len(page) < limit {
			return all
		}
		q.After = page[len(page)-1].Cursor
	}
}

func (f *fixture) counts(serviceID int64, now time.Time) (c app.StateCounts) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		c, err = r.CountStates(f.ctx, f.project.ID, serviceID, now)
		return err
	})
	return c
}

func (f *fixture) dates(serviceID int64, from, to, now time.Time, limit int) (all []app.DatedUser) {
	f.Helper()
	after := app.DateCursor{At: from, What: -1}
	for {
		var page []app.DatedUser
		f.read(func(r app.Reader) (err error) {
			page, err = r.Dates(f.ctx, f.project.ID, serviceID, from, to, now, after, limit)
			return err
		})
		if all = append(all, page...); len(page) < limit {
			return all
		}
		after = page[len(page)-1].Cursor
	}
}

func (f *fixture) quarters(serviceID int64, from, to, now time.Time) (q []app.QuarterCount) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		q, err = r.CountDates(f.ctx, f.project.ID, serviceID, from, to, now)
		return err
	})
	return q
}

func (f *fixture) totals(now time.Time) (t app.ServiceTotals) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		t, err = r.TotalServices(f.ctx, f.project.ID, now)
		return err
	})
	return t
}

func (f *fixture) countedServices(now time.Time, limit int) (all []app.ServiceCount) {
	f.Helper()
	for after := ""; ; after = all[len(all)-1].Name {
		var page []app.ServiceCount
		f.read(func(r app.Reader) (err error) {
			page, err = r.CountedServices(f.ctx, f.project.ID, after, now, limit)
			return err
		})
		if all = append(all, page...); len(page) < limit {
			return all
		}
	}
}

func (f *fixture) urgentServices(now time.Time) (s []app.ServiceCount) {
	f.Helper()
	f.read(func(r app.Reader) (err error) {
		s, err = r.UrgentServices(f.ctx, f.project.ID, now, 10)
		return err
	})
	return s
}

func testListedUser(f *fixture) {
	f.newUser("reader", start)
	at := start.Add(735 * day)
	u := f.renew("reader", at)
	until := at.Add(10 * day)
	f.write(func(tx app.Tx) error {
		return tx.Snooze(f.ctx, u.ID, 2, until, "ann@example.org", "a freeze", until)
	})
	old, current := u.Facts.Generations[0], u.Facts.Generations[1]
	want := app.ListedUser{
		Name: "reader", CreatedAt: start,
		Current: app.Pair{Generation: 2, Serial: u.Current.Serial, CreatedAt: at, NotBefore: current.NotBefore, NotAfter: current.NotAfter},
		Facts: lifecycle.Facts{
			UserID: u.ID, RenewAt: u.Facts.RenewAt, Generations: []lifecycle.Generation{old, current},
			Renewals: []lifecycle.Renewal{{New: 2, Replaced: 1, CreatedAt: at}},
		},
		SnoozedUntil: until, SnoozeReason: "a freeze",
		Cursor: app.UserCursor{Standing: 1, Place: old.NotAfter.UnixMilli(), Name: "reader"},
	}
	one := func(sort string) app.ListedUser {
		return f.foundUsers(app.UserQuery{Now: at, States: allStates, Sort: sort}, 10)[0]
	}
	f.same("by urgency", one(app.SortUrgency), want)
	want.Cursor.Standing, want.Cursor.Place = 0, current.NotAfter.UnixMilli()
	f.same("by end", one(app.SortEnd), want)
	want.Cursor.Place = 0
	f.same("by name", one(app.SortName), want)

	f.acknowledge("reader", at.Add(time.Hour))
	got := one(app.SortName).Facts.Renewals[0]
	f.same("acknowledged by", got.AcknowledgedBy, "ann@example.org")
	f.same("acknowledged at", got.AcknowledgedAt, at.Add(time.Hour))
	f.resetUser("reader", at.Add(2*time.Hour))
	f.same("renewals after a reset", len(one(app.SortName).Facts.Renewals), 0)
}

func (f *fixture) resetUser(name string, now time.Time) {
	f.Helper()
	u := f.user(name)
	c, err := lifecycle.Reset(u.Facts, f.terms(), now)
	f.must(err)
	f.apply(f.decided(u.ID, c))
}

func testSearch(f *fixture) {
	for _, name := range []string{"Orders_Writer", "orders-reader", "payments.x", "x1"} {
		f.newUser(name, start)
	}
	for search, want := range map[string][]string{
		"":               {"Orders_Writer", "orders-reader", "payments.x", "x1"},
		"orders":         {"Orders_Writer", "orders-reader"},
		"s_w":            {"Orders_Writer"},
		"_":              {"Orders_Writer"},
		".":              {"payments.x"},
		"x":              {"payments.x", "x1"},
		"%":              nil,
		`\`:              nil,
		"writer_":        nil,
		"é":              nil,
		"payments.x":     {"payments.x"},
		"' or 1=1 --":    nil,
		"orders-reader1": nil,
	} {
		for _, sort := range []string{app.SortUrgency, app.SortName} {
			found := f.foundUsers(app.UserQuery{Now: start, States: allStates, Sort: sort, Search: search}, 10)
			f.same(fmt.Sprintf("found for %q by %s", search, sort), namesOf(found), want)
		}
	}
}

func namesOf(users []app.ListedUser) (names []string) {
	for _, u := range users {
		names = append(names, u.Name)
	}
	return names
}

// testLists plays random lives and holds every list and count, at many moments,
// to what lifecycle says of the facts.
func testLists(f *fixture) {
	seed := rand.Uint64()
	f.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var moments []time.Time
	for i := range 40 {
		moments = append(moments, f.randomLife(random, fmt.Sprintf("user-%02d", i))...)
	}
	users := f.modelUsers()
	random.Shuffle(len(moments), func(i, j int) { moments[i], moments[j] = moments[j], moments[i] })
	for _, moment := range moments[:min(len(moments), 15)] {
		for _, now := range []time.Time{moment, moment.Add(time.Millisecond)} {
			f.sameLists(users, now, random)
			f.sameDates(users, now, random)
		}
	}
}

// modelUser is a user as its whole facts show it.
type modelUser struct {
	name  string
	facts lifecycle.Facts
}

// modelUsers are the users that are not deleted.
func (f *fixture) modelUsers() (users []modelUser) {
	f.Helper()
	for after := int64(0); ; {
		page, err := f.store.InspectUsers(f.ctx, after, 20)
		f.must(err)
		if len(page) == 0 {
			return users
		}
		for _, u := range page {
			if after = u.ID; u.Facts.DeletedAt.IsZero() {
				users = append(users, modelUser{u.Name, u.Facts})
			}
		}
	}
}

// old is the pair that the current one replaced, where that matters still.
func (u modelUser) old(now time.Time) (lifecycle.Generation, bool) {
	if len(u.facts.Renewals) == 0 {
		return lifecycle.Generation{}, false
	}
	r := u.facts.Renewals[len(u.facts.Renewals)-1]
	if r.New != u.facts.Current().Number || !r.ClosedAt.IsZero() {
		return lifecycle.Generation{}, false
	}
	old, _ := u.facts.Generation(r.Replaced)
	return old, r.AcknowledgedAt.IsZero() || old.Live(now)
}

// standing is what a list by urgency goes by.
func (u modelUser) standing(now time.Time) app.UserCursor {
	c := app.UserCursor{Standing: slices.Index(allStates, u.facts.State(now)), Name: u.name}
	if c.Standing == 3 {
		return c
	}
	c.Place = u.facts.Current().NotAfter.UnixMilli()
	if old, ok := u.old(now); ok {
		c.Place = old.NotAfter.UnixMilli()
	}
	return c
}

func (f *fixture) sameLists(users []modelUser, now time.Time, random *rand.Rand) {
	f.Helper()
	want := app.StateCounts{Total: len(users)}
	for _, u := range users {
		switch u.facts.State(now) {
		case lifecycle.Lapsed:
			want.Lapsed++
		case lifecycle.Expiring:
			want.Expiring++
			if end, _ := u.facts.ExpiringEnd(); want.FirstEnd.IsZero() || end.Before(want.FirstEnd) {
				want.FirstEnd = end
			}
		case lifecycle.Acknowledged:
			want.Acknowledged++
		default:
			want.Valid++
		}
	}
	f.same(fmt.Sprintf("counts at %v", now), f.counts(f.service.ID, now), want)
	f.same("counts of the project", f.counts(0, now), want)
	for _, states := range append([][]lifecycle.State{allStates, allStates[:2], allStates[1:3]}, single(allStates)...) {
		for _, sort := range []string{app.SortUrgency, app.SortName, app.SortEnd} {
			search := []string{"", "", "1", "user-0"}[random.IntN(4)]
			f.sameList(users, app.UserQuery{Now: now, States: states, Sort: sort, Search: search}, []int{1, 3, 100}[random.IntN(3)])
		}
	}
}

func single(states []lifecycle.State) (each [][]lifecycle.State) {
	for _, s := range states {
		each = append(each, []lifecycle.State{s})
	}
	return each
}

func (f *fixture) sameList(users []modelUser, q app.UserQuery, limit int) {
	f.Helper()
	var cursors []app.UserCursor
	byName := map[string]modelUser{}
	for _, u := range users {
		if !slices.Contains(q.States, u.facts.State(q.Now)) || !strings.Contains(u.name, q.Search) {
			continue
		}
		byName[u.name] = u
		switch q.Sort {
		case app.SortUrgency:
			cursors = append(cursors, u.standing(q.Now))
		case app.SortName:
			cursors = append(cursors, app.UserCursor{Name: u.name})
		case app.SortEnd:
			cursors = append(cursors, app.UserCursor{Place: u.facts.Current().NotAfter.UnixMilli(), Name: u.name})
		}
	}
	slices.SortFunc(cursors, func(x, y app.UserCursor) int {
		return cmp.Or(cmp.Compare(x.Standing, y.Standing), cmp.Compare(x.Place, y.Place), cmp.Compare(x.Name, y.Name))
	})
	found := f.foundUsers(q, limit)
	var got []app.UserCursor
	for _, u := range found {
		got = append(got, u.Cursor)
		want := byName[u.Name].facts
		f.same("state of "+u.Name, u.Facts.State(q.Now), want.State(q.Now))
		f.same("current pair of "+u.Name, u.Facts.Current(), want.Current())
		f.same("renewal date of "+u.Name, u.Facts.RenewAt, want.RenewAt)
		gotEnd, gotAny := u.Facts.ExpiringEnd()
		wantEnd, wantAny := want.ExpiringEnd()
		f.same("expiring end of "+u.Name, gotEnd, wantEnd)
		f.same("expiring of "+u.Name, gotAny, wantAny)
	}
	f.same(fmt.Sprintf("users in %v by %s at %v", q.States, q.Sort, q.Now), got, cursors)
}

func (f *fixture) sameDates(users []modelUser, now time.Time, random *rand.Rand) {
	f.Helper()
	from := now.Add(-time.Duration(random.IntN(200)) * day)
	to := from.Add(time.Duration(1+random.IntN(900)) * day)
	var want []app.DateCursor
	for _, u := range users {
		add := func(at time.Time, what app.DateKind) {
			if !at.Before(from) && at.Before(to) {
				want = append(want, app.DateCursor{At: at, What: what, UserID: u.facts.UserID})
			}
		}
		add(u.facts.Current().NotAfter, app.PairEnds)
		add(u.facts.RenewAt, app.RenewalDue)
		if old, ok := u.old(now); ok {
			add(old.NotAfter, app.OldPairEnds)
		}
	}
	slices.SortFunc(want, func(x, y app.DateCursor) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.What, y.What), cmp.Compare(x.UserID, y.UserID))
	})
	facts := map[int64]modelUser{}
	for _, u := range users {
		facts[u.facts.UserID] = u
	}
	var got []app.DateCursor
	for _, d := range f.dates([]int64{0, f.service.ID}[random.IntN(2)], from, to, now, []int{2, 100}[random.IntN(2)]) {
		got = append(got, d.Cursor)
		u := facts[d.Cursor.UserID]
		f.same("name", d.User, u.name)
		f.same("service", d.Service, "orders")
		f.same("state of "+d.User, d.State(now), u.facts.State(now))
	}
	f.same(fmt.Sprintf("dates from %v to %v at %v", from, to, now), got, want)
	f.same("counts of dates", f.quarters(f.service.ID, from, to, now), quartersOf(want))
}

func quartersOf(dates []app.DateCursor) (quarters []app.QuarterCount) {
	for _, d := range dates {
		at := d.At.Truncate(15 * time.Minute)
		if len(quarters) == 0 || !quarters[len(quarters)-1].At.Equal(at) {
			quarters = append(quarters, app.QuarterCount{At: at})
		}
		if last := &quarters[len(quarters)-1]; d.What == app.RenewalDue {
			last.Renewals++
		} else {
			last.Ends++
		}
	}
	return quarters
}

func testServiceCounts(f *fixture) {
	orders := f.service
	gone := f.newService(f.project.ID, "gone")
	f.write(func(tx app.Tx) error { return tx.DeleteService(f.ctx, gone.ID, start) })
	f.newService(f.project.ID, "quiet")
	f.newService(f.newProject("other").ID, "foreign")
	f.newUser("a", start)
	f.newUser("b", start)
	f.newUser("c", start)
	clicks := f.newService(f.project.ID, "clicks")
	f.service = clicks
	f.newUser("d", start.Add(day))

	at := start.Add(736 * day)
	first := f.renew("d", at).Facts.Generations[0].NotAfter // of clicks
	f.service = orders
	f.renew("a", at)
	f.acknowledge("a", at)
	second := f.renew("b", at).Facts.Generations[0].NotAfter
	quiet := app.ServiceCount{Name: "quiet"}
	f.same("services", f.countedServices(at, 2), []app.ServiceCount{
		{Name: "clicks", Users: 1, Awaiting: 1, FirstEnd: first}, {Name: "orders", Users: 3, Awaiting: 1, FirstEnd: second}, quiet,
	})
	f.same("urgent services", f.urgentServices(at), []app.ServiceCount{
		{Name: "orders", Users: 3, Awaiting: 1, FirstEnd: second}, {Name: "clicks", Users: 1, Awaiting: 1, FirstEnd: first},
	})
	f.same("totals", f.totals(at), app.ServiceTotals{Services: 3, Awaiting: 2})

	lapsed := first.Add(time.Second) // both old pairs, and the one of c that nothing renewed
	f.same("urgent services after the ends", f.urgentServices(lapsed), []app.ServiceCount{
		{Name: "orders", Users: 3, Lapsed: 2}, {Name: "clicks", Users: 1, Lapsed: 1},
	})
	f.same("one service", f.counts(clicks.ID, lapsed), app.StateCounts{Lapsed: 1, Total: 1})
	f.same("the project", f.counts(0, lapsed), app.StateCounts{Lapsed: 3, Valid: 1, Total: 4})
}
