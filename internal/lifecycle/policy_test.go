package lifecycle_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/segue-project/segue/internal/lifecycle"
)

func TestPolicyCheck(t *testing.T) {
	century := lifecycle.MaxValidity
	for _, c := range []struct {
		name   string
		policy lifecycle.Policy
		field  string // of the refusal; empty: it is allowed
	}{
		{"default", lifecycle.DefaultPolicy(), ""},
		{"seconds", lifecycle.Policy{Validity: 20 * time.Second, RenewBefore: 8 * time.Second, Spread: 2 * time.Second}, ""},
		{"exactly twice", lifecycle.Policy{Validity: 20 * day, RenewBefore: 8 * day, Spread: 2 * day}, ""},
		{"no spread", lifecycle.Policy{Validity: 20 * day, RenewBefore: 8 * day}, ""},
		{"the longest", lifecycle.Policy{Validity: century, RenewBefore: century / 2}, ""},
		{"less than twice", lifecycle.Policy{Validity: 20*day - 1, RenewBefore: 8 * day, Spread: 2 * day}, "validity"},
		{"twice renew_before without the spread", lifecycle.Policy{Validity: 20 * day, RenewBefore: 10 * day, Spread: 1}, "validity"},
		{"zero", lifecycle.Policy{}, "validity"},
		{"negative validity", lifecycle.Policy{Validity: -day, RenewBefore: -day}, "validity"},
		{"no overlap", lifecycle.Policy{Validity: day}, "renew_before"},
		{"negative overlap", lifecycle.Policy{Validity: day, RenewBefore: -1}, "renew_before"},
		{"negative spread", lifecycle.Policy{Validity: day, RenewBefore: time.Hour, Spread: -1}, "spread"},
		{"too long", lifecycle.Policy{Validity: century + 1, RenewBefore: day}, "validity"},
		{"twice the sum overflows", lifecycle.Policy{Validity: century, RenewBefore: century, Spread: century}, "validity"},
		{"the sum overflows", lifecycle.Policy{Validity: 1<<63 - 1, RenewBefore: 1<<63 - 1, Spread: 1<<63 - 1}, "validity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.policy.Check()
			if c.field == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			refused(t, err, lifecycle.Invalid, c.field)
			var rule *lifecycle.Error
			if errors.As(err, &rule); rule.Field != c.field {
				t.Errorf("field %q, want %q", rule.Field, c.field)
			}
		})
	}
}

func TestEffective(t *testing.T) {
	p := func(d time.Duration) *time.Duration { return &d }
	project := lifecycle.Override{Validity: p(400 * day), RenewBefore: p(30 * day), Rekey: new(lifecycle.RekeyRequired)}
	service := lifecycle.Override{RenewBefore: p(20 * day)}

	got, from := lifecycle.Effective(project, service)
	if want := (lifecycle.Policy{Validity: 400 * day, RenewBefore: 20 * day, Spread: 5 * day}); got != want {
		t.Errorf("policy %+v, want %+v", got, want)
	}
	if want := (lifecycle.Sources{Validity: lifecycle.FromProject, RenewBefore: lifecycle.FromService, Spread: lifecycle.FromDefault}); from != want {
		t.Errorf("sources %+v, want %+v", from, want)
	}
	got, from = lifecycle.Effective(lifecycle.Override{}, lifecycle.Override{Spread: p(0)})
	if rekey, from := lifecycle.EffectiveRekey(project, service); rekey != lifecycle.RekeyRequired || from != lifecycle.FromProject {
		t.Errorf("rekey is %s from the %s", rekey, from)
	}
	if rekey, from := lifecycle.EffectiveRekey(lifecycle.Override{}, lifecycle.Override{}); rekey != lifecycle.RekeyAllowed || from != lifecycle.FromDefault {
		t.Errorf("rekey is %s from the %s", rekey, from)
	}
	if rekey, from := lifecycle.EffectiveRekey(project, lifecycle.Override{Rekey: new(lifecycle.RekeyAllowed)}); rekey != lifecycle.RekeyAllowed || from != lifecycle.FromService {
		t.Errorf("rekey is %s from the %s", rekey, from)
	}
	if got.Spread != 0 || from.Spread != lifecycle.FromService {
		t.Errorf("a spread set to 0 is %s from the %s", got.Spread, from.Spread)
	}
}

func TestRenewAtSpreadsUsersBeforeTheWindow(t *testing.T) {
	p := lifecycle.DefaultPolicy()
	latest := start.Add(-p.RenewBefore)
	buckets := make([]int, 5)
	for id := range int64(1000) {
		due := p.RenewAt(id, start)
		jitter := latest.Sub(due)
		if jitter < 0 || jitter >= p.Spread {
			t.Fatalf("user %d: jitter %s is outside [0, %s)", id, jitter, p.Spread)
		}
		if !due.Equal(p.RenewAt(id, start)) {
			t.Fatalf("user %d: the due date is not a function of the user", id)
		}
		buckets[jitter/day]++
	}
	for d, n := range buckets {
		if n < 120 || n > 280 { // 200 expected; six standard deviations
			t.Errorf("%d of 1000 users are due on day %d, want about 200", n, d)
		}
	}
}

// TestJitterStaysBelowTheSpread takes a spread of two steps, where the first
// value that is too large would come up at once.
func TestJitterStaysBelowTheSpread(t *testing.T) {
	p := lifecycle.Policy{Validity: day, RenewBefore: time.Hour, Spread: 2 * time.Millisecond}
	seen := map[time.Duration]bool{}
	for id := range int64(100) {
		seen[start.Add(-p.RenewBefore).Sub(p.RenewAt(id, start))] = true
	}
	if len(seen) != 2 || !seen[0] || !seen[time.Millisecond] {
		t.Errorf("jitters are %v, want 0 and 1ms", seen)
	}
}

func TestRedue(t *testing.T) {
	early := lifecycle.Policy{Validity: 820 * day, RenewBefore: 400 * day}
	late := lifecycle.Policy{Validity: 820 * day, RenewBefore: 30 * day}
	end := at(820 * day)
	was := at(730 * day)

	t.Run("later", func(t *testing.T) {
		due, spread := late.Redue(user, end, was, at(10*day))
		if !due.Equal(at(790*day)) || !spread.IsZero() {
			t.Errorf("due %s, spread %s", due, spread)
		}
	})
	t.Run("earlier, not at once", func(t *testing.T) {
		due, spread := early.Redue(user, end, was, at(10*day))
		if !due.Equal(at(420*day)) || !spread.IsZero() {
			t.Errorf("due %s, spread %s", due, spread)
		}
	})
	t.Run("due before the change and after it", func(t *testing.T) {
		due, spread := early.Redue(user, end, was, was)
		if !due.Equal(at(420*day)) || !spread.IsZero() {
			t.Errorf("due %s, spread %s", due, spread)
		}
	})
	t.Run("at once, but the end is near", func(t *testing.T) {
		near := at(500*day + 14*day - time.Second)
		due, spread := early.Redue(user, near, at(505*day), at(500*day))
		if !due.Equal(near.Add(-400*day)) || !spread.IsZero() {
			t.Errorf("due %s, spread %s", due, spread)
		}
	})
	t.Run("at once", func(t *testing.T) {
		now := at(500 * day)
		buckets := make([]int, 7)
		for id := range int64(700) {
			due, spread := early.Redue(id, end, was, now)
			wait := due.Sub(now)
			if !due.Equal(spread) || wait < 0 || wait >= lifecycle.SpreadOver {
				t.Fatalf("user %d: due %s, spread %s", id, due, spread)
			}
			buckets[wait/day]++
		}
		for d, n := range buckets {
			if n < 40 || n > 160 { // 100 expected
				t.Errorf("%d of 700 users are due on day %d, want about 100", n, d)
			}
		}
	})
	t.Run("at once, but it was due soon anyway", func(t *testing.T) {
		now := was.Add(-day)
		for id := range int64(100) {
			due, spread := early.Redue(id, end, was, now)
			if !due.Equal(spread) || due.Before(now) || due.After(was) {
				t.Fatalf("user %d: due %s, spread %s, want one from %s to %s", id, due, spread, now, was)
			}
		}
	})
}

// TestRedueAgain resumes a rewrite that a crash cut short: the second run must
// not put off what the first one settled.
func TestRedueAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policies().Draw(t, "policy")
		id := rapid.Int64().Draw(t, "user")
		now := start
		end := now.Add(rapid.Custom(upTo(p.Validity)).Draw(t, "left")).Truncate(time.Second)
		was := now.Add(rapid.Custom(upTo(p.Validity)).Draw(t, "was due after"))
		due, spread := p.Redue(id, end, was, now)
		later := now.Add(rapid.Custom(upTo(lifecycle.SpreadOver)).Draw(t, "resumed after"))
		again, spreadAgain := p.Redue(id, end, due, later)
		if !spread.IsZero() && due.After(later) && !end.Before(later.Add(2*lifecycle.SpreadOver)) &&
			(!again.Equal(due) || !spreadAgain.Equal(due)) {
			t.Fatalf("was %s, became %s when resumed", due, again)
		}
		if again.After(due) {
			t.Fatalf("put off from %s to %s", due, again)
		}
	})
}

func TestNeedsConfirmation(t *testing.T) {
	for _, c := range []struct {
		due, total int
		want       bool
	}{
		{0, 0, false}, {100, 100, false}, {101, 101, true}, {101, 1010, false}, {102, 1010, true}, {1000, 10_000, false}, {1001, 10_000, true},
	} {
		if got := lifecycle.NeedsConfirmation(c.due, c.total); got != c.want {
			t.Errorf("%d of %d: %t, want %t", c.due, c.total, got, c.want)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"820d": 820 * day, "36h": 36 * time.Hour, "90m": 90 * time.Minute, "30s": 30 * time.Second, "0s": 0, "007s": 7 * time.Second,
		"1d12h": 36 * time.Hour, "1d1h1m1s": 25*time.Hour + 61*time.Second, "36500d": lifecycle.MaxValidity, "3153600000s": lifecycle.MaxValidity,
	} {
		if got, err := lifecycle.ParseDuration("validity", s); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", s, got, err, want)
		}
	}
}

func TestParseDurationRefuses(t *testing.T) {
	for _, s := range []string{
		"", "d", "12", "12 d", " 12d", "12d ", "-1d", "+1d", "1.5d", "1e3d", "1w", "1D", "1d12", "1dd", "0x10d", "1_000d", "١٢d", "12đ", "1d\n",
		"36501d", "9223372036854775807s", "9223372036854775808s", "99999999999999999999d", "36500d1s", "36500d36500d36500d36500d36500d",
		"18446744073709551617s", strings.Repeat("1d", 17), strings.Repeat("9", 1<<16) + "d", "1d\x00", "12\xffd", "true", "null", "'; drop table users",
	} {
		got, err := lifecycle.ParseDuration("validity", s)
		if got != 0 {
			t.Errorf("%.40q: a refusal with the value %s", s, got)
		}
		refused(t, err, lifecycle.Invalid)
		switch err.Error() { // word for word, so nothing of what the caller sent
		case `validity must be a whole number with a unit of d, h, m or s, such as "820d" or "1d12h"`, "validity must be at most 36500d":
		default:
			t.Errorf("%.40q: %q", s, err)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"820d": 820 * day, "1d12h": 36 * time.Hour, "1h30m": 90 * time.Minute, "30s": 30*time.Second + 999*time.Millisecond,
		"0s": 0, "1d1s": day + time.Second,
	} {
		if got := lifecycle.FormatDuration(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	if got := lifecycle.FormatDuration(-day); got != "0s" {
		t.Errorf("a negative duration is %q", got)
	}
}

func TestDurationsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(lifecycle.MaxValidity/time.Second)).Draw(t, "seconds")) * time.Second
		text := lifecycle.FormatDuration(d)
		if got, err := lifecycle.ParseDuration("spread", text); err != nil || got != d {
			t.Fatalf("%s was written %q and read %s (%v)", d, text, got, err)
		}
	})
}

// TestParseDurationNeverLies holds every text to one of two fates: a refusal, or
// a duration that is written back as an equal one and lies within the limits.
func TestParseDurationNeverLies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.StringMatching(`([0-9]{1,12}[smhd]?){0,4}`),
			rapid.String(),
		).Draw(t, "text")
		d, err := lifecycle.ParseDuration("spread", s)
		if err != nil {
			var rule *lifecycle.Error
			if !errors.As(err, &rule) || rule.Kind != lifecycle.Invalid || rule.Field != "spread" {
				t.Fatalf("refused by %#v", err)
			}
			return
		}
		if d < 0 || d > lifecycle.MaxValidity {
			t.Fatalf("read as %s", d)
		}
		if again, err := lifecycle.ParseDuration("spread", lifecycle.FormatDuration(d)); err != nil || again != d {
			t.Fatalf("read as %s, written and read again as %s (%v)", d, again, err)
		}
	})
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{
		"a", "Z", "0", "_", "avnadmin", "orders.prod", "orders-prod", "__x", "9lives", "nobody1", "Nobody", "anonymous", strings.Repeat("n", 64),
	} {
		if err := lifecycle.CheckName("username", name); err != nil {
			t.Errorf("%q was refused: %v", name, err)
		}
	}
	for _, name := range []string{
		"", ".", "..", "-rf", ".hidden", "a b", "a\n", "\na", "a/b", "a\\b", "a:b", "a@b", "@broker", "@admin", "a,OU=@admin", "a=b", "a+b", "a\"b",
		"ü", "аdmin" /* Cyrillic */, "a\x00", "a\xff", "a\u200b", "$1", "{}", "<x>", "a*", "%41", strings.Repeat("n", 65), strings.Repeat("n", 1<<16),
		"ANONYMOUS", "nobody",
	} {
		err := lifecycle.CheckName("username", name)
		refused(t, err, lifecycle.Invalid, "username")
		if utf8.RuneCountInString(name) > 2 && strings.Contains(err.Error(), name) {
			t.Errorf("%q repeats what the caller sent", err)
		}
	}
}

// TestCheckNameKeepsOutWhatHasMeaning holds every allowed name to the alphabet
// that distinguished names, paths, URLs and mapping rules take literally.
func TestCheckNameKeepsOutWhatHasMeaning(t *testing.T) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,70}`), rapid.StringMatching(`[A-Za-z0-9._-]{0,70}`)).Draw(t, "name")
		allowed := len(name) >= 1 && len(name) <= 64 && strings.Trim(name, letters+".-") == "" && strings.Contains(letters, name[:1])
		for _, r := range name {
			allowed = allowed && strings.ContainsRune(letters+".-", r)
		}
		allowed = allowed && name != "ANONYMOUS" && name != "nobody"
		if err := lifecycle.CheckName("username", name); (err == nil) != allowed {
			t.Fatalf("allowed %t, got %v", allowed, err)
		}
	})
}
