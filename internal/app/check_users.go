package app

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/segue-project/segue/internal/lifecycle"
)

// checkUsers checks users page by page, those of a page on all cores.
func (c *checker) checkUsers(ctx context.Context) error {
	for after := int64(0); ; {
		users, err := c.app.Inspector.InspectUsers(ctx, after, checkPage)
		if err != nil {
			return err
		}
		checks, err := c.prepareUsers(ctx, users)
		if err != nil {
			return err
		}
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(runtime.GOMAXPROCS(0))
		for _, k := range checks {
			group.Go(func() error { return k.run(groupCtx) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if err := c.finishUsers(ctx, checks); err != nil {
			return err
		}
		if len(users) < checkPage {
			return nil
		}
		after = users[len(users)-1].ID
	}
}

// prepareUsers finds what the checks of a page need; they then share nothing.
func (c *checker) prepareUsers(ctx context.Context, users []InspectedUser) ([]*userCheck, error) {
	var checks []*userCheck
	for _, u := range users {
		p, ok, err := c.project(ctx, u.ProjectID)
		if err != nil {
			return nil, err
		}
		k := &userCheck{
			InspectedUser: u, app: c.app, now: c.now, swept: c.swept[ShardOf(u.ID)], project: p, brokerSerials: c.brokerSerials,
			subject: c.name(u.ProjectID) + "/" + u.ServiceName + "/" + u.Name, cas: map[int64]CA{},
		}
		if !ok {
			c.violation(1, k.subject, "the user belongs to a project that is not in the store: %s", restore)
			continue
		}
		for _, pair := range u.Pairs {
			ca, ok, err := c.ca(ctx, pair.CAID)
			if err != nil {
				return nil, err
			}
			if ok {
				k.cas[pair.CAID] = ca
			}
		}
		k.service = c.services[u.ServiceID]
		checks = append(checks, k)
	}
	return checks, nil
}

// finishUsers reports what the checks of a page found, adds the users to the
// comparison with the audit logs, and looks their revoked pairs up in the CRLs.
func (c *checker) finishUsers(ctx context.Context, checks []*userCheck) error {
	var revoked []serialKey
	owner := map[serialKey]string{}
	for _, k := range checks {
		for _, v := range k.found {
			c.report(v)
		}
		for _, change := range changesOf(k.ProjectID, k.Facts) {
			c.events.subtract(change)
		}
		for _, serial := range k.revoked {
			revoked, owner[serial] = append(revoked, serial), k.subject
		}
		if k.late {
			c.noteLate(k)
		}
		c.adviseUser(k)
	}
	if err := c.checkReminded(ctx, checks); err != nil {
		return err
	}
	missing, err := c.missing(ctx, revoked)
	for _, serial := range missing {
		c.violation(6, owner[serial], "a pair of it is revoked, but not in the revocation list that would be served next: brokers take it still; %s", restore)
	}
	return err
}

// adviseUser says what about a user needs a person.
func (c *checker) adviseUser(k *userCheck) {
	if k.deleted() {
		return
	}
	if current, ok := k.Facts.Generation(k.Copies.Generation); ok && current.NotBefore.Sub(c.now) > lateness {
		c.violation(0, k.subject, "its pair is not valid before %s, for it was made by a clock that was ahead: once the clock is right, %s", stamp(current.NotBefore), resetIt)
	}
	if k.Facts.RenewAt.After(c.now) {
		return
	}
	if k.OpenFailure != nil {
		c.checkText(k.subject, k.OpenFailure.Reason)
		c.violation(0, k.subject, "since %s it cannot be renewed: %s", k.OpenFailure.At.UTC().Format(time.RFC3339), k.OpenFailure.Reason)
		return
	}
	if since, ok := c.dueSince[k.ProjectID]; !ok || k.Facts.RenewAt.Before(since) {
		c.dueSince[k.ProjectID] = k.Facts.RenewAt
	}
}

// sweepMissing is how long users may be due without a sweep before that is said.
const sweepMissing = 24 * time.Hour

// userCheck is the check of one user, as one snapshot showed it.
type userCheck struct {
	InspectedUser
	app           *App
	now           time.Time
	swept         time.Time // when a sweep last left nothing due in the user's shard; zero: never
	project       Project
	service       Service // zero where it is newer than the run
	cas           map[int64]CA
	brokerSerials map[serialKey]struct{} // read only
	subject       string

	found      []Violation
	revoked    []serialKey // revoked and unexpired
	late       bool        // due before its shard was swept
	unreminded bool        // its renewal awaits, and no next reminder is set
}

func (k *userCheck) violation(invariant int, format string, args ...any) {
	k.found = append(k.found, Violation{Invariant: invariant, Subject: k.subject, Message: fmt.Sprintf(format, args...)})
}

// resetIt is the remedy for what a new generation puts right.
const resetIt = "reset the user's credentials, which makes a new pair and revokes the others"

func (k *userCheck) run(ctx context.Context) error {
	if !k.checkGenerations() {
		return nil // what follows stands on them
	}
	k.checkRevocations()
	k.checkCopies()
	k.checkRenewals()
	k.checkReminders()
	k.checkDue()
	if err := k.checkPairs(ctx); err != nil {
		return err
	}
	return k.checkPassword(ctx)
}

func (k *userCheck) deleted() bool { return !k.Facts.DeletedAt.IsZero() }

// moment is now, or when the newest pair was made where that was after this run
// began: the rules hold at that moment, and need not at an earlier one.
func (k *userCheck) moment() time.Time {
	if made := k.Pairs[len(k.Pairs)-1].CreatedAt; made.After(k.now) {
		return made
	}
	return k.now
}

// checkGenerations is invariant 1; ok is false where generations are missing.
func (k *userCheck) checkGenerations() (ok bool) {
	if len(k.Facts.Generations) == 0 {
		k.violation(1, "it has no generation: %s", restore)
		return false
	}
	for i, g := range k.Facts.Generations {
		if g.Number != i+1 {
			k.violation(1, "generation %d is missing: %s", i+1, restore)
			return false
		}
	}
	if k.service.ID != 0 && k.service.ProjectID != k.ProjectID {
		k.violation(1, "its service belongs to another project: %s", restore)
	}
	if !k.deleted() && !k.service.DeletedAt.IsZero() {
		k.violation(1, "its service is deleted and the user is not, so its pairs are not revoked: %s", restore)
	}
	if n := len(k.Facts.OthersLive(k.moment())); n > 2 {
		k.violation(1, "%d pairs besides the current one are valid, two at most may be: %s", n, resetIt)
	}
	return true
}

// renewed reports whether generation n was made by a renewal; the others, save
// the first, were made by a reset.
func (k *userCheck) renewed(n int) bool {
	return slices.ContainsFunc(k.Facts.Renewals, func(r lifecycle.Renewal) bool { return r.New == n })
}

// checkRevocations demands that a reset or deletion revoked what came before it, and nothing else did.
func (k *userCheck) checkRevocations() {
	reset := 1 // the newest generation that revoked all before it
	for _, g := range k.Facts.Generations[1:] {
		if !k.renewed(g.Number) {
			reset = g.Number
		}
	}
	for _, g := range k.Facts.Generations {
		must := k.deleted() || g.Number < reset
		switch {
		case must && g.RevokedAt.IsZero() && k.deleted():
			k.violation(1, "generation %d is not revoked although the user is deleted, so brokers take it until %s: %s", g.Number, stamp(g.NotAfter), restore)
		case must && g.RevokedAt.IsZero():
			k.violation(1, "generation %d is not revoked although generation %d came from a reset (it has no renewal), so brokers take it until %s: %s",
				g.Number, reset, stamp(g.NotAfter), resetIt)
		case !must && !g.RevokedAt.IsZero():
			k.violation(1, "generation %d is revoked, but no reset or deletion says why: look into the audit log, then %s", g.Number, resetIt)
		}
	}
}

// newest is the renewal that made the current generation; ok is false where none did.
func (k *userCheck) newest() (r lifecycle.Renewal, ok bool) {
	if n := len(k.Facts.Renewals); n > 0 && k.Facts.Renewals[n-1].New == k.Facts.Current().Number {
		return k.Facts.Renewals[n-1], true
	}
	return lifecycle.Renewal{}, false
}

// checkCopies demands that what the store keeps twice is the same twice.
func (k *userCheck) checkCopies() {
	current, shard := k.Facts.Current(), ShardOf(k.ID)
	var wrong []string
	add := func(differs bool, what string) {
		if differs {
			wrong = append(wrong, what)
		}
	}
	add(k.Copies.Generation != current.Number, "the number of the current generation")
	add(!k.Copies.NotAfter.Equal(current.NotAfter), "the end of the current pair")
	renewal, _ := k.newest()
	old, _ := k.Facts.Generation(renewal.Replaced)
	add(!k.Copies.OldNotAfter.Equal(old.NotAfter), "the end of the pair before")
	add(k.Copies.Acknowledged == renewal.AcknowledgedAt.IsZero(), "whether its renewal was acknowledged")
	add(k.Copies.Shard != shard, "the shard")
	add(slices.ContainsFunc(k.Copies.PairShards, func(s int) bool { return s != shard }), "the shard of a pair")
	for i, r := range k.Copies.Renewals {
		old, _ := k.Facts.Generation(k.Facts.Renewals[i].Replaced)
		add(r.ProjectID != k.ProjectID || r.ServiceID != k.ServiceID, "the owner of a renewal")
		add(!r.OldNotAfter.Equal(old.NotAfter), "the old end of a renewal")
	}
	for _, what := range slices.Compact(wrong) {
		k.violation(1, "%s is not what its pairs say, so lists and the sweep miss it: %s", what, restore)
	}
}

// checkRenewals is invariant 4.
func (k *userCheck) checkRenewals() {
	var awaiting []int
	for _, r := range k.Facts.Renewals {
		if r.New < 2 || r.New > len(k.Facts.Generations) || r.Replaced != r.New-1 {
			k.violation(4, "the renewal to generation %d names a generation that is not there: %s", r.New, restore)
			continue
		}
		if r.Awaiting() {
			awaiting = append(awaiting, r.New)
			continue
		}
		if wrong := k.settledWrongly(r); wrong != "" {
			k.violation(4, "the renewal to generation %d %s: %s", r.New, wrong, restore)
		}
	}
	current := k.Facts.Current().Number
	for _, n := range awaiting {
		switch {
		case k.deleted():
			k.violation(4, "the renewal to generation %d awaits an acknowledgement although the user is deleted: %s", n, restore)
		case n != current:
			k.violation(4, "the renewal to generation %d awaits an acknowledgement although generation %d is the current one: %s", n, current, restore)
		}
	}
}

// settledWrongly says how an acknowledgement or closing contradicts the other
// facts; empty when it does not.
func (k *userCheck) settledWrongly(r lifecycle.Renewal) string {
	acknowledged, closed := !r.AcknowledgedAt.IsZero(), !r.ClosedAt.IsZero()
	switch {
	case acknowledged && closed:
		return "is both acknowledged and closed"
	case acknowledged != (r.AcknowledgedBy != "") || acknowledged != (r.AcknowledgedHow != ""):
		return "does not say when, by whom and how it was acknowledged"
	case closed != (r.ClosedAs != ""):
		return "does not say when and why it was closed"
	case acknowledged:
		return ""
	}
	next := r.New + 1
	_, exists := k.Facts.Generation(next)
	switch r.ClosedAs {
	case lifecycle.ClosedSuperseded:
		if !exists || !k.renewed(next) {
			return fmt.Sprintf("is closed as superseded, but no renewal to generation %d followed", next)
		}
	case lifecycle.ClosedReset:
		if !exists || k.renewed(next) {
			return fmt.Sprintf("is closed by a reset, but no reset made generation %d", next)
		}
	case lifecycle.ClosedDeleted:
		if !r.ClosedAt.Equal(k.Facts.DeletedAt) || exists {
			return "is closed by a deletion that did not happen"
		}
	default:
		return "is closed in no way that Segue knows"
	}
	return ""
}

// checkDue is invariant 3.
func (k *userCheck) checkDue() {
	if k.deleted() {
		return
	}
	due := k.Facts.RenewAt
	if err := k.Policy.Check(); err != nil {
		k.violation(3, "the policy of its due date breaks a rule (%v): set the policy again, which rewrites due dates", err)
		return
	}
	want, why := k.Policy.RenewAt(k.ID, k.Facts.Current().NotAfter), "its policy says"
	if !k.SpreadTo.IsZero() {
		want, why = k.SpreadTo, "it was spread to"
	}
	switch {
	case !due.Equal(want):
		k.violation(3, "it is to be renewed at %s, %s %s: set the policy again, which rewrites due dates", stamp(due), why, stamp(want))
	case !k.SpreadTo.IsZero() && !due.Before(k.Facts.Current().NotAfter):
		k.violation(3, "it is to be renewed at %s, after its pair's end: set the policy again, which rewrites due dates", stamp(due))
	case k.OpenFailure == nil && !k.DueAt.Equal(due):
		k.violation(3, "the sweep looks at it at another moment than %s, when it is due, and no failure says why: set the policy again, which rewrites due dates", stamp(due))
	case k.OpenFailure != nil && (k.DueAt.IsZero() || k.DueAt.Before(due)):
		k.violation(3, "its renewal failed and the sweep does not look again: set the policy again, which rewrites due dates")
	case k.OpenFailure == nil && k.swept.Sub(due) > lateness:
		k.late = true
	}
}

// lateness is how long before a sweep a user may have been due without being
// renewed by it: clocks of hosts may differ as much.
const lateness = 5 * time.Minute

// maxLate bounds the users that are named as passed by.
const maxLate = 1000

// lateUser is a user that was due when a sweep left nothing due, so it seems.
type lateUser struct {
	projectID  int64
	subject    string
	due, swept time.Time
}

func (c *checker) noteLate(k *userCheck) {
	if c.lateUsers++; c.lateUsers <= maxLate {
		c.late = append(c.late, lateUser{k.ProjectID, k.subject, k.Facts.RenewAt, k.swept})
	}
}

// settleLate names the users that a sweep passed by, and says where none ran. A
// due date in the past that a policy change set after a sweep is none of its
// business.
func (c *checker) settleLate(ctx context.Context) error {
	for _, u := range c.late {
		if u.swept.Sub(c.policySet[u.projectID]) > lateness {
			c.violation(3, u.subject, "it was due at %s, and the sweep of %s passed it by without saying why: run `segue sweep`", stamp(u.due), stamp(u.swept))
		}
	}
	if c.lateUsers > maxLate {
		c.violation(3, c.name(0), "%d users in all are due and may have been passed by", c.lateUsers)
	}
	lastSweep, err := c.app.Inspector.LastSweep(ctx)
	if err != nil {
		return err
	}
	if lastSweep.Sub(c.now) > sweepAhead {
		c.violation(3, c.name(0), "the last sweep was noted at %s, ahead of this clock: every sweep is refused until then; %s", stamp(lastSweep), acceptClock)
	}
	for project, since := range c.dueSince {
		if min(c.now.Sub(since), c.now.Sub(c.policySet[project]), c.now.Sub(lastSweep)) > sweepMissing {
			c.violation(0, c.name(0), "users are due for renewal and no sweep has run for more than a day: keep `segue serve` running, or run `segue sweep`")
			return nil
		}
	}
	return nil
}
