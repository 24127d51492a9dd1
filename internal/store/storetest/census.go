package storetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

var censusTests = []test{
	{"a census of nobody", func(f *fixture) {
		f.same("census", f.census(start), app.Census{Users: map[lifecycle.State]int{}, DaysToEnd: emptyDays()})
	}},
	{"a census to the millisecond", func(f *fixture) {
		end := f.newUser("reader", start).Facts.Current().NotAfter
		within := func(days int) map[int]int {
			want := emptyDays()
			for _, d := range app.CensusDays {
				if d >= days {
					want[d] = 1
				}
			}
			return want
		}
		f.same("a year before", f.census(end.Add(-365*day)).DaysToEnd, within(365))
		f.same("a moment more than a year", f.census(end.Add(-365*day-time.Millisecond)).DaysToEnd, within(730))
		f.same("within a day", f.census(end.Add(-time.Millisecond)).DaysToEnd, within(1))
		f.same("at the end", f.census(end).DaysToEnd, within(0))
		f.same("long after", f.census(end.Add(1000*day)).DaysToEnd, within(0))
		f.same("states at the end", f.census(end).Users, map[lifecycle.State]int{lifecycle.Valid: 1})
		f.same("states after it", f.census(end.Add(time.Millisecond)).Users, map[lifecycle.State]int{lifecycle.Lapsed: 1})
	}},
	{"a census agrees with the rules", testCensus},
}

func (f *fixture) census(now time.Time) app.Census {
	f.Helper()
	c, err := f.store.Census(f.ctx, now)
	f.must(err)
	return c
}

func emptyDays() map[int]int {
	days := map[int]int{}
	for _, d := range app.CensusDays {
		days[d] = 0
	}
	return days
}

// testCensus plays random lives and holds what the database counts at many
// moments to what lifecycle says of the facts.
func testCensus(f *fixture) {
	seed := rand.Uint64()
	f.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var moments []time.Time
	for i := range 60 {
		moments = append(moments, f.randomLife(random, fmt.Sprintf("user-%02d", i))...)
	}
	failing := f.newUser("failing", start)
	at := start.Add(735 * day)
	f.write(func(tx app.Tx) error {
		return tx.RecordFailures(f.ctx, []app.Failure{{UserID: failing.ID, ProjectID: f.project.ID, At: at, RetryAt: at.Add(day)}})
	})

	facts := f.allFacts()
	seen := map[lifecycle.State]bool{}
	random.Shuffle(len(moments), func(i, j int) { moments[i], moments[j] = moments[j], moments[i] })
	for _, moment := range moments[:min(len(moments), 300)] {
		for _, beside := range []time.Duration{0, time.Millisecond} {
			now := moment.Add(beside)
			want := censusOf(facts, now)
			want.OpenFailures = 1
			f.same(fmt.Sprintf("census at %v", now), f.census(now), want)
			for state := range want.Users {
				seen[state] = true
			}
		}
	}
	if len(seen) != 5 {
		f.Fatalf("saw the states %v alone", seen)
	}
}

// randomLife plays a life and returns moments at which something about it changes.
func (f *fixture) randomLife(random *rand.Rand, name string) (moments []time.Time) {
	f.Helper()
	now := start.Add(time.Duration(random.IntN(30)) * day)
	facts := f.newUser(name, now).Facts
	terms := f.terms()
	for range random.IntN(10) {
		now = now.Add(time.Duration(random.IntN(400)) * day)
		terms.Rekey = []lifecycle.Rekey{lifecycle.RekeyAllowed, lifecycle.RekeyRequired}[random.IntN(4)/3]
		if random.IntN(3) == 0 { // to the next renewal, or past the end
			now = facts.RenewAt.Add(time.Duration(random.IntN(200)) * day)
		}
		c, err := randomChange(random, facts, terms, now)
		if err != nil || c.Empty() {
			continue // a rule refuses it at this moment
		}
		f.apply(f.decided(facts.UserID, c))
		facts = facts.Apply(c)
		moments = append(moments, now, facts.Current().NotAfter, facts.Current().NotAfter.Add(-30*day))
		if !facts.DeletedAt.IsZero() {
			break
		}
	}
	return moments
}

func randomChange(random *rand.Rand, facts lifecycle.Facts, terms lifecycle.Terms, now time.Time) (lifecycle.Change, error) {
	switch random.IntN(12) {
	case 0:
		return lifecycle.Delete(facts, now), nil
	case 1, 2:
		return lifecycle.Reset(facts, terms, now)
	case 3, 4, 5:
		return lifecycle.Acknowledge(facts, 0, "ann@example.org", lifecycle.AckByPerson, now)
	}
	if random.IntN(5) == 0 {
		return byCSR(random, facts, terms, now)
	}
	return lifecycle.Renew(facts, terms, now)
}

func byCSR(random *rand.Rand, facts lifecycle.Facts, terms lifecycle.Terms, now time.Time) (lifecycle.Change, error) {
	if random.IntN(4) == 0 {
		return lifecycle.ResetByCSR(facts, terms, now)
	}
	return lifecycle.RenewByCSR(facts, terms, random.IntN(2) == 0, now)
}

// allFacts is the facts of every user, deleted ones too.
func (f *fixture) allFacts() (facts []lifecycle.Facts) {
	f.Helper()
	for after := int64(0); ; {
		page, err := f.store.InspectUsers(f.ctx, after, 20)
		f.must(err)
		if len(page) == 0 {
			return facts
		}
		for _, u := range page {
			facts, after = append(facts, u.Facts), u.ID
		}
	}
}

func censusOf(all []lifecycle.Facts, now time.Time) app.Census {
	c := app.Census{Users: map[lifecycle.State]int{}, DaysToEnd: emptyDays()}
	for _, facts := range all {
		state := facts.State(now)
		c.Users[state]++
		if _, ok := facts.Pending(); ok {
			c.Awaiting++
		}
		for _, d := range app.CensusDays {
			if state != lifecycle.Deleted && !facts.Current().NotAfter.After(now.Add(time.Duration(d)*day)) {
				c.DaysToEnd[d]++
			}
		}
	}
	return c
}
