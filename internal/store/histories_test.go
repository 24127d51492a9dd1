package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store"
)

// TestHistories holds the store against lifecycle: after any history of changes
// the stored facts are those that lifecycle says, and what the store answers
// about them is what they say.
func TestHistories(t *testing.T) {
	onBoth(t, func(t *testing.T, o store.Options) {
		p := &population{
			Store:   open(t, o),
			project: app.Project{ID: 1, Name: "acme", FirstName: "acme"},
			service: app.Service{ID: 2, ProjectID: 1, Name: "orders"},
			ca:      app.CA{ID: 3, ProjectID: 1, Kind: app.ProjectCA, State: app.CAActive, Cert: []byte{1}, SealedKey: []byte{1}, NotAfter: benchStart.AddDate(1000, 0, 0)},
			cert:    []byte{1, 2, 3}, sealed: []byte{4, 5, 6},
		}
		p.begin(t)
		n := 0
		rapid.Check(t, func(r *rapid.T) {
			n++
			h := &history{T: r, p: p, name: fmt.Sprintf("user-%d", n), now: benchStart}
			h.run(t)
		})
	})
}

// history is one user's life, in the store and as facts.
type history struct {
	*rapid.T
	p     *population
	name  string
	now   time.Time
	facts lifecycle.Facts
}

var errNothing = errors.New("nothing to do")

func (h *history) run(t *testing.T) {
	ctx := t.Context()
	u := app.User{ID: randomID(), ProjectID: 1, ServiceID: 2, Name: h.name, SealedPassword: []byte{1}, CreatedAt: h.now}
	h.facts = lifecycle.Facts{UserID: u.ID}
	write(t, h.p.Store, func(tx app.Tx) error { return tx.InsertUser(ctx, u) })
	h.save(t, h.decide("create"))
	actions := rapid.SampledFrom([]string{"renew", "renew", "request", "acknowledge", "reset", "delete"})
	for range rapid.IntRange(0, 12).Draw(h.T, "steps") {
		h.now = h.now.Add(time.Duration(rapid.Int64Range(1, int64(500*24*time.Hour/time.Millisecond)).Draw(h.T, "wait")) * time.Millisecond)
		h.save(t, h.decide(actions.Draw(h.T, "action")))
		h.compare(t)
		if !h.facts.DeletedAt.IsZero() {
			return
		}
	}
}

// decide returns the empty change where the rules refuse the action.
func (h *history) decide(action string) lifecycle.Change {
	policy := rapid.SampledFrom([]lifecycle.Policy{
		lifecycle.DefaultPolicy(),
		{Validity: 100 * 24 * time.Hour, RenewBefore: 30 * 24 * time.Hour, Spread: time.Hour},
		{Validity: 2000 * 24 * time.Hour, RenewBefore: 900 * 24 * time.Hour},
	}).Draw(h.T, "policy")
	terms := lifecycle.Terms{Policy: policy, CAEnd: h.p.ca.NotAfter}
	var c lifecycle.Change
	var err error
	switch action {
	case "create":
		c, err = lifecycle.Create(h.facts.UserID, terms, h.now)
	case "renew":
		c, err = lifecycle.Renew(h.facts, terms, h.now)
	case "request":
		c, err = lifecycle.RenewOnRequest(h.facts, terms, h.now)
	case "acknowledge":
		c, err = lifecycle.Acknowledge(h.facts, 0, "ann@example.org", lifecycle.AckByPerson, h.now)
	case "reset":
		c, err = lifecycle.Reset(h.facts, terms, h.now)
	case "delete":
		c = lifecycle.Delete(h.facts, h.now)
	}
	if err != nil {
		return lifecycle.Change{}
	}
	return c
}

func (h *history) save(t *testing.T, c lifecycle.Change) {
	if c.Empty() {
		return
	}
	d := h.p.decided(h.facts.UserID, c)
	if c.Issue == nil {
		d.Pair = nil
	}
	write(t, h.p.Store, func(tx app.Tx) error {
		applied, err := tx.Apply(t.Context(), []app.Decided{d})
		if err == nil && !applied[0] {
			err = errNothing
		}
		return err
	})
	h.facts = h.facts.Apply(c)
}

// compare reads the user by every way there is.
func (h *history) compare(t *testing.T) {
	page, err := h.p.InspectUsers(t.Context(), h.facts.UserID-1, 1)
	if err != nil || len(page) != 1 {
		h.Fatalf("inspect: %d users, %v", len(page), err)
	}
	h.same("inspected facts", page[0].Facts, h.facts)
	for i, pair := range page[0].Pairs {
		h.same("key is there", pair.SealedKey != nil, h.facts.Generations[i].RevokedAt.IsZero())
	}
	if !h.facts.DeletedAt.IsZero() {
		h.same("password is there", page[0].SealedPassword != nil, false)
		return
	}
	var u app.User
	var pending []app.PendingRenewal
	err = h.p.Read(t.Context(), func(r app.Reader) (err error) {
		if u, err = r.UserByName(t.Context(), 2, h.name); err != nil {
			return err
		}
		pending, err = r.Renewals(t.Context(), 1, app.RenewalCursor{}, 1_000_000)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	h.same("facts", u.Facts, h.facts)
	h.same("current pair", u.Current, page[0].Pairs[len(page[0].Pairs)-1])
	h.same("due", u.DueAt, h.facts.RenewAt)
	h.comparePending(pending)
	h.compareDue(t)
	h.compareState(t)
}

// compareState demands that a list finds the user in the state that the facts
// say, and in no other, now and at an end of a pair, to the millisecond.
func (h *history) compareState(t *testing.T) {
	moments := []time.Time{h.now}
	for _, g := range h.facts.Generations {
		moments = append(moments, g.NotAfter, g.NotAfter.Add(time.Millisecond))
	}
	now := rapid.SampledFrom(moments).Draw(h.T, "moment")
	for _, state := range []lifecycle.State{lifecycle.Lapsed, lifecycle.Expiring, lifecycle.Acknowledged, lifecycle.Valid} {
		var found []app.ListedUser
		err := h.p.Read(t.Context(), func(r app.Reader) (err error) {
			found, err = r.FindUsers(t.Context(), app.UserQuery{
				ServiceID: 2, Now: now, States: []lifecycle.State{state}, Search: h.name, Sort: app.SortName, Limit: 1000,
			})
			return err
		})
		if err != nil {
			h.Fatal(err)
		}
		i := slices.IndexFunc(found, func(u app.ListedUser) bool { return u.Name == h.name })
		h.same(fmt.Sprintf("found as %s at %v", state, now), i >= 0, h.facts.State(now) == state)
		if i >= 0 {
			h.same("state of the row", found[i].Facts.State(now), state)
		}
	}
}

func (h *history) comparePending(list []app.PendingRenewal) {
	var mine []int
	for _, r := range list {
		if r.UserID == h.facts.UserID {
			mine = append(mine, r.Generation)
			old, _ := h.facts.Generation(r.Replaced)
			h.same("old end", r.OldNotAfter, old.NotAfter)
		}
	}
	var want []int
	if r, ok := h.facts.Pending(); ok {
		want = []int{r.New}
	}
	h.same("pending", mine, want)
}

// compareDue demands that the sweep, which sees less of the facts, decides what
// the whole facts say.
func (h *history) compareDue(t *testing.T) {
	now := h.facts.RenewAt
	if now.Before(h.now) {
		now = h.now
	}
	page, err := h.p.DuePage(t.Context(), app.ShardOf(h.facts.UserID), now, app.DueCursor{}, 1_000_000)
	if err != nil {
		h.Fatal(err)
	}
	for _, u := range page {
		if u.Facts.UserID != h.facts.UserID {
			continue
		}
		terms := lifecycle.Terms{Policy: u.Policy, CAEnd: h.p.ca.NotAfter}
		got, gotErr := lifecycle.Renew(u.Facts, terms, now)
		want, wantErr := lifecycle.Renew(h.facts, terms, now)
		h.same("the sweep's decision", got, want)
		h.same("the sweep's refusal", fmt.Sprint(gotErr), fmt.Sprint(wantErr))
		return
	}
	h.Fatalf("user %d is not among %d due at %v", h.facts.UserID, len(page), now)
}

func (h *history) same(what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		h.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}
