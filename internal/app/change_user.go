package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// target is the user a request is about, found and authorised.
type target struct {
	scope
	service Service
	user    User
}

func findTarget(ctx context.Context, r Reader, actor Actor, project, service, user string, want Permission) (target, error) {
	s, err := authorise(ctx, r, actor, project, want)
	if err != nil {
		return target{}, err
	}
	return findIn(ctx, r, s, service, user)
}

// findIn is findTarget for whoever is authorised already.
func findIn(ctx context.Context, r Reader, s scope, service, user string) (target, error) {
	svc, err := findService(ctx, r, s, service)
	if err != nil {
		return target{}, err
	}
	u, err := findUser(ctx, r, svc, user)
	return target{scope: s, service: svc, user: u}, err
}

func (t target) identity() identity {
	return identity{t.Project.ID, t.user.ID, t.Project.FirstName, t.service.Name, t.user.Name}
}

// errStale says that another writer changed the user between reading and saving.
var errStale = errors.New("the user changed meanwhile")

// staleTries is how often a use case decides again after errStale. Each try
// loses only to somebody else's success.
const staleTries = 5

// save applies one decided change with its audit entry; an empty change saves nothing.
func (u *unit) save(ctx context.Context, t target, c lifecycle.Change, pair *NewPair) error {
	if c.Empty() {
		return nil
	}
	d := Decided{ProjectID: t.Project.ID, ServiceID: t.service.ID, UserID: t.user.ID, Change: c, Pair: pair}
	oldEnd := replacedEnd(t.user.Facts, c)
	var err error
	if d.RemindAt, err = u.remindAt(ctx, d, oldEnd); err != nil {
		return err
	}
	applied, err := u.Apply(ctx, []Decided{d})
	if err != nil {
		return err
	}
	if !applied[0] {
		return errStale
	}
	return u.record(ctx, told{Decided: d, service: t.service.Name, user: t.user.Name, oldEnd: oldEnd, by: u.actor.Email})
}

// record adds what goes with a change that was applied: its audit entry and what
// is due to be said about it. Use cases and sweep share it.
func (u *unit) record(ctx context.Context, c told) error {
	if err := u.auditChange(c.ProjectID, c.service, c.user, c.UserID, c.Change); err != nil {
		return err
	}
	return u.announce(ctx, c)
}

// replacedEnd is the end of the pair that the change's renewal replaces.
func replacedEnd(f lifecycle.Facts, c lifecycle.Change) time.Time {
	replaced := 0
	switch {
	case c.Open != nil:
		replaced = c.Open.Replaced
	case c.Acknowledge != nil:
		replaced = c.Acknowledge.Replaced
	}
	g, _ := f.Generation(replaced)
	return g.NotAfter
}

// auditChange writes the audit entry of a change.
func (u *unit) auditChange(projectID int64, service, user string, userID int64, c lifecycle.Change) error {
	detail := changeDetail{UserID: fmt.Sprintf("%016x", uint64(userID)), Revoked: c.Revoke}
	switch {
	case c.Issue != nil:
		detail.Generation = c.Issue.Number
	case c.Acknowledge != nil:
		detail.Generation = c.Acknowledge.New
	}
	return u.audit(projectID, string(c.Action), service, user, detail)
}

// changeDetail is the detail of an audit entry about a user's pairs.
type changeDetail struct {
	UserID     string `json:"user_id"` // 16 hex digits
	Generation int    `json:"generation,omitempty"`
	Revoked    []int  `json:"revoked,omitempty"`
}

// retryStale runs fn again while another writer was faster.
func retryStale(fn func() error) error {
	for range staleTries {
		if err := fn(); !errors.Is(err, errStale) {
			return err
		}
	}
	return fail(CodeConflict, "others are changing this at the same moment: look at it, then try again")
}

// decision is what a use case decides for one user under terms.
type decision func(f lifecycle.Facts, t lifecycle.Terms) (lifecycle.Change, error)

// changeUser reads, decides, signs outside any transaction and saves; when the
// user changed meanwhile it starts over. extra runs in the saving transaction.
func (a *App) changeUser(ctx context.Context, actor Actor, project, service, user string, now time.Time,
	decide decision, extra func(*unit, target) error) error {
	return retryStale(func() error {
		t, c, pair, err := a.prepare(ctx, actor, project, service, user, now, decide)
		if err != nil {
			return AsError(err)
		}
		return a.write(ctx, actor, now, func(u *unit) error {
			if _, err := authorise(ctx, u, actor, project, ManageUsers); err != nil {
				return err
			}
			if err := u.save(ctx, t, c, pair); err != nil || extra == nil {
				return err
			}
			return extra(u, t)
		})
	})
}

func (a *App) prepare(ctx context.Context, actor Actor, project, service, user string, now time.Time, decide decision) (target, lifecycle.Change, *NewPair, error) {
	var t target
	var ca CA
	err := a.read(ctx, actor, now, func(r Reader) (err error) {
		if t, err = findTarget(ctx, r, actor, project, service, user, ManageUsers); err != nil {
			return err
		}
		ca, err = r.ActiveCA(ctx, t.Project.ID, 0, ProjectCA)
		return err
	})
	if err != nil {
		return t, lifecycle.Change{}, nil, err
	}
	c, err := decide(t.user.Facts, terms(t.Project, t.service, ca))
	if err != nil || c.Issue == nil {
		return t, c, nil, err
	}
	by, err := a.load(ctx, ca)
	if err != nil {
		return t, c, nil, err
	}
	pair, err := a.makePair(ctx, by, t.identity(), c.Issue)
	return t, c, pair, err
}
