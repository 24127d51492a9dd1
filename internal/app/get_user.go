package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// UserView is a service user as an actor sees it.
type UserView struct {
	Name      string
	Primary   bool
	State     lifecycle.State
	Password  string // empty where the role hides it
	Hidden    bool   // key, certificate and password are hidden
	CreatedAt time.Time
	RenewAt   time.Time
	Current   PairView
	// ExpiringEnd is the end of the pair whose renewal awaits acknowledgement; nil when none does.
	ExpiringEnd *time.Time
	// Warning speaks of pairs of a deleted user of the same name; usually empty.
	Warning string
}

// GetUser shows one service user. Where the role sees keys, the sight is audited.
func (a *App) GetUser(ctx context.Context, actor Actor, project, service, user string, now time.Time) (UserView, error) {
	return a.getUser(ctx, actor, project, service, user, false, now)
}

// DescribeUser shows one service user without its secrets, whatever the role.
func (a *App) DescribeUser(ctx context.Context, actor Actor, project, service, user string, now time.Time) (UserView, error) {
	return a.getUser(ctx, actor, project, service, user, true, now)
}

func (a *App) getUser(ctx context.Context, actor Actor, project, service, user string, hide bool, now time.Time) (UserView, error) {
	var t target
	var warning string
	err := a.read(ctx, actor, now, func(r Reader) (err error) {
		if t, err = findTarget(ctx, r, actor, project, service, user, ReadProject); err != nil {
			return err
		}
		warning, err = deletedWarning(ctx, r, t.Project.ID, service, user, now)
		return err
	})
	if err != nil {
		return UserView{}, err
	}
	v, err := a.userView(ctx, t.user, hide || t.hidden(), now)
	if err != nil {
		return UserView{}, err
	}
	v.Warning = warning
	v.Current.Entry, err = a.auditSight(ctx, actor, t.scope, service, user, sight{Keys: keysIn(v), Generation: v.Current.Generation}, now)
	return v, err
}

func keysIn(users ...UserView) int {
	n := 0
	for _, u := range users {
		if u.Current.Key != "" {
			n++
		}
	}
	return n
}
