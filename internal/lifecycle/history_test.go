package lifecycle_test

import (
	"errors"
	"flag"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-project/segue/internal/lifecycle"
)

// TestMain asks for more than rapid's 100 lives: some rules meet in one life of
// several hundred. A flag of the command line still has the last word.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "2000"); err != nil {
		panic(err)
	}
	m.Run()
}

// policies draws allowed policies, of seconds as much as of days.
func policies() *rapid.Generator[lifecycle.Policy] {
	return rapid.Custom(func(t *rapid.T) lifecycle.Policy {
		unit := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, day}).Draw(t, "unit")
		p := lifecycle.Policy{
			RenewBefore: unit * time.Duration(rapid.IntRange(1, 100).Draw(t, "renew_before")),
			Spread:      unit * time.Duration(rapid.IntRange(0, 20).Draw(t, "spread")),
		}
		p.Validity = 2*(p.RenewBefore+p.Spread) + unit*time.Duration(rapid.IntRange(0, 800).Draw(t, "beyond"))
		if err := p.Check(); err != nil {
			t.Fatalf("an allowed policy was refused: %v", err)
		}
		return p
	})
}

var rekeys = rapid.SampledFrom([]lifecycle.Rekey{lifecycle.RekeyAllowed, lifecycle.RekeyRequired})

// upTo draws a duration of whole milliseconds in [0, most].
func upTo(most time.Duration) func(*rapid.T) time.Duration {
	return func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, most.Milliseconds()).Draw(t, "ms")) * time.Millisecond
	}
}

// history is one user's life, played at random, with what the test knows of it
// besides the facts.
type history struct {
	facts    lifecycle.Facts
	now      time.Time
	policy   lifecycle.Policy
	rekey    lifecycle.Rekey
	caEnd    time.Time
	spreadTo time.Time // where the due date was spread to; zero when the policy said it
	// moved: a request, a policy change or a longer authority moved a due date,
	// maybe into an overlap.
	moved bool
	sent  bool // the change at hand comes with a certificate signing request
}

func (h *history) terms() lifecycle.Terms {
	return lifecycle.Terms{Policy: h.policy, CAEnd: h.caEnd, Rekey: h.rekey}
}

// TestHistories plays random lives and holds every moment of them to DESIGN's invariants.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{now: start.Add(rapid.Custom(upTo(day)).Draw(t, "start")), policy: policies().Draw(t, "policy")}
		h.facts.UserID = rapid.Int64().Draw(t, "user")
		h.rekey = rekeys.Draw(t, "rekey")
		h.caEnd = h.now.Add(2*h.policy.Validity + time.Duration(rapid.IntRange(0, 3650).Draw(t, "CA days"))*day)
		create := rapid.SampledFrom([]func(int64, lifecycle.Terms, time.Time) (lifecycle.Change, error){lifecycle.Create, lifecycle.CreateByCSR}).Draw(t, "create")
		c, err := create(h.facts.UserID, h.terms(), h.now)
		if err != nil {
			t.Fatalf("create: %v", err)
		}
		h.apply(t, c)
		t.Repeat(map[string]func(*rapid.T){
			"pass time":             h.passTime,
			"sweep":                 h.sweep,
			"sweep on the due date": h.sweepOnDate,
			"renew on request":      h.renewOnRequest,
			"send a CSR":            h.sendCSR,
			"reset by CSR":          h.resetByCSR,
			"acknowledge":           h.acknowledge,
			"acknowledge wrongly":   h.acknowledgeWrongly,
			"reset":                 h.reset,
			"change policy":         h.changePolicy,
			"lengthen authority":    h.lengthenAuthority,
			"delete":                h.delete,
			"look at it from past":  h.lookBack,
			"":                      h.check,
		})
	})
}

// apply saves a change the way a store does and holds it to what every change promises.
func (h *history) apply(t *rapid.T, c lifecycle.Change) {
	before := clone(h.facts)
	if c.Empty() {
		t.Fatalf("an empty change reached the store: %+v", c)
	}
	if c.Base != before.Revision || !c.At.Equal(h.now) {
		t.Fatalf("decided on revision %d at %s, want %d at %s", c.Base, c.At, before.Revision, h.now)
	}
	after := h.facts.Apply(c)
	if !reflect.DeepEqual(h.facts, before) {
		t.Fatalf("Apply changed the facts it was called on")
	}
	if after.Revision != before.Revision+1 {
		t.Fatalf("revision went from %d to %d", before.Revision, after.Revision)
	}
	if c.Issue != nil && c.Action != lifecycle.ActionCreate {
		h.checkIssue(t, c)
	}
	if c.Due != nil {
		h.spreadTo = c.Due.SpreadTo
		if c.Due.Policy != h.policy || !after.RenewAt.Equal(c.Due.At) {
			t.Fatalf("the due date %s records another policy or was not taken: %+v", after.RenewAt, c.Due)
		}
	}
	checkStep(t, before, after, c)
	h.facts = after
}

func clone(f lifecycle.Facts) lifecycle.Facts {
	f.Generations, f.Renewals = slices.Clone(f.Generations), slices.Clone(f.Renewals)
	return f
}

func (h *history) checkIssue(t *rapid.T, c lifecycle.Change) {
	is, current := c.Issue, h.facts.Current()
	if is.Number != current.Number+1 {
		t.Fatalf("issues generation %d after %d", is.Number, current.Number)
	}
	if is.NotBefore.Nanosecond() != 0 || is.NotAfter.Nanosecond() != 0 {
		t.Fatalf("a certificate's times are whole seconds: %s, %s", is.NotBefore, is.NotAfter)
	}
	if lag := h.now.Sub(is.NotBefore); lag < lifecycle.Backdate || lag >= lifecycle.Backdate+time.Second {
		t.Fatalf("notBefore lies %s back", lag)
	}
	if is.NotAfter.After(h.caEnd) || is.NotAfter.After(h.now.Add(h.policy.Validity)) {
		t.Fatalf("ends at %s: after its authority (%s) or its validity", is.NotAfter, h.caEnd)
	}
	limited := h.now.Add(h.policy.Validity).After(h.caEnd)
	if !limited && !is.NotAfter.After(h.now.Add(h.policy.Validity-time.Second)) {
		t.Fatalf("ends at %s, too early", is.NotAfter)
	}
	if c.Due == nil || !c.Due.At.After(h.now) || !c.Due.SpreadTo.IsZero() {
		t.Fatalf("a new pair that is due at once, which is a loop: %+v", c.Due)
	}
	if is.ByCSR != (h.sent || c.Action == lifecycle.ActionRenew && current.ByCSR) {
		t.Fatalf("issues generation %d by CSR: %t", is.Number, is.ByCSR)
	}
	if c.Action == lifecycle.ActionRenew && !is.NotAfter.After(current.NotAfter) {
		t.Fatalf("the new pair ends at %s, the old one at %s", is.NotAfter, current.NotAfter)
	}
}

// checkStep compares the state before and after a change with the drawing in DESIGN.
func checkStep(t *rapid.T, before, after lifecycle.Facts, c lifecycle.Change) {
	from, to := before.State(c.At), after.State(c.At)
	var allowed []lifecycle.State
	switch c.Action {
	case lifecycle.ActionCreate, lifecycle.ActionReset:
		allowed = []lifecycle.State{lifecycle.Valid}
	case lifecycle.ActionDelete:
		allowed = []lifecycle.State{lifecycle.Deleted}
	case lifecycle.ActionPostpone:
		allowed = []lifecycle.State{from}
	case lifecycle.ActionRenew, lifecycle.ActionAwaitCSR:
		allowed = []lifecycle.State{lifecycle.Expiring}
		if !before.Current().Live(c.At) {
			allowed = []lifecycle.State{lifecycle.Lapsed}
		}
	case lifecycle.ActionAcknowledge:
		allowed = map[lifecycle.State][]lifecycle.State{
			lifecycle.Expiring: {lifecycle.Acknowledged},
			lifecycle.Lapsed:   {lifecycle.Valid, lifecycle.Lapsed},
		}[from]
		if from == lifecycle.Lapsed && after.Current().Live(c.At) {
			allowed = []lifecycle.State{lifecycle.Valid}
		}
	}
	if !slices.Contains(allowed, to) {
		t.Fatalf("%s led from %s to %s, want %v", c.Action, from, to, allowed)
	}
	checkClosings(t, before, after, c)
	checkRevocations(t, before, after, c)
}

// checkClosings demands that each renewal that awaited before a renewal, reset
// or deletion is closed as that, and that nothing else about a renewal changes.
func checkClosings(t *rapid.T, before, after lifecycle.Facts, c lifecycle.Change) {
	want := map[lifecycle.Action]lifecycle.ClosedAs{
		lifecycle.ActionRenew: lifecycle.ClosedSuperseded, lifecycle.ActionAwaitCSR: lifecycle.ClosedSuperseded, lifecycle.ActionReset: lifecycle.ClosedReset, lifecycle.ActionDelete: lifecycle.ClosedDeleted,
	}[c.Action]
	for i, was := range before.Renewals {
		is := after.Renewals[i]
		waited := was.Awaiting() && was.Waits
		switch {
		case waited && c.Action == lifecycle.ActionAwaitCSR:
		case waited && c.Action == lifecycle.ActionRenew:
			was.Waits, was.CreatedAt = false, c.At
		case was.Awaiting() && want != "":
			was.ClosedAt, was.ClosedAs = c.At, want
		case c.Acknowledge != nil && was.New == c.Acknowledge.New:
			if !was.Awaiting() {
				t.Fatalf("acknowledged a renewal that did not await: %+v", was)
			}
			was.AcknowledgedAt, was.AcknowledgedBy, was.AcknowledgedHow = c.At, acknowledger, lifecycle.AckByPerson
		}
		if is != was {
			t.Fatalf("%s made of a renewal %+v, want %+v", c.Action, is, was)
		}
	}
	opened := len(after.Renewals) - len(before.Renewals)
	_, waited := before.Waiting()
	begins := (c.Action == lifecycle.ActionRenew || c.Action == lifecycle.ActionAwaitCSR) && !waited
	if begins != (opened == 1) || opened > 1 {
		t.Fatalf("%s opened %d renewals", c.Action, opened)
	}
}

// checkRevocations demands that a reset or deletion revokes every earlier
// generation, once, and that nothing else does.
func checkRevocations(t *rapid.T, before, after lifecycle.Facts, c lifecycle.Change) {
	revokes := c.Action == lifecycle.ActionReset || c.Action == lifecycle.ActionDelete
	for i, was := range before.Generations {
		if revokes && was.RevokedAt.IsZero() {
			was.RevokedAt = c.At
		}
		if after.Generations[i] != was {
			t.Fatalf("%s made of a generation %+v, want %+v", c.Action, after.Generations[i], was)
		}
	}
}

// check holds facts and state to the invariants of DESIGN, at any moment.
func (h *history) check(t *rapid.T) {
	h.checkGenerations(t)
	h.checkRenewals(t)
	h.checkState(t)
	h.checkDue(t)
	h.checkPartialFacts(t)
}

// checkGenerations is invariant 1. A pair that ends at this very millisecond
// counts as ended here: with validity = 2 × (renew_before + spread) the next
// renewal may fall on it.
func (h *history) checkGenerations(t *rapid.T) {
	for i, g := range h.facts.Generations {
		if g.Number != i+1 {
			t.Fatalf("generation %d stands at place %d", g.Number, i+1)
		}
	}
	current := h.facts.Current()
	if h.facts.DeletedAt.IsZero() && (current.Number != len(h.facts.Generations) || !current.RevokedAt.IsZero()) {
		t.Fatalf("the current generation is %+v of %d", current, len(h.facts.Generations))
	}
	others := 0
	for _, o := range h.facts.OthersLive(h.now) {
		if o.Number == current.Number || !o.RevokedAt.IsZero() || o.NotAfter.Before(h.now) {
			t.Fatalf("%+v is not another live one", o)
		}
		if o.NotAfter.After(h.now) {
			others++
		}
	}
	most := 1
	if h.moved {
		most = 2
	}
	if others > most {
		t.Fatalf("%d other pairs are live, want at most %d", others, most)
	}
	if !h.facts.DeletedAt.IsZero() && len(h.facts.OthersLive(h.now)) > 0 {
		t.Fatal("a deleted user has live pairs")
	}
}

func (h *history) checkRenewals(t *rapid.T) {
	awaiting, last := 0, 0
	for _, r := range h.facts.Renewals {
		made := len(h.facts.Generations)
		if r.Waits && r.ClosedAs != lifecycle.ClosedReset {
			made++ // the one it waits for, or waited for when the user was deleted
		}
		if r.New <= last || r.New > made || r.Replaced != r.New-1 {
			t.Fatalf("renewal %+v stands after %d, of %d generations", r, last, len(h.facts.Generations))
		}
		last = r.New
		if !r.AcknowledgedAt.IsZero() && !r.ClosedAt.IsZero() {
			t.Fatalf("renewal %+v is both acknowledged and closed", r)
		}
		if r.Awaiting() {
			awaiting++
			want := h.facts.Current().Number
			if r.Waits {
				want++
			}
			if r.New != want {
				t.Fatalf("renewal %+v awaits, but %d is current", r, h.facts.Current().Number)
			}
		}
	}
	if awaiting > 1 || awaiting > 0 && !h.facts.DeletedAt.IsZero() {
		t.Fatalf("%d renewals await", awaiting)
	}
}

// checkState demands one of the five states and that expiring and lapsed mean
// what they say: a renewal awaits, or the current pair itself ended.
func (h *history) checkState(t *rapid.T) {
	end, awaits := h.facts.ExpiringEnd()
	ended := h.now.After(h.facts.Current().NotAfter)
	var want lifecycle.State
	switch {
	case !h.facts.DeletedAt.IsZero():
		want = lifecycle.Deleted
	case ended:
		want = lifecycle.Lapsed
	case awaits && h.now.After(end):
		want = lifecycle.Lapsed
	case awaits:
		want = lifecycle.Expiring
	case h.acknowledgedPairLives():
		want = lifecycle.Acknowledged
	default:
		want = lifecycle.Valid
	}
	if got := h.facts.State(h.now); got != want {
		t.Fatalf("state %s, want %s", got, want)
	}
	// What a user's row repeats tells a renewal that waits by this.
	if _, waits := h.facts.Waiting(); waits != (awaits && end.Equal(h.facts.Current().NotAfter)) {
		t.Fatalf("waits for a CSR: %t, and for the end at %s; the current pair ends at %s", waits, end, h.facts.Current().NotAfter)
	}
	if awaits && end.After(h.facts.Current().NotAfter) {
		t.Fatalf("waits for the end at %s of a pair that outlives the current one", end)
	}
}

func (h *history) acknowledgedPairLives() bool {
	if len(h.facts.Renewals) == 0 {
		return false
	}
	r := h.facts.Renewals[len(h.facts.Renewals)-1]
	old := h.facts.Generations[r.Replaced-1]
	return !r.AcknowledgedAt.IsZero() && old.RevokedAt.IsZero() && !h.now.After(old.NotAfter)
}

// checkDue demands that the due date is what the policy or the recorded spread
// says, and by the policy never later than the window.
func (h *history) checkDue(t *rapid.T) {
	if !h.facts.DeletedAt.IsZero() {
		return
	}
	due, end := h.facts.RenewAt, h.facts.Current().NotAfter
	if due.Nanosecond()%int(time.Millisecond) != 0 {
		t.Fatalf("due at %s, which a store cannot keep", due)
	}
	if !h.spreadTo.IsZero() {
		if !due.Equal(h.spreadTo) {
			t.Fatalf("due at %s, spread to %s", due, h.spreadTo)
		}
		if !due.Before(end) {
			t.Fatalf("spread to %s, after the pair's end at %s", due, end)
		}
		return
	}
	jitter := end.Add(-h.policy.RenewBefore).Sub(due)
	if jitter < 0 || jitter > 0 && jitter >= h.policy.Spread {
		t.Fatalf("due %s before the latest moment, want [0, %s)", jitter, h.policy.Spread)
	}
}

// checkPartialFacts demands that the sweep, which reads live generations and
// awaiting renewals alone, decides what it would decide on whole facts.
func (h *history) checkPartialFacts(t *rapid.T) {
	part := h.facts
	part.Generations, part.Renewals = nil, nil
	for _, g := range h.facts.Generations {
		if g.Number == h.facts.Current().Number || g.Live(h.now) {
			part.Generations = append(part.Generations, g)
		}
	}
	for _, r := range h.facts.Renewals {
		if r.Awaiting() {
			part.Renewals = append(part.Renewals, r)
		}
	}
	whole, errWhole := lifecycle.Renew(h.facts, h.terms(), h.now)
	got, errPart := lifecycle.Renew(part, h.terms(), h.now)
	if !reflect.DeepEqual(whole, got) || (errWhole == nil) != (errPart == nil) {
		t.Fatalf("on a part of the facts: %+v, %v; on the whole: %+v, %v", got, errPart, whole, errWhole)
	}
}

// passTime moves to the moments where rules change, to their neighbours, and to others.
func (h *history) passTime(t *rapid.T) {
	from := h.facts.State(h.now)
	marks := []time.Time{h.facts.RenewAt, h.facts.Current().NotAfter}
	for _, g := range h.facts.OthersLive(h.now) {
		marks = append(marks, g.NotAfter)
	}
	to := rapid.SampledFrom(marks).Draw(t, "mark").Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "beside")) * time.Millisecond)
	if rapid.IntRange(0, 2).Draw(t, "jump") == 0 {
		to = h.now.Add(rapid.Custom(upTo(h.policy.Validity)).Draw(t, "for"))
	}
	if to.After(h.now) {
		h.now = to
	}
	allowed := map[lifecycle.State][]lifecycle.State{
		lifecycle.Valid:        {lifecycle.Valid, lifecycle.Lapsed},
		lifecycle.Expiring:     {lifecycle.Expiring, lifecycle.Lapsed},
		lifecycle.Acknowledged: {lifecycle.Acknowledged, lifecycle.Valid, lifecycle.Lapsed},
		lifecycle.Lapsed:       {lifecycle.Lapsed},
		lifecycle.Deleted:      {lifecycle.Deleted},
	}[from]
	if got := h.facts.State(h.now); !slices.Contains(allowed, got) {
		t.Fatalf("time led from %s to %s", from, got)
	}
}

// lookBack reads the state at a moment before the newest fact, as a replica
// whose clock lags does: it must be one of the five, whatever it is.
func (h *history) lookBack(t *rapid.T) {
	past := h.now.Add(-rapid.Custom(upTo(5*time.Minute)).Draw(t, "lag"))
	all := []lifecycle.State{lifecycle.Valid, lifecycle.Expiring, lifecycle.Acknowledged, lifecycle.Lapsed, lifecycle.Deleted}
	if got := h.facts.State(past); !slices.Contains(all, got) {
		t.Fatalf("state %q", got)
	}
}

// alive skips a step that no caller takes on a deleted user.
func (h *history) alive(t *rapid.T) {
	if !h.facts.DeletedAt.IsZero() {
		t.Skip("deleted")
	}
}

func (h *history) sweep(t *rapid.T) {
	if !h.facts.DeletedAt.IsZero() {
		_, err := lifecycle.Renew(h.facts, h.terms(), h.now)
		h.mustConflict(t, err)
		return
	}
	if h.facts.RenewAt.After(h.now) {
		t.Skip("not due")
	}
	others := h.facts.OthersLive(h.now)
	c, err := lifecycle.Renew(h.facts, h.terms(), h.now)
	if err != nil {
		h.mustConflict(t, err)
		if due := h.policy.RenewAt(h.facts.UserID, h.caEnd.Truncate(time.Second)); due.After(h.now) {
			t.Fatalf("refused, though the authority lives long enough: %v", err)
		}
		return
	}
	if (c.Action == lifecycle.ActionPostpone) != (len(others) >= 2) {
		t.Fatalf("%s while %d other pairs are live", c.Action, len(others))
	}
	if must := h.facts.Current().ByCSR && h.rekey == lifecycle.RekeyRequired && len(others) < 2; must != c.Await || c.Await && c.Due != nil {
		t.Fatalf("waits for a CSR: %t, want %t", c.Await, must)
	}
	if !c.Await && !c.Due.At.After(h.now) {
		t.Fatalf("due again at %s: a loop", c.Due.At)
	}
	h.apply(t, c)
}

// sweepOnDate passes time up to the due date and sweeps, as a fleet in order does.
func (h *history) sweepOnDate(t *rapid.T) {
	h.alive(t)
	if h.facts.RenewAt.After(h.now) {
		h.now = h.facts.RenewAt
	}
	h.sweep(t)
}

func (h *history) renewOnRequest(t *rapid.T) {
	others := h.facts.OthersLive(h.now)
	c, err := lifecycle.RenewOnRequest(h.facts, h.terms(), h.now)
	if err != nil {
		h.mustConflict(t, err)
		return
	}
	if len(others) > 0 || !h.facts.DeletedAt.IsZero() || c.Action != lifecycle.ActionRenew {
		t.Fatalf("made a pair on request while %d other pairs are live", len(others))
	}
	if c.Issue.NotAfter.Before(h.facts.Current().NotAfter.Add(h.policy.RenewBefore)) {
		t.Fatalf("made a pair that ends at %s, the current one at %s", c.Issue.NotAfter, h.facts.Current().NotAfter)
	}
	h.moved = true
	h.apply(t, c)
}

func (h *history) sendCSR(t *rapid.T) {
	others, before := h.facts.OthersLive(h.now), h.facts.Current()
	_, waits := h.facts.Waiting()
	same := before.ByCSR && rapid.Bool().Draw(t, "same key")
	c, err := lifecycle.RenewByCSR(h.facts, h.terms(), same, h.now)
	if err != nil {
		h.mustConflict(t, err)
		return
	}
	if same && h.rekey == lifecycle.RekeyRequired || !h.facts.DeletedAt.IsZero() || c.Action != lifecycle.ActionRenew {
		t.Fatalf("took a CSR that the policy or the facts do not allow: %+v", c)
	}
	if !waits && (len(others) > 0 || c.Issue.NotAfter.Before(before.NotAfter.Add(h.policy.RenewBefore))) {
		t.Fatalf("made a pair on request that ends at %s, while %d other pairs are live; the current one ends at %s", c.Issue.NotAfter, len(others), before.NotAfter)
	}
	h.moved = h.moved || !waits
	h.withCSR(t, c)
}

func (h *history) withCSR(t *rapid.T, c lifecycle.Change) {
	h.sent = true
	h.apply(t, c)
	h.sent = false
}

func (h *history) resetByCSR(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "really") > 0 {
		t.Skip("overlaps should grow")
	}
	c, err := lifecycle.ResetByCSR(h.facts, h.terms(), h.now)
	if err != nil {
		h.mustConflict(t, err)
		return
	}
	h.alive(t)
	h.withCSR(t, c)
}

const acknowledger = "ada@example.com"

func (h *history) acknowledge(t *rapid.T) {
	h.alive(t)
	pending, awaits := h.facts.Pending()
	generation := rapid.SampledFrom([]int{0, h.facts.Current().Number}).Draw(t, "generation")
	c, err := lifecycle.Acknowledge(h.facts, generation, acknowledger, lifecycle.AckByPerson, h.now)
	if pending.Waits && generation == 0 {
		h.mustConflict(t, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if awaits = awaits && !pending.Waits; awaits == c.Empty() || awaits && c.Acknowledge.New != pending.New {
		t.Fatalf("pending %t %+v, change %+v", awaits, pending, c)
	}
	if !awaits {
		return
	}
	h.apply(t, c)
	again, err := lifecycle.Acknowledge(h.facts, generation, "bob@example.com", lifecycle.AckByPerson, h.now)
	if err != nil || !again.Empty() {
		t.Fatalf("the second time: %+v, %v", again, err)
	}
}

func (h *history) acknowledgeWrongly(t *rapid.T) {
	generation := rapid.Int().Filter(func(n int) bool { return n != 0 && n != h.facts.Current().Number }).Draw(t, "generation")
	c, err := lifecycle.Acknowledge(h.facts, generation, acknowledger, lifecycle.AckByPerson, h.now)
	h.mustConflict(t, err)
	if !c.Empty() {
		t.Fatalf("a refusal with a change: %+v", c)
	}
}

func (h *history) reset(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "really") > 0 {
		t.Skip("overlaps should grow")
	}
	c, err := lifecycle.Reset(h.facts, h.terms(), h.now)
	if err != nil {
		h.mustConflict(t, err)
		return
	}
	h.alive(t)
	if h.facts.Current().ByCSR {
		t.Fatal("replaced a key that is with its client")
	}
	h.apply(t, c)
}

func (h *history) delete(t *rapid.T) {
	h.alive(t)
	if rapid.IntRange(0, 9).Draw(t, "really") > 0 {
		t.Skip("a life should be long enough to be of use")
	}
	c := lifecycle.Delete(h.facts, h.now)
	end, ok := h.facts.LastEnd(c, h.now)
	for _, g := range h.facts.Generations {
		if !h.now.After(g.NotAfter) && (!ok || g.NotAfter.After(end)) {
			t.Fatalf("brokers take generation %d until %s, the last end is said to be %s (%t)", g.Number, g.NotAfter, end, ok)
		}
	}
	h.apply(t, c)
}

func (h *history) changePolicy(t *rapid.T) {
	h.alive(t)
	p := policies().Draw(t, "policy")
	was, end := h.facts.RenewAt, h.facts.Current().NotAfter
	due, spread := p.Redue(h.facts.UserID, end, was, h.now)
	byPolicy := p.RenewAt(h.facts.UserID, end)
	if spread.IsZero() {
		if !due.Equal(byPolicy) {
			t.Fatalf("due at %s without a spread, the policy says %s", due, byPolicy)
		}
		newlyDue := !due.After(h.now) && was.After(h.now)
		if newlyDue && end.Sub(h.now) >= 2*lifecycle.SpreadOver {
			t.Fatalf("due at once and not spread, though the end is at %s", end)
		}
	} else if due.Before(h.now.Truncate(time.Millisecond)) || due.After(was) || due.Before(byPolicy) || due.Sub(h.now) >= lifecycle.SpreadOver {
		t.Fatalf("spread to %s; now %s, it was due %s, the policy says %s", due, h.now, was, byPolicy)
	}
	h.policy, h.spreadTo, h.moved = p, spread, true
	h.rekey = rekeys.Draw(t, "rekey")
	h.facts.RenewAt = due
}

func (h *history) lengthenAuthority(t *rapid.T) {
	h.caEnd = h.now.Add(time.Duration(rapid.IntRange(0, 3650).Draw(t, "CA days")) * day)
	if h.caEnd.Before(h.facts.Current().NotAfter) {
		h.caEnd = h.facts.Current().NotAfter
	}
	h.moved = true
}

func (h *history) mustConflict(t *rapid.T, err error) {
	var rule *lifecycle.Error
	if !errors.As(err, &rule) || rule.Kind != lifecycle.Conflict || strings.TrimSpace(rule.Message) == "" {
		t.Fatalf("got %v, want a conflict", err)
	}
}
