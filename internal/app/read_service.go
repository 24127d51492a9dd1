package app

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// ServiceReading is a service being shown: everything but its users at once, and
// those page by page, so that memory does not grow with them.
type ServiceReading struct {
	// ServiceView is the service with its first page of users, the primary user
	// first. A reading of a list has none of them yet.
	ServiceView

	app     *App
	actor   Actor
	scope   scope
	hidden  bool // keys and passwords are hidden
	now     time.Time
	after   string // the last user read
	more    bool   // there may be users after it
	keys    int    // how many keys will be shown, counted before the first is
	started bool   // the first page was read
	listed  bool   // the access list was read
	placed  bool   // the list that it is part of holds a place
}

// ReadService begins to show a service; hide leaves out the secrets whatever the
// role. Whoever gets a reading goes through its Pages.
func (a *App) ReadService(ctx context.Context, actor Actor, project, service string, hide bool, now time.Time) (*ServiceReading, error) {
	r := &ServiceReading{app: a, actor: actor, now: now}
	var users []User
	err := a.read(ctx, actor, now, func(tx Reader) (err error) {
		if r.scope, err = authorise(ctx, tx, actor, project, ReadProject); err != nil {
			return err
		}
		r.hidden = hide || r.scope.hidden()
		if r.Service, err = findService(ctx, tx, r.scope, service); err != nil {
			return err
		}
		if users, err = r.page(ctx, tx); err != nil {
			return err
		}
		if err := r.readACL(ctx, tx); err != nil {
			return err
		}
		if r.more && !r.hidden {
			if r.keys, err = tx.CountKeys(ctx, r.ID); err != nil {
				return err
			}
		}
		r.Notifications, err = a.notifications(ctx, tx, r.Service, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	if r.Users, err = r.views(ctx, users); err == nil && !r.more {
		r.keys = keysIn(r.Users...)
	}
	return r, err
}

// ReadACL reads the access list where the reading is one of a list, which holds
// one service's rows at a time.
func (r *ServiceReading) ReadACL(ctx context.Context) error {
	if r.listed {
		return nil
	}
	return r.app.Store.Read(ctx, func(tx Reader) error { return r.readACL(ctx, tx) })
}

func (r *ServiceReading) readACL(ctx context.Context, tx Reader) error {
	list, err := readACLs(ctx, tx, r.Service)
	r.ACL, r.listed = list.Rows, err == nil
	return err
}

// page reads the users after the last one read. The primary user comes first,
// where existing tools look for it, and not again.
func (r *ServiceReading) page(ctx context.Context, tx Reader) ([]User, error) {
	found, err := tx.Users(ctx, r.ID, r.after, usersRead)
	if err != nil {
		return nil, err
	}
	users := make([]User, 0, len(found)+1)
	if !r.started {
		switch primary, err := tx.UserByName(ctx, r.ID, lifecycle.PrimaryUser); {
		case err == nil:
			users = append(users, primary)
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	for _, u := range found {
		if !u.Primary {
			users = append(users, u)
		}
		r.after = u.Name
	}
	r.started, r.more = true, len(found) == usersRead
	return users, nil
}

func (r *ServiceReading) views(ctx context.Context, users []User) ([]UserView, error) {
	views := make([]UserView, len(users))
	for i, u := range users {
		var err error
		if views[i], err = r.app.userView(ctx, u, r.hidden, r.now); err != nil {
			return nil, err
		}
	}
	return views, nil
}

// Pages goes through the service's users once, each page read by itself: users
// that are made or deleted meanwhile may be among them or not, and a role taken
// away bites at the next page. It ends after the first error. The sight of keys is
// audited before the first is given away, and corrected where it ends early.
func (r *ServiceReading) Pages(ctx context.Context) iter.Seq2[[]UserView, error] {
	return func(yield func([]UserView, error) bool) {
		release, err := r.place(ctx)
		if err == nil {
			defer release()
			_, err = r.app.auditSight(ctx, r.actor, r.scope, r.Name, "", sight{Keys: r.keys}, r.now)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		shown := 0
		defer func() { r.correct(ctx, shown) }()
		for first := r.started; first || r.more || !r.started; first = false {
			page := r.Users
			if r.Users = nil; !first {
				if page, err = r.next(ctx); err != nil {
					yield(nil, err)
					return
				}
			}
			shown += keysIn(page...) // also where the page does not arrive whole
			if !yield(page, nil) {
				return
			}
		}
	}
}

// next reads another page, as the actor's role is now.
func (r *ServiceReading) next(ctx context.Context) ([]UserView, error) {
	var users []User
	err := r.app.read(ctx, r.actor, r.now, func(tx Reader) error {
		s, err := reauthorise(ctx, tx, r.actor, r.scope, ReadProject)
		if err != nil {
			return err
		}
		r.hidden = r.hidden || s.hidden()
		users, err = r.page(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.views(ctx, users)
}

// correctWithin bounds the writing of a correction, whose request may be over.
const correctWithin = 5 * time.Second

// correct audits that another number of keys was shown than the entry before
// says: the client hung up, or users came and went.
func (r *ServiceReading) correct(ctx context.Context, shown int) {
	if shown == r.keys {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), correctWithin)
	defer cancel()
	err := r.app.write(ctx, r.actor, r.now, func(u *unit) error {
		return u.audit(r.scope.Project.ID, "keys.read-corrected", r.Name, "",
			map[string]any{"keys": shown, "announced": r.keys, "address": r.actor.Address})
	})
	if err != nil { // the entry before stands: it says more
		r.app.Log.Error("the number of keys shown was not corrected in the audit log", "error", err)
	}
}

// place waits until a service of several pages may be shown, so that many requests
// at once need no more memory than a few.
func (r *ServiceReading) place(ctx context.Context) (release func(), err error) {
	if r.placed || r.started && !r.more {
		return func() {}, nil
	}
	return r.app.places.take(ctx, r.actor.AccountID)
}
