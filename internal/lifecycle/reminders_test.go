package lifecycle_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones below are the same everywhere

	"pgregory.net/rapid"

	"github.com/segue-project/segue/internal/lifecycle"
)

// zones have clocks that change: by day and at midnight, forwards and backwards,
// and once by a whole day that never was (Apia, 30 December 2011).
var zones = []string{"UTC", "Europe/Helsinki", "America/New_York", "Asia/Beirut", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia"}

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

// notices draws allowed policies: of days, bound to calendar days, and of seconds.
func notices() *rapid.Generator[lifecycle.Notices] {
	return rapid.Custom(func(t *rapid.T) lifecycle.Notices {
		n := lifecycle.Notices{DigestInterval: day * time.Duration(rapid.IntRange(1, 3).Draw(t, "interval")), TimeZone: "UTC"}
		unit := day
		if rapid.Bool().Draw(t, "of seconds") {
			unit = time.Second
			n.DigestInterval = rapid.SampledFrom([]time.Duration{time.Second, 7 * time.Second, time.Minute, time.Hour}).Draw(t, "interval")
		}
		within, every := 400, 400
		for range rapid.IntRange(1, 5).Draw(t, "windows") {
			if within == 1 {
				break
			}
			within = rapid.IntRange(1, within-1).Draw(t, "within")
			every = rapid.IntRange(1, min(every, within)).Draw(t, "every")
			n.Reminders = append(n.Reminders, lifecycle.Reminder{Within: unit * time.Duration(within), Every: unit * time.Duration(every)})
		}
		n.AfterLapse = lifecycle.AfterLapse{
			Every: unit * time.Duration(rapid.IntRange(1, 40).Draw(t, "every")), Times: rapid.IntRange(0, 12).Draw(t, "times"),
		}
		n.DigestDelay = rapid.Custom(upTo(n.DigestInterval/3)).Draw(t, "delay")
		if err := n.Check(); err != nil {
			t.Fatalf("an allowed policy was refused: %v", err)
		}
		return n
	})
}

func byDay(n lifecycle.Notices) bool { return n.DigestInterval >= day }

// moments draws moments around changes of clocks and over some years.
func moments(t *rapid.T, label string) time.Time {
	around := rapid.SampledFrom([]string{
		"2011-12-30T00:00:00Z", "2026-03-08T07:00:00Z", "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-11-01T06:00:00Z", "2027-06-15T12:00:00Z",
	}).Draw(t, label)
	at, err := time.Parse(time.RFC3339, around)
	if err != nil {
		t.Fatal(err)
	}
	return at.Add(rapid.Custom(upTo(120*day)).Draw(t, label+" beyond") - 60*day)
}

// schedule is every moment at which people are told of a renewal after the first one.
func schedule(t interface{ Fatalf(string, ...any) }, n lifecycle.Notices, oldEnd, made time.Time, z *time.Location) []time.Time {
	var all []time.Time
	for last := made; ; last = all[len(all)-1] {
		next, ok := n.NextReminder(oldEnd, last, z)
		if !ok {
			return all
		}
		if !next.After(last) {
			t.Fatalf("told at %s, and next at %s", last, next)
		}
		if all = append(all, next); len(all) > 2000 {
			t.Fatalf("the schedule does not end: %s", all[:20])
		}
	}
}

// TestRhythm spells out whole schedules of the default policy, each over a change of clocks.
func TestRhythm(t *testing.T) {
	for _, c := range []struct {
		name, zone, made, oldEnd string
		want                     string // local times, in order; the lapse in brackets
	}{
		{"into summer time", "Europe/Helsinki", "2026-01-20T15:00:00+02:00", "2026-04-20T15:00:00+03:00", `
			02-03 09:00, 02-17 09:00, 03-03 09:00, 03-17 09:00,
			03-24 09:00, 03-31 09:00, 04-07 09:00,
			04-13 09:00, 04-14 09:00, 04-15 09:00, 04-16 09:00, 04-17 09:00, 04-18 09:00, 04-19 09:00, 04-20 09:00,
			[04-20 15:00],
			04-27 09:00, 05-04 09:00, 05-11 09:00, 05-18 09:00, 05-25 09:00, 06-01 09:00, 06-08 09:00, 06-15 09:00`},
		{"out of summer time", "America/New_York", "2026-08-17T08:00:00-04:00", "2026-11-16T08:00:00-05:00", `
			08-31 09:00, 09-14 09:00, 09-28 09:00, 10-12 09:00,
			10-19 09:00, 10-26 09:00, 11-02 09:00,
			11-09 09:00, 11-10 09:00, 11-11 09:00, 11-12 09:00, 11-13 09:00, 11-14 09:00, 11-15 09:00,
			[11-16 08:00],
			11-23 09:00, 11-30 09:00, 12-07 09:00, 12-14 09:00, 12-21 09:00, 12-28 09:00, 01-04 09:00, 01-11 09:00`},
		{"made before the first window", "UTC", "2026-01-10T09:00:00Z", "2026-04-15T20:00:00Z", `
			01-24 09:00, 02-07 09:00, 02-21 09:00, 03-07 09:00,
			03-16 09:00, 03-23 09:00, 03-30 09:00, 04-06 09:00,
			04-08 09:00, 04-09 09:00, 04-10 09:00, 04-11 09:00, 04-12 09:00, 04-13 09:00, 04-14 09:00, 04-15 09:00,
			[04-15 20:00],
			04-22 09:00, 04-29 09:00, 05-06 09:00, 05-13 09:00, 05-20 09:00, 05-27 09:00, 06-03 09:00, 06-10 09:00`},
		{"made long before the first window", "UTC", "2026-01-01T00:00:00Z", "2026-12-31T09:00:00Z", `
			10-02 09:00, 10-16 09:00, 10-30 09:00, 11-13 09:00, 11-27 09:00,
			12-04 09:00, 12-11 09:00, 12-18 09:00,
			12-24 09:00, 12-25 09:00, 12-26 09:00, 12-27 09:00, 12-28 09:00, 12-29 09:00, 12-30 09:00,
			[12-31 09:00],
			01-07 09:00, 01-14 09:00, 01-21 09:00, 01-28 09:00, 02-04 09:00, 02-11 09:00, 02-18 09:00, 02-25 09:00`},
		{"made after the end", "UTC", "2026-02-01T12:00:00Z", "2026-01-20T12:00:00Z", `
			02-03 09:00, 02-10 09:00, 02-17 09:00, 02-24 09:00, 03-03 09:00, 03-10 09:00, 03-17 09:00`},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := zone(c.zone)
			oldEnd := stamp(t, c.oldEnd)
			var got []string
			for _, at := range schedule(t, lifecycle.DefaultNotices(), oldEnd, stamp(t, c.made), z) {
				text := at.In(z).Format("01-02 15:04")
				switch {
				case at.Equal(oldEnd.Add(time.Millisecond)):
					text = "[" + text + "]"
				case at.In(z).Format("05.000") != "00.000":
					t.Errorf("%s is no whole minute", at)
				}
				got = append(got, text)
			}
			want := strings.Split(strings.Join(strings.Fields(c.want), " "), ", ")
			if !slices.Equal(got, want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), strings.Join(want, ", "))
			}
		})
	}
}

func stamp(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// TestRhythmOfSeconds has no day to be bound to.
func TestRhythmOfSeconds(t *testing.T) {
	n := lifecycle.Notices{
		Reminders:  []lifecycle.Reminder{{Within: 20 * time.Second, Every: 6 * time.Second}, {Within: 5 * time.Second, Every: 2 * time.Second}},
		AfterLapse: lifecycle.AfterLapse{Every: 3 * time.Second, Times: 2}, DigestInterval: time.Second,
	}
	var got []time.Duration
	for _, next := range schedule(t, n, at(30*time.Second), start, time.UTC) {
		got = append(got, next.Sub(start))
	}
	want := []time.Duration{10_000, 16_000, 22_000, 25_000, 27_000, 29_000, 30_001, 33_000, 36_000}
	for i := range want {
		want[i] *= time.Millisecond
	}
	if !slices.Equal(got, want) {
		t.Errorf("told after %v, want %v", got, want)
	}
}

// TestSchedules holds what every schedule promises.
func TestSchedules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, z := notices().Draw(t, "notices"), zone(rapid.SampledFrom(zones).Draw(t, "zone"))
		oldEnd := moments(t, "end").Truncate(time.Second)
		made := oldEnd.Add(-rapid.Custom(upTo(n.Reminders[0].Within*3/2)).Draw(t, "made before") + rapid.Custom(upTo(n.AfterLapse.Every)).Draw(t, "or after"))
		lapse := oldEnd.Add(time.Millisecond)
		lapses, after := 0, 0
		days := map[string]bool{}
		last := made
		for _, next := range schedule(t, n, oldEnd, made, z) {
			switch {
			case next.Equal(lapse):
				lapses++
			case next.After(lapse):
				after++
				checkHour(t, n, next, z, days)
			default:
				checkHour(t, n, next, z, days)
				checkRhythm(t, n, oldEnd, last, next)
			}
			last = next
		}
		if want := made.Before(lapse); want != (lapses == 1) {
			t.Fatalf("made at %s, the lapse at %s is told %d times", made, lapse, lapses)
		}
		exactly := n.AfterLapse.Every >= 2*day || !byDay(n) // on a day of 25 hours two may fall together
		if after > n.AfterLapse.Times || (exactly && lapses == 1 && after != n.AfterLapse.Times) {
			t.Fatalf("told %d times after the lapse, want %d", after, n.AfterLapse.Times)
		}
		if last.After(made) && !last.Before(lapse.Add(time.Duration(n.AfterLapse.Times)*n.AfterLapse.Every+day)) {
			t.Fatalf("still told at %s, %s after the lapse", last, last.Sub(lapse))
		}
	})
}

// checkHour demands DigestHour, and one reminder a day at most, where reminders are bound to days.
func checkHour(t *rapid.T, n lifecycle.Notices, at time.Time, z *time.Location, days map[string]bool) {
	if !byDay(n) {
		return
	}
	local := at.In(z)
	if text := local.Format("15:04:05.000"); text != "09:00:00.000" {
		t.Fatalf("told at %s", local)
	}
	if d := local.Format(time.DateOnly); days[d] {
		t.Fatalf("told twice on %s", d)
	} else {
		days[d] = true
	}
}

// checkRhythm holds a step before the lapse to every window: none that has begun
// waits longer than its Every, and no step comes before some window asks for it.
func checkRhythm(t *rapid.T, n lifecycle.Notices, oldEnd, last, next time.Time) {
	early, late := time.Duration(0), time.Duration(0)
	if byDay(n) { // moved to 09:00 of its day, or of the next
		early, late = 16*time.Hour, 34*time.Hour
	}
	asked := false
	for _, r := range n.Reminders {
		begin, due := oldEnd.Add(-r.Within), last.Add(r.Every)
		if !next.Before(begin.Add(-early)) && !next.Before(due.Add(-early)) {
			asked = true
		}
		if next.After(begin.Add(late)) && next.After(due.Add(late)) {
			t.Fatalf("told at %s and then at %s; the last %s ask for every %s", last, next, r.Within, r.Every)
		}
	}
	if !asked {
		t.Fatalf("told at %s, so soon after %s: no window asks for it", next, last)
	}
}

// TestReminderFrom holds what a snooze and a new schedule promise.
func TestReminderFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, z := notices().Draw(t, "notices"), zone(rapid.SampledFrom(zones).Draw(t, "zone"))
		oldEnd := moments(t, "end").Truncate(time.Second)
		span := n.Reminders[0].Within + n.AfterLapse.Every
		last := oldEnd.Add(-rapid.Custom(upTo(span)).Draw(t, "told before") + n.AfterLapse.Every)
		from := last.Add(rapid.Custom(upTo(span)).Draw(t, "from"))
		lapse := oldEnd.Add(time.Millisecond)

		plain, more := n.NextReminder(oldEnd, last, z)
		got, ok := n.ReminderFrom(oldEnd, last, from, z)
		if ok != more {
			t.Fatalf("the schedule goes on: %t, from %s: %t", more, from, ok)
		}
		if !ok {
			return
		}
		switch {
		case !plain.Before(from):
			if !got.Equal(plain) {
				t.Fatalf("next at %s, from %s at %s", plain, from, got)
			}
		case got.Equal(lapse) && last.Before(lapse):
		case got.Before(from):
			t.Fatalf("told at %s, before %s", got, from)
		case byDay(n) && (got.In(z).Format("15:04:05.000") != "09:00:00.000" || got.Sub(from) > 50*time.Hour):
			t.Fatalf("told at %s, from %s", got.In(z), from.In(z))
		case !byDay(n) && !got.Equal(from):
			t.Fatalf("told at %s, from %s", got, from)
		}
		if last.Before(lapse) && got.After(lapse) {
			t.Fatalf("the lapse at %s is skipped: told at %s", lapse, got)
		}
	})
}

// TestDigests lets digests leave whenever they may and holds them to their number.
func TestDigests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, z := notices().Draw(t, "notices"), zone(rapid.SampledFrom(zones).Draw(t, "zone"))
		now, last := moments(t, "start"), time.Time{}
		if !n.DigestFree(last, now, z) {
			t.Fatal("the first digest may not leave")
		}
		for range 30 {
			now = now.Add(rapid.Custom(upTo(n.DigestInterval/2)).Draw(t, "wait"))
			checkNewsAt(t, n, last, now, z)
			free := n.DigestFree(last, now, z)
			if !last.IsZero() {
				if free && n.Slot(last, z) == n.Slot(now, z) {
					t.Fatalf("free at %s after %s, in the same slot", now.In(z), last.In(z))
				}
				if apart := now.Sub(last); !byDay(n) && free != (apart >= n.DigestInterval) {
					t.Fatalf("free after %s: %t", apart, free)
				}
			}
			if n.DigestInterval == day && !last.IsZero() && free != (now.In(z).Format(time.DateOnly) != last.In(z).Format(time.DateOnly)) {
				t.Fatalf("free at %s after %s: %t", now.In(z), last.In(z), free)
			}
			if free {
				last = now
			}
		}
	})
}

// checkNewsAt holds when a digest about news of now leaves.
func checkNewsAt(t *rapid.T, n lifecycle.Notices, last, now time.Time, z *time.Location) {
	at := n.NewsAt(last, now, z)
	early := now.Add(n.DigestDelay)
	if at.Before(early) || !n.DigestFree(last, at, z) {
		t.Fatalf("news of %s leaves at %s after a digest at %s", now, at, last)
	}
	if n.DigestFree(last, early, z) {
		if !at.Equal(early) {
			t.Fatalf("news of %s leaves at %s, it might at %s", now, at, early)
		}
		return
	}
	if !byDay(n) {
		if !at.Equal(last.Add(n.DigestInterval)) {
			t.Fatalf("news of %s leaves at %s, the last digest left at %s", now, at, last)
		}
		return
	}
	local := at.In(z)
	if local.Format("15:04:05.000") != "09:00:00.000" || n.DigestFree(last, at.Add(-11*time.Hour), z) {
		t.Fatalf("news of %s leaves at %s, the last digest left at %s", now.In(z), local, last.In(z))
	}
}

// TestDigestDays spells out days whose clocks change.
func TestDigestDays(t *testing.T) {
	n := lifecycle.DefaultNotices()
	for _, c := range []struct{ name, zone, last, next string }{
		{"a day of 23 hours follows", "Europe/Helsinki", "2026-03-28T23:40:00+02:00", "2026-03-29T09:00:00+03:00"},
		{"a day of 23 hours", "Europe/Helsinki", "2026-03-29T00:10:00+02:00", "2026-03-30T09:00:00+03:00"},
		{"a day of 25 hours", "Europe/Helsinki", "2026-10-25T00:00:00+03:00", "2026-10-26T09:00:00+02:00"},
		{"a day of 25 hours follows", "America/New_York", "2026-10-31T00:00:00-04:00", "2026-11-01T09:00:00-05:00"},
		{"a day without midnight follows", "Asia/Beirut", "2026-03-28T23:30:00+02:00", "2026-03-29T09:00:00+03:00"},
		{"a day with two midnights", "America/Havana", "2026-11-01T00:30:00-04:00", "2026-11-02T09:00:00-05:00"},
		{"a day that never was follows", "Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-31T09:00:00+14:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			z, last, next := zone(c.zone), stamp(t, c.last), stamp(t, c.next)
			if got := n.NewsAt(last, last.Add(time.Minute), z); !got.Equal(next) {
				t.Errorf("news after %s leaves at %s, want %s", last.In(z), got.In(z), next.In(z))
			}
			for at := last; at.Before(next); at = at.Add(10 * time.Minute) {
				sameDay := at.In(z).Format(time.DateOnly) == last.In(z).Format(time.DateOnly)
				if n.DigestFree(last, at, z) == sameDay || (n.Slot(last, z) == n.Slot(at, z)) != sameDay {
					t.Fatalf("free at %s after %s: %t, in slot %s", at.In(z), last.In(z), !sameDay, n.Slot(at, z))
				}
			}
		})
	}
}

func TestNoticesCheck(t *testing.T) {
	change := func(with func(*lifecycle.Notices)) lifecycle.Notices {
		n := lifecycle.DefaultNotices()
		with(&n)
		return n
	}
	reminders := func(all ...lifecycle.Reminder) lifecycle.Notices {
		return change(func(n *lifecycle.Notices) { n.Reminders = all })
	}
	afterLapse := func(every time.Duration, times int) lifecycle.Notices {
		return change(func(n *lifecycle.Notices) { n.AfterLapse = lifecycle.AfterLapse{Every: every, Times: times} })
	}
	interval := func(d time.Duration) lifecycle.Notices {
		return change(func(n *lifecycle.Notices) { n.DigestInterval = d })
	}
	delay := func(d time.Duration) lifecycle.Notices {
		return change(func(n *lifecycle.Notices) { n.DigestDelay = d })
	}
	var many []lifecycle.Reminder
	for i := range 21 {
		many = append(many, lifecycle.Reminder{Within: time.Duration(100-i) * day, Every: day})
	}
	century := lifecycle.MaxValidity
	for _, c := range []struct {
		name    string
		notices lifecycle.Notices
		field   string // of the refusal; empty: it is allowed
	}{
		{"default", lifecycle.DefaultNotices(), ""},
		{"nothing", lifecycle.Notices{}, "reminders"},
		{"no reminder", reminders(), "reminders"},
		{"one", reminders(lifecycle.Reminder{Within: day, Every: day}), ""},
		{"twenty", reminders(many[:20]...), ""},
		{"twenty-one", reminders(many...), "reminders"},
		{"seconds", reminders(lifecycle.Reminder{Within: 20 * time.Second, Every: time.Second}), ""},
		{"the shorter first", reminders(lifecycle.Reminder{Within: 7 * day, Every: day}, lifecycle.Reminder{Within: 30 * day, Every: 7 * day}), "reminders"},
		{"the same twice", reminders(lifecycle.Reminder{Within: 7 * day, Every: day}, lifecycle.Reminder{Within: 7 * day, Every: day}), "reminders"},
		{"rarer near the end", reminders(lifecycle.Reminder{Within: 30 * day, Every: day}, lifecycle.Reminder{Within: 7 * day, Every: 2 * day}), "reminders"},
		{"as often near the end", reminders(lifecycle.Reminder{Within: 30 * day, Every: day}, lifecycle.Reminder{Within: 7 * day, Every: day}), ""},
		{"never within", reminders(lifecycle.Reminder{Within: 7 * day, Every: 8 * day}), "reminders"},
		{"within nothing", reminders(lifecycle.Reminder{Every: day}), "reminders"},
		{"within less than nothing", reminders(lifecycle.Reminder{Within: -day, Every: -2 * day}), "reminders"},
		{"all the time", reminders(lifecycle.Reminder{Within: day}), "reminders"},
		{"a century", reminders(lifecycle.Reminder{Within: century, Every: century}), ""},
		{"too long", reminders(lifecycle.Reminder{Within: century + 1, Every: day}), "reminders"},
		{"no word after the lapse", afterLapse(0, 0), ""},
		{"less than no word", afterLapse(day, -1), "after_lapse"},
		{"too many words", afterLapse(day, 101), "after_lapse"},
		{"words at once", afterLapse(0, 1), "after_lapse"},
		{"words in the past", afterLapse(-day, 1), "after_lapse"},
		{"a century after the lapse", afterLapse(century/100, 100), ""},
		{"more than that", afterLapse(century/100+1, 100), "after_lapse"},
		{"an overflow", afterLapse(1<<63-1, 100), "after_lapse"},
		{"no interval", interval(0), "digest_interval"},
		{"less than a second", interval(time.Second - 1), "digest_interval"},
		{"a second", interval(time.Second), ""},
		{"a day and a half", interval(36 * time.Hour), "digest_interval"},
		{"two days", interval(2 * day), ""},
		{"a month", interval(31 * day), ""},
		{"more than a month", interval(32 * day), "digest_interval"},
		{"no delay", delay(0), ""},
		{"a day's delay", delay(day), ""},
		{"a longer delay", delay(day + 1), "digest_delay"},
		{"a negative delay", delay(-1), "digest_delay"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.notices.Check()
			if c.field == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			refused(t, err, lifecycle.Invalid)
			var rule *lifecycle.Error
			if errors.As(err, &rule); rule.Field != c.field {
				t.Errorf("field %q, want %q", rule.Field, c.field)
			}
		})
	}
}

func TestUrgent(t *testing.T) {
	for left, want := range map[time.Duration]bool{
		7 * day: false, 7*day - 1: true, 0: true, -day: true, 90 * day: false,
	} {
		if got := lifecycle.Urgent(at(left), start); got != want {
			t.Errorf("with %s left: %t", left, got)
		}
	}
}

func TestCheckSnooze(t *testing.T) {
	renewed := func(l *life) *life { return l.renew(730 * day) }
	for _, c := range []struct {
		name       string
		life       func(*life) *life
		now, until time.Duration
		kind       lifecycle.Kind // of the refusal; empty: it is allowed
	}{
		{"for a week", renewed, 740 * day, 747 * day, ""},
		{"to the end", renewed, 740 * day, 820 * day, ""},
		{"past the end", renewed, 740 * day, 820*day + time.Millisecond, lifecycle.Invalid},
		{"until now", renewed, 740 * day, 740 * day, lifecycle.Invalid},
		{"until yesterday", renewed, 740 * day, 739 * day, lifecycle.Invalid},
		{"after the lapse", renewed, 830 * day, 840 * day, lifecycle.Invalid},
		{"nothing awaits", func(l *life) *life { return l }, 10 * day, 20 * day, lifecycle.Conflict},
		{"acknowledged", func(l *life) *life { return renewed(l).acknowledge(735 * day) }, 740 * day, 747 * day, lifecycle.Conflict},
		{"reset", func(l *life) *life { return renewed(l).reset(735 * day) }, 740 * day, 747 * day, lifecycle.Conflict},
		{"deleted", func(l *life) *life { return renewed(l).delete(735 * day) }, 740 * day, 747 * day, lifecycle.Conflict},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := lifecycle.CheckSnooze(c.life(born(t)).f, at(c.until), at(c.now))
			if c.kind == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			refused(t, err, c.kind)
		})
	}
}
