package app_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// kinds are the people of the seven years: what somebody does about a renewal so
// many days after it. Each kind looks after a service of its own, and is its only
// technical contact.
var kinds = map[string]func(y *years, u *someone, days int){
	"early": func(y *years, u *someone, _ int) { // before anybody was told, and also where there is nothing
		if u.awaits || y.day%97 == 0 {
			y.acknowledges(u)
		}
	},
	"prompt": func(y *years, u *someone, days int) {
		if days == 2 {
			y.acknowledges(u)
		}
	},
	"twice": func(y *years, u *someone, days int) {
		if days == 20 || days == 21 {
			y.acknowledges(u)
		}
	},
	"late": func(y *years, u *someone, days int) {
		if days == 105 { // ten days after the lapse, or more
			y.acknowledges(u)
		}
	},
	"never": func(*years, *someone, int) {},
	"snoozes": func(y *years, u *someone, days int) {
		switch days {
		case 5:
			_, err := y.SnoozeUser(y.ctx, y.admin, "acme", u.kind, u.name, y.now.Add(40*day), "a frozen release", y.now)
			y.must(err)
			u.snoozed = y.now.Add(40 * day)
		case 60:
			y.acknowledges(u)
		}
	},
	"resets": func(y *years, u *someone, days int) {
		if days == 30 {
			_, err := y.ResetCredentials(y.ctx, y.admin, "acme", u.kind, u.name, "", y.now)
			y.must(err)
			y.ends(u)
		}
	},
	"deletes": func(y *years, u *someone, days int) { // and makes the same name again
		if days == 40 && u.name != lifecycle.PrimaryUser {
			_, err := y.DeleteUser(y.ctx, y.admin, "acme", u.kind, u.name, y.now)
			y.must(err)
			y.ends(u)
			_, err = y.CreateUser(y.ctx, y.admin, "acme", u.kind, u.name, y.now)
			y.must(err)
		}
	},
}

// someone is a service user as the test knows it.
type someone struct {
	kind, name string
	manner     string // the kind of people whose way is taken with the newest renewal
	delay      int    // days by which everything is done later than that kind does it
	awaits     bool
	since      int // day of the newest renewal
	generation int // that it made
	snoozed    time.Time
}

// years plays a project's life and is the mail server to it: it holds every mail
// that leaves against what the test knows.
type years struct {
	*fixture
	zone    *time.Location
	random  *rand.Rand // draws the way at each renewal; nil: everybody keeps to their kind
	day     int
	changed bool                // since the invariants were checked
	users   map[string]*someone // by service/name
	sorted  []string            // the keys of users
	daily   map[string]int      // digests of today, by recipient
	mails   map[string]*[7]tally
}

// tally counts the mails of a year.
type tally struct{ digests, urgent int }

var _ app.Mailer = (*years)(nil)

func (*years) Leaves() bool { return true }

func (*years) Check(context.Context) error { return nil }

// Send takes a mail and holds what it lists against who awaits acknowledgement.
func (y *years) Send(_ context.Context, m app.Mail) error {
	count := &y.mails[m.To][y.now.Sub(start)/(365*day)]
	urgent := strings.Contains(strings.Join(strings.Fields(m.Text), " "), "left at once, outside the daily digest")
	if urgent {
		count.urgent++
	} else {
		count.digests++
		if y.daily[m.To]++; y.daily[m.To] > 1 {
			y.t.Errorf("on day %d %s got another digest: %q", y.day, m.To, m.Subject)
		}
	}
	lists := map[string]int{}
	for _, match := range listed.FindAllStringSubmatch(m.Text, -1) {
		lists[match[1]]++
	}
	awaiting, total := y.awaiting(m.To)
	for name, n := range lists {
		if n > awaiting[name] {
			y.t.Errorf("on day %d a mail to %s lists %s, which awaits nothing", y.day, m.To, name)
		}
	}
	if !urgent && total <= 50 && !maps.Equal(lists, awaiting) {
		y.t.Errorf("on day %d a digest to %s lists %v, want %v", y.day, m.To, lists, awaiting)
	}
	return nil
}

// awaiting are the users of whom somebody should hear now, by name.
func (y *years) awaiting(to string) (names map[string]int, total int) {
	kind, _, _ := strings.Cut(to, "@")
	names = map[string]int{}
	for _, u := range y.users {
		if u.awaits && (u.kind == kind || kinds[kind] == nil) && !u.snoozed.After(y.now) {
			names[u.name]++
			total++
		}
	}
	return names, total
}

// acknowledges does so, whether anything is pending or not.
func (y *years) acknowledges(u *someone) {
	y.acknowledge(u.kind, u.name)
	y.ends(u)
}

// ends notes that nothing of the user awaits acknowledgement any more.
func (y *years) ends(u *someone) { y.changed, u.awaits = y.changed || u.awaits, false }

// sweeps renews what is due and learns who awaits acknowledgement now.
func (y *years) sweeps() {
	y.t.Helper()
	if y.sweep().Renewed == 0 {
		return
	}
	y.changed = true
	for after := ""; ; {
		renewals, next, err := y.ListRenewals(y.ctx, y.admin, "acme", app.Page{After: after, Limit: 1000}, y.now)
		y.must(err)
		for _, r := range renewals {
			u := y.users[r.Service+"/"+r.User]
			if !u.awaits || u.generation != r.Generation {
				u.awaits, u.generation, u.since, u.snoozed = true, r.Generation, y.day, time.Time{}
				y.draw(u)
			}
		}
		if after = next; after == "" {
			return
		}
	}
}

// draw decides what is done about the newest renewal of a user.
func (y *years) draw(u *someone) {
	if y.random == nil {
		return
	}
	ways := slices.Sorted(maps.Keys(kinds))
	u.manner, u.delay = ways[y.random.IntN(len(ways))], y.random.IntN(31)
}

// hour is what the jobs and the people do at one moment of the day.
func (y *years) hour(hour int) {
	y.t.Helper()
	date := start.AddDate(0, 0, y.day)
	y.now = time.Date(date.Year(), date.Month(), date.Day(), hour, 5, 0, 0, y.zone).UTC()
	due, err := y.DueShards(y.ctx, y.now)
	y.must(err)
	if len(due) > 0 || hour == 9 { // a tick with nothing due only notes that it was
		y.sweeps()
	}
	for _, key := range y.sorted {
		u := y.users[key]
		days := -1 // nothing was renewed yet
		if u.generation > 0 {
			days = y.day - u.since - u.delay
		}
		if hour == 12 || u.manner == "early" {
			kinds[u.manner](y, u, days)
		}
	}
	y.record()
	y.deliver()
}

// settle makes the project: eight kinds of people with 25 users each, made over a
// month and a half.
func (y *years) settle() {
	_, err := y.CreateProject(y.ctx, y.admin, app.NewProject{Name: "acme"}, y.now)
	y.must(err)
	y.member(admin, app.RoleAdmin)
	y.member(operator, app.RoleOperator)
	y.mails[admin], y.mails[operator] = new([7]tally), new([7]tally)
	y.notices("", `{"time_zone": "Europe/Helsinki"}`)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		y.now = start
		y.addService(kind, nil)
		contact := kind + "@example.com"
		y.must(y.SetContacts(y.ctx, y.admin, "acme", kind, []string{contact}, y.now))
		y.mails[contact] = new([7]tally)
		y.users[kind+"/"+lifecycle.PrimaryUser] = &someone{kind: kind, manner: kind, name: lifecycle.PrimaryUser}
		for i := range 24 {
			name := fmt.Sprintf("user-%02d", i)
			y.now = start.Add(time.Duration(i*i) * 2 * time.Hour)
			_, err := y.CreateUser(y.ctx, y.admin, "acme", kind, name, y.now)
			y.must(err)
			y.users[kind+"/"+name] = &someone{kind: kind, manner: kind, name: name}
		}
	}
	y.sorted = slices.Sorted(maps.Keys(y.users))
}

// report prints the mails per kind of person and year.
func (y *years) report() {
	var b strings.Builder
	fmt.Fprintf(&b, "mails per person and year, digests+urgent:\n%-22s", "")
	for year := range 7 {
		fmt.Fprintf(&b, "%8d", year+1)
	}
	for _, to := range slices.Sorted(maps.Keys(y.mails)) {
		fmt.Fprintf(&b, "\n%-22s", to)
		for _, c := range y.mails[to] {
			fmt.Fprintf(&b, "%8s", fmt.Sprintf("%d+%d", c.digests, c.urgent))
		}
	}
	y.t.Log(b.String())
}

// TestSevenYears lets 200 users live under the default policy. Every invariant is
// checked each week in which something changed, and each month.
func TestSevenYears(t *testing.T) {
	if testing.Short() {
		t.Skip("seven years are long")
	}
	onBoth(t, func(t *testing.T, f *fixture) {
		y := newYears(t, f)
		y.live(t, 7, 28)
		y.report()
		y.quiet()
	})
}

// TestSevenYearsAtRandom is `make soak`: so many lives as SEGUE_YEARS_SEEDS says, in
// which what is done about each renewal, and when, is drawn. Every invariant is
// checked every day. SEGUE_YEARS_SEED is the seed of the first life, for doing one
// again; ids, and so due dates within their spread, differ each time.
func TestSevenYearsAtRandom(t *testing.T) {
	lives, _ := strconv.Atoi(os.Getenv("SEGUE_YEARS_SEEDS"))
	if lives == 0 {
		t.Skip("make soak runs it")
	}
	first, err := strconv.ParseUint(os.Getenv("SEGUE_YEARS_SEED"), 10, 64)
	if err != nil {
		first = rand.Uint64()
	}
	for i := range uint64(lives) {
		seed := first + i
		t.Run(fmt.Sprintf("SEGUE_YEARS_SEED=%d", seed), func(t *testing.T) {
			onBoth(t, func(t *testing.T, f *fixture) {
				y := newYears(t, f)
				y.random = rand.New(rand.NewPCG(seed, 0))
				y.live(t, 1, 1)
				y.report()
			})
		})
	}
}

func newYears(t *testing.T, f *fixture) *years {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Helsinki")
	f.must(err)
	y := &years{fixture: f, users: map[string]*someone{}, mails: map[string]*[7]tally{}, zone: zone}
	f.Mailer = y
	y.settle()
	return y
}

// live plays the days. Every invariant is checked on each everyth day since which
// something changed, and on each at-least-th.
func (y *years) live(t *testing.T, every, atLeast int) {
	t.Helper()
	for y.day = 47; y.day < 7*365; y.day++ {
		y.daily = map[string]int{}
		for _, hour := range []int{9, 12, 21} {
			y.hour(hour)
		}
		if y.day%every == 0 && y.changed || y.day%atLeast == 0 {
			y.clean()
			y.changed = false
		}
		if t.Failed() {
			t.Fatalf("on day %d", y.day)
		}
	}
}

// quiet demands that whoever acknowledges in time hears little, and the others not for ever.
func (y *years) quiet() {
	for to, most := range map[string]int{"early@example.com": 0, "prompt@example.com": 50, "never@example.com": 200} {
		for year, c := range y.mails[to] {
			if c.digests > most {
				y.t.Errorf("%s got %d digests in year %d, more than %d", to, c.digests, year+1, most)
			}
		}
	}
}
