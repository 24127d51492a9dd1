package lifecycle_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

const day = 24 * time.Hour

// start is the moment at which the tests' first pairs are made.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// user is the id whose due dates the tables speak of.
const user = 42

// plain has no spread, so that due dates can be told by hand: a pair made at
// day 0 is due at day 730 and ends at day 820.
var plain = lifecycle.Policy{Validity: 820 * day, RenewBefore: 90 * day}

// forever is terms whose authority limits nothing here.
func forever(p lifecycle.Policy) lifecycle.Terms {
	return lifecycle.Terms{Policy: p, CAEnd: start.Add(40_000 * day)}
}

func at(d time.Duration) time.Time { return start.Add(d) }

// life plays changes on facts and fails the test where a rule refuses one.
type life struct {
	t *testing.T
	f lifecycle.Facts
}

func born(t *testing.T) *life {
	t.Helper()
	l := &life{t: t, f: lifecycle.Facts{UserID: user}}
	return l.play(lifecycle.Create(user, forever(plain), start))
}

func (l *life) play(c lifecycle.Change, err error) *life {
	l.t.Helper()
	if err != nil {
		l.t.Fatalf("a rule refused: %v", err)
	}
	l.f = l.f.Apply(c)
	return l
}

func (l *life) renew(d time.Duration) *life {
	l.t.Helper()
	return l.play(lifecycle.Renew(l.f, forever(plain), at(d)))
}

func (l *life) acknowledge(d time.Duration) *life {
	l.t.Helper()
	return l.play(lifecycle.Acknowledge(l.f, 0, "ada@example.com", lifecycle.AckByPerson, at(d)))
}

func (l *life) reset(d time.Duration) *life {
	l.t.Helper()
	return l.play(lifecycle.Reset(l.f, forever(plain), at(d)))
}

func (l *life) delete(d time.Duration) *life {
	l.t.Helper()
	return l.play(lifecycle.Delete(l.f, at(d)), nil)
}

// refused demands a refusal of the kind whose message holds every part.
func refused(t *testing.T, err error, kind lifecycle.Kind, parts ...string) {
	t.Helper()
	var rule *lifecycle.Error
	if !errors.As(err, &rule) {
		t.Fatalf("got error %v, want a refusal by a rule", err)
	}
	if rule.Kind != kind {
		t.Errorf("kind %q, want %q", rule.Kind, kind)
	}
	for _, p := range parts {
		if !strings.Contains(rule.Message, p) {
			t.Errorf("message %q does not say %q", rule.Message, p)
		}
	}
}

func TestState(t *testing.T) {
	type moment struct {
		at   time.Duration
		want lifecycle.State
	}
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		life    func(*life)
		moments []moment
	}{
		{"never renewed", func(l *life) {}, []moment{
			{0, lifecycle.Valid}, {820 * day, lifecycle.Valid}, {820*day + ms, lifecycle.Lapsed},
		}},
		{"renewed", func(l *life) { l.renew(730 * day) }, []moment{
			{730 * day, lifecycle.Expiring}, {820 * day, lifecycle.Expiring}, {820*day + ms, lifecycle.Lapsed},
			{1550 * day, lifecycle.Lapsed}, {1551 * day, lifecycle.Lapsed},
		}},
		{"acknowledged", func(l *life) { l.renew(730 * day).acknowledge(740 * day) }, []moment{
			{740 * day, lifecycle.Acknowledged}, {820 * day, lifecycle.Acknowledged}, {820*day + ms, lifecycle.Valid},
			{1550*day + ms, lifecycle.Lapsed},
		}},
		{"acknowledged after the lapse", func(l *life) { l.renew(730 * day).acknowledge(900 * day) }, []moment{
			{900 * day, lifecycle.Valid},
		}},
		{"renewed again, never acknowledged", func(l *life) { l.renew(730 * day).renew(1460 * day) }, []moment{
			{1460 * day, lifecycle.Expiring}, {1550*day + ms, lifecycle.Lapsed},
		}},
		{"renewed again after an acknowledgement", func(l *life) { l.renew(730 * day).acknowledge(740 * day).renew(1460 * day) }, []moment{
			{1460 * day, lifecycle.Expiring},
		}},
		{"renewed after its end", func(l *life) { l.renew(830 * day) }, []moment{{830 * day, lifecycle.Lapsed}}},
		{"reset", func(l *life) { l.reset(10 * day) }, []moment{{10 * day, lifecycle.Valid}, {830*day + ms, lifecycle.Lapsed}}},
		{"reset while expiring", func(l *life) { l.renew(730 * day).reset(735 * day) }, []moment{{735 * day, lifecycle.Valid}}},
		{"reset while acknowledged", func(l *life) { l.renew(730 * day).acknowledge(731 * day).reset(735 * day) }, []moment{{735 * day, lifecycle.Valid}}},
		{"reset while lapsed", func(l *life) { l.renew(730 * day).reset(900 * day) }, []moment{{900 * day, lifecycle.Valid}}},
		{"deleted", func(l *life) { l.delete(day) }, []moment{{day, lifecycle.Deleted}, {900 * day, lifecycle.Deleted}}},
		{"deleted while expiring", func(l *life) { l.renew(730 * day).delete(740 * day) }, []moment{{740 * day, lifecycle.Deleted}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := born(t)
			c.life(l)
			for _, m := range c.moments {
				if got := l.f.State(at(m.at)); got != m.want {
					t.Errorf("at %s: %s, want %s", m.at, got, m.want)
				}
			}
		})
	}
}

func TestExpiringEnd(t *testing.T) {
	l := born(t)
	if end, ok := l.f.ExpiringEnd(); ok || !end.IsZero() {
		t.Errorf("a pair that was never renewed awaits until %s", end)
	}
	l.renew(730 * day)
	if end, ok := l.f.ExpiringEnd(); !ok || !end.Equal(at(820*day)) {
		t.Errorf("got %s, %t, want the old pair's end", end, ok)
	}
	l.acknowledge(900 * day)
	if _, ok := l.f.ExpiringEnd(); ok {
		t.Error("still awaits after the acknowledgement")
	}
}

func TestCreate(t *testing.T) {
	now := start.Add(1234 * time.Millisecond)
	c, err := lifecycle.Create(user, forever(plain), now)
	if err != nil {
		t.Fatal(err)
	}
	if c.Action != lifecycle.ActionCreate || c.Base != 0 || !c.At.Equal(now) || c.Open != nil || c.Revoke != nil || c.Empty() {
		t.Errorf("unexpected change %+v", c)
	}
	want := lifecycle.Issue{Number: 1, NotBefore: start.Add(time.Second - time.Hour), NotAfter: start.Add(time.Second + 820*day)}
	if *c.Issue != want {
		t.Errorf("issue %+v, want %+v", *c.Issue, want)
	}
	if due := (lifecycle.Due{At: want.NotAfter.Add(-90 * day), Policy: plain}); *c.Due != due {
		t.Errorf("due %+v, want %+v", *c.Due, due)
	}
}

func TestLeafEndsWithItsAuthority(t *testing.T) {
	end := at(100*day + 300*time.Millisecond)
	c, err := lifecycle.Create(user, lifecycle.Terms{Policy: plain, CAEnd: end}, start)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Issue.NotAfter.Equal(at(100 * day)) {
		t.Errorf("ends at %s, want the authority's end in whole seconds", c.Issue.NotAfter)
	}
	_, err = lifecycle.Create(user, lifecycle.Terms{Policy: plain, CAEnd: at(90 * day)}, start)
	refused(t, err, lifecycle.Conflict, "due for renewal at once", at(90*day).Format(time.RFC3339), "rotate")
}

func TestRenewClosesTheOlderRenewal(t *testing.T) {
	l := born(t).renew(730 * day)
	if got := l.f.Renewals[0]; got != (lifecycle.Renewal{New: 2, Replaced: 1, CreatedAt: at(730 * day)}) {
		t.Errorf("renewal %+v", got)
	}
	l.renew(1460 * day)
	first, second := l.f.Renewals[0], l.f.Renewals[1]
	if first.ClosedAs != lifecycle.ClosedSuperseded || !first.ClosedAt.Equal(at(1460*day)) || first.Awaiting() {
		t.Errorf("the older renewal is %+v, want it superseded", first)
	}
	if pending, ok := l.f.Pending(); !ok || pending != second || pending.New != 3 || pending.Replaced != 2 {
		t.Errorf("pending is %+v", pending)
	}
}

func TestRenewLeavesAnAcknowledgedRenewalAlone(t *testing.T) {
	l := born(t).renew(730 * day).acknowledge(731 * day)
	before := l.f.Renewals[0]
	l.renew(1460 * day)
	if l.f.Renewals[0] != before {
		t.Errorf("the acknowledged renewal became %+v", l.f.Renewals[0])
	}
}

func TestRenewWaitsWhileTwoOlderPairsLive(t *testing.T) {
	l := born(t).renew(100 * day).renew(200 * day)
	c, err := lifecycle.Renew(l.f, forever(plain), at(300*day))
	if err != nil {
		t.Fatal(err)
	}
	due := at(820*day + time.Second)
	if c.Action != lifecycle.ActionPostpone || c.Issue != nil || c.Open != nil || c.Close != nil {
		t.Errorf("want nothing but a postponement, got %+v", c)
	}
	if *c.Due != (lifecycle.Due{At: due, Policy: plain, SpreadTo: due}) {
		t.Errorf("due %+v, want one second after the first end", *c.Due)
	}
	if l.play(c, nil).renew(820*day + time.Second); l.f.Current().Number != 4 {
		t.Errorf("current is %d, want 4", l.f.Current().Number)
	}
}

func TestRenewRefuses(t *testing.T) {
	l := born(t)
	_, err := lifecycle.Renew(l.f, lifecycle.Terms{Policy: plain, CAEnd: at(900 * day)}, at(820*day))
	refused(t, err, lifecycle.Conflict, "due for renewal at once", "rotate")
	l.delete(day)
	_, err = lifecycle.Renew(l.f, forever(plain), at(730*day))
	refused(t, err, lifecycle.Conflict, "deleted")
}

func TestRenewOnRequest(t *testing.T) {
	for _, c := range []struct {
		name   string
		life   func(*life)
		terms  lifecycle.Terms
		at     time.Duration
		refuse []string // parts of the message; nil: it is made
	}{
		{"early", func(*life) {}, forever(plain), 100 * day, nil},
		{"too early to outlive the current pair by renew_before", func(*life) {}, forever(plain), 89 * day,
			[]string{"less than renew_before", at(90 * day).Format(time.RFC3339)}},
		{"as early as may be", func(*life) {}, forever(plain), 90 * day, nil},
		{"the authority ends too early", func(*life) {}, lifecycle.Terms{Policy: plain, CAEnd: at(900 * day)}, 700 * day,
			[]string{"authority ends at " + at(900*day).Format(time.RFC3339), "rotate"}},
		{"after the end", func(*life) {}, forever(plain), 900 * day, nil},
		{"in an overlap", func(l *life) { l.renew(730 * day) }, forever(plain), 820 * day,
			[]string{"generation 1", at(820 * day).Format(time.RFC3339), "acknowledge", "reset"}},
		{"in an acknowledged overlap", func(l *life) { l.renew(730 * day).acknowledge(731 * day) }, forever(plain), 800 * day,
			[]string{"generation 1", "acknowledge", "reset"}},
		{"after the overlap", func(l *life) { l.renew(730 * day) }, forever(plain), 820*day + time.Millisecond, nil},
		{"after a reset", func(l *life) { l.reset(10 * day) }, forever(plain), 100 * day, nil},
		{"deleted", func(l *life) { l.delete(day) }, forever(plain), 100 * day, []string{"deleted"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := born(t)
			c.life(l)
			change, err := lifecycle.RenewOnRequest(l.f, c.terms, at(c.at))
			if c.refuse != nil {
				refused(t, err, lifecycle.Conflict, c.refuse...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if change.Action != lifecycle.ActionRenew || change.Issue.Number != l.f.Current().Number+1 {
				t.Errorf("unexpected change %+v", change)
			}
		})
	}
}

func TestAcknowledge(t *testing.T) {
	l := born(t).renew(730 * day)
	now := at(735 * day)
	c, err := lifecycle.Acknowledge(l.f, 2, "ada@example.com", lifecycle.AckByPerson, now)
	if err != nil {
		t.Fatal(err)
	}
	want := lifecycle.Renewal{
		New: 2, Replaced: 1, CreatedAt: at(730 * day),
		AcknowledgedAt: now, AcknowledgedBy: "ada@example.com", AcknowledgedHow: lifecycle.AckByPerson,
	}
	if c.Action != lifecycle.ActionAcknowledge || *c.Acknowledge != want || c.Issue != nil || c.Due != nil || c.Revoke != nil {
		t.Errorf("unexpected change %+v", c)
	}
	l.play(c, nil)
	for _, generation := range []int{0, 2} {
		again, err := lifecycle.Acknowledge(l.f, generation, "bob@example.com", lifecycle.AckByPerson, now.Add(day))
		if err != nil || !again.Empty() {
			t.Errorf("repeating it with generation %d: %+v, %v, want an empty change", generation, again, err)
		}
	}
}

func TestAcknowledgeRefusesAnotherGeneration(t *testing.T) {
	l := born(t).renew(730 * day)
	for _, generation := range []int{1, 3, 987654321, -1} {
		c, err := lifecycle.Acknowledge(l.f, generation, "ada@example.com", lifecycle.AckByPerson, at(735*day))
		refused(t, err, lifecycle.Conflict, "generation is 2")
		if !c.Empty() {
			t.Errorf("generation %d: a refusal with a change", generation)
		}
		if strings.Contains(err.Error(), "987654321") {
			t.Errorf("%q repeats what the caller sent", err)
		}
	}
}

func TestAcknowledgeWhereNothingAwaits(t *testing.T) {
	for name, l := range map[string]*life{
		"never renewed": born(t),
		"reset":         born(t).renew(730 * day).reset(735 * day),
		"deleted":       born(t).renew(730 * day).delete(735 * day),
	} {
		c, err := lifecycle.Acknowledge(l.f, 0, "ada@example.com", lifecycle.AckByPerson, at(740*day))
		if err != nil || !c.Empty() {
			t.Errorf("%s: %+v, %v, want an empty change", name, c, err)
		}
	}
}

func TestReset(t *testing.T) {
	l := born(t).renew(730 * day)
	c, err := lifecycle.Reset(l.f, forever(plain), at(740*day))
	if err != nil {
		t.Fatal(err)
	}
	if c.Action != lifecycle.ActionReset || c.Issue.Number != 3 || c.Open != nil || !slices.Equal(c.Revoke, []int{1, 2}) ||
		!slices.Equal(c.Close, []int{2}) || c.CloseAs != lifecycle.ClosedReset || !c.Due.At.Equal(at(1470*day)) {
		t.Errorf("unexpected change %+v", c)
	}
	l.play(c, nil)
	again, err := lifecycle.Reset(l.f, forever(plain), at(741*day))
	if err != nil || !slices.Equal(again.Revoke, []int{3}) {
		t.Errorf("the second reset revokes %v (%v), want what the first one made", again.Revoke, err)
	}
	l.delete(742 * day)
	_, err = lifecycle.Reset(l.f, forever(plain), at(743*day))
	refused(t, err, lifecycle.Conflict, "deleted")
}

func TestDelete(t *testing.T) {
	l := born(t).renew(730 * day)
	c := lifecycle.Delete(l.f, at(740*day))
	if c.Action != lifecycle.ActionDelete || !c.Delete || c.Issue != nil || !slices.Equal(c.Revoke, []int{1, 2}) ||
		!slices.Equal(c.Close, []int{2}) || c.CloseAs != lifecycle.ClosedDeleted || c.Empty() {
		t.Errorf("unexpected change %+v", c)
	}
	l.play(c, nil)
	if len(l.f.Generations) != 2 || len(l.f.Renewals) != 1 || !l.f.DeletedAt.Equal(at(740*day)) {
		t.Errorf("the facts did not stay: %+v", l.f)
	}
}

func TestLastEnd(t *testing.T) {
	short := lifecycle.Policy{Validity: 30 * day, RenewBefore: 5 * day}
	for _, c := range []struct {
		name string
		life func(*life)
		at   time.Duration
		want time.Duration // 0: none
	}{
		{"one pair", func(*life) {}, day, 820 * day},
		{"at its end", func(*life) {}, 820 * day, 820 * day},
		{"after its end", func(*life) {}, 820*day + time.Millisecond, 0},
		{"two pairs", func(l *life) { l.renew(730 * day) }, 740 * day, 1550 * day},
		{"a longer pair that was revoked before", func(l *life) {
			l.play(lifecycle.Reset(l.f, forever(short), at(10*day)))
		}, 11 * day, 820 * day},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := born(t)
			c.life(l)
			now := at(c.at)
			end, ok := l.f.LastEnd(lifecycle.Delete(l.f, now), now)
			if ok != (c.want != 0) || ok && !end.Equal(at(c.want)) {
				t.Errorf("got %s, %t, want %s", end, ok, c.want)
			}
		})
	}
}

func TestLastEndLooksAtRevokedPairsAlone(t *testing.T) {
	l := born(t).renew(730 * day)
	c, err := lifecycle.Reset(l.f, forever(plain), at(740*day))
	if err != nil {
		t.Fatal(err)
	}
	if end, ok := l.f.LastEnd(c, at(740*day)); !ok || !end.Equal(at(1550*day)) {
		t.Errorf("got %s, %t, want the end of the newest revoked pair", end, ok)
	}
	if _, ok := l.f.LastEnd(lifecycle.Change{}, at(740*day)); ok {
		t.Error("a change that revokes nothing leaves no end")
	}
}

func TestRetryAt(t *testing.T) {
	for _, c := range []struct{ left, want time.Duration }{
		{90 * day, time.Hour},
		{5 * time.Hour, 30 * time.Minute},
		{9 * time.Minute, time.Minute},
		{0, time.Minute},
		{-day, time.Minute},
	} {
		if got := lifecycle.RetryAt(start.Add(c.left), start).Sub(start); got != c.want {
			t.Errorf("%s left: again after %s, want %s", c.left, got, c.want)
		}
	}
}

func TestApplyLeavesItsReceiverAlone(t *testing.T) {
	l := born(t).renew(730 * day)
	before := lifecycle.Facts{
		UserID: l.f.UserID, Revision: l.f.Revision, RenewAt: l.f.RenewAt,
		Generations: slices.Clone(l.f.Generations), Renewals: slices.Clone(l.f.Renewals),
	}
	l.f.Apply(lifecycle.Delete(l.f, at(740*day)))
	if !slices.Equal(l.f.Generations, before.Generations) || !slices.Equal(l.f.Renewals, before.Renewals) || l.f.Revision != before.Revision {
		t.Errorf("Apply changed what it was called on: %+v", l.f)
	}
}

func TestBrokerKitDue(t *testing.T) {
	end := at(lifecycle.BrokerValidity)
	for d, want := range map[time.Duration]bool{0: false, 730*day - time.Millisecond: false, 730 * day: true, 900 * day: true} {
		if got := lifecycle.BrokerKitDue(end, at(d)); got != want {
			t.Errorf("at %s: %t, want %t", d, got, want)
		}
	}
}

func TestCASuccessorDue(t *testing.T) {
	end := at(3650 * day)
	due := 3650*day - (820+90+180)*day
	for d, want := range map[time.Duration]bool{0: false, due - time.Millisecond: false, due: true, 4000 * day: true} {
		if got := lifecycle.CASuccessorDue(end, plain, at(d)); got != want {
			t.Errorf("at %s: %t, want %t", d, got, want)
		}
	}
}

// strict is terms under which each renewal of a key that its client keeps waits.
func strict() lifecycle.Terms {
	t := forever(plain)
	t.Rekey = lifecycle.RekeyRequired
	return t
}

// bornByCSR is a user whose key is with its client.
func bornByCSR(t *testing.T) *life {
	t.Helper()
	l := &life{t: t, f: lifecycle.Facts{UserID: user}}
	return l.play(lifecycle.CreateByCSR(user, forever(plain), start))
}

func TestSweepCertifiesTheSameKeyAgain(t *testing.T) {
	l := bornByCSR(t).renew(730 * day)
	if g := l.f.Current(); g.Number != 2 || !g.ByCSR || l.f.State(at(731*day)) != lifecycle.Expiring {
		t.Errorf("the sweep made %+v", g)
	}
}

func TestSweepWaitsForANewKey(t *testing.T) {
	l := bornByCSR(t)
	c, err := lifecycle.Renew(l.f, strict(), at(730*day))
	if err != nil || !c.Await || c.Issue != nil || c.Due != nil || c.Open == nil || c.Empty() {
		t.Fatalf("got %+v, %v", c, err)
	}
	l.play(c, nil)
	for d, want := range map[time.Duration]lifecycle.State{731 * day: lifecycle.Expiring, 820 * day: lifecycle.Expiring, 820*day + time.Second: lifecycle.Lapsed} {
		if got := l.f.State(at(d)); got != want {
			t.Errorf("on day %s it is %s, want %s", d, got, want)
		}
	}
	if end, ok := l.f.ExpiringEnd(); !ok || !end.Equal(at(820*day)) {
		t.Errorf("waits for the end %s (%t)", end, ok)
	}
	again, err := lifecycle.Renew(l.f, strict(), at(740*day))
	if err != nil || !again.Await || again.Open != nil {
		t.Errorf("the sweep looks again and opens another: %+v, %v", again, err)
	}
	_, err = lifecycle.Acknowledge(l.f, 0, "ada@example.com", lifecycle.AckByPerson, at(741*day))
	refused(t, err, lifecycle.Conflict, "waits for a certificate signing request")
	if c, err := lifecycle.Acknowledge(l.f, 1, "ada@example.com", lifecycle.AckByPerson, at(741*day)); err != nil || !c.Empty() {
		t.Errorf("acknowledging what awaits nothing: %+v, %v", c, err)
	}
	_, err = lifecycle.RenewByCSR(l.f, strict(), true, at(742*day))
	refused(t, err, lifecycle.Conflict, "requires a new key")
	l.play(lifecycle.RenewByCSR(l.f, strict(), false, at(742*day)))
	if r := l.f.Renewals[0]; r.Waits || r.New != 2 || !r.CreatedAt.Equal(at(742*day)) || !r.Awaiting() || len(l.f.Renewals) != 1 {
		t.Errorf("the request left %+v", l.f.Renewals)
	}
}

// TestLateRequestFulfils: what waits may be fulfilled after the pair's end, and
// while an older pair is live, as the sweep would have renewed it then.
func TestLateRequestFulfils(t *testing.T) {
	l := bornByCSR(t)
	l.play(lifecycle.Renew(l.f, strict(), at(730*day)))
	l.play(lifecycle.RenewByCSR(l.f, strict(), false, at(900*day)))
	if got := l.f.State(at(900 * day)); got != lifecycle.Lapsed {
		t.Errorf("until somebody says that the new pair is in use it is %s", got)
	}
	if got := l.acknowledge(901 * day).f.State(at(901 * day)); got != lifecycle.Valid {
		t.Errorf("then it is %s", got)
	}
}

func TestRequestAheadOfItsDate(t *testing.T) {
	l := born(t)
	_, err := lifecycle.RenewByCSR(l.f, forever(plain), false, at(day))
	refused(t, err, lifecycle.Conflict, "less than renew_before")
	l.play(lifecycle.RenewByCSR(l.f, strict(), false, at(100*day)))
	if f := l.f; f.Generations[0].ByCSR || !f.Generations[1].ByCSR {
		t.Errorf("generations %+v", f.Generations)
	}
	_, err = lifecycle.RenewByCSR(l.f, strict(), false, at(101*day))
	refused(t, err, lifecycle.Conflict, "generation 1 is still valid")
	_, err = lifecycle.RenewOnRequest(l.f, strict(), at(900*day))
	refused(t, err, lifecycle.Conflict, "requires a new key")
	_, err = lifecycle.Reset(l.f, forever(plain), at(101*day))
	refused(t, err, lifecycle.Conflict, "cannot be replaced here")
}

func TestResetByRequestClosesWhatWaits(t *testing.T) {
	l := bornByCSR(t)
	l.play(lifecycle.Renew(l.f, strict(), at(730*day)))
	l.play(lifecycle.ResetByCSR(l.f, strict(), at(731*day)))
	r := l.f.Renewals[0]
	if !r.Waits || r.ClosedAs != lifecycle.ClosedReset || l.f.Current().Number != 2 || l.f.State(at(731*day)) != lifecycle.Valid {
		t.Errorf("after the reset: %+v, %+v", r, l.f.Current())
	}
	l.renew(731*day + 730*day)
	if got := l.f.Renewals[1]; got.New != 3 || got.Replaced != 2 {
		t.Errorf("the next renewal is %+v", got)
	}
}
