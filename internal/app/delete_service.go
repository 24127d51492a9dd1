package app

import (
	"context"
	"errors"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// DeleteService ends a service and all its users in one transaction.
// acceptedUntil says until when brokers that do not check revocation still
// accept one of its pairs; zero when none.
func (a *App) DeleteService(ctx context.Context, actor Actor, project, service string, now time.Time) (acceptedUntil time.Time, err error) {
	err = retryStale(func() error {
		return a.write(ctx, actor, now, func(u *unit) error {
			s, err := authorise(ctx, u, actor, project, ManageServices)
			if err != nil {
				return err
			}
			svc, err := findService(ctx, u, s, service)
			if err != nil {
				return err
			}
			if svc.TerminationProtection {
				return fail(CodeConflict, "the service has termination protection: take it off, then delete the service")
			}
			acceptedUntil, err = u.deleteService(ctx, s, svc)
			return err
		})
	})
	return acceptedUntil, err
}

func (u *unit) deleteService(ctx context.Context, s scope, svc Service) (acceptedUntil time.Time, err error) {
	users, err := allUsers(ctx, u, svc.ID)
	if err != nil {
		return time.Time{}, err
	}
	for _, user := range users {
		c := lifecycle.Delete(user.Facts, u.now)
		if end, ok := user.Facts.LastEnd(c, u.now); ok && end.After(acceptedUntil) {
			acceptedUntil = end
		}
		if err := u.save(ctx, target{scope: s, service: svc, user: user}, c, nil); err != nil {
			return time.Time{}, err
		}
	}
	if err := u.dropAllACLs(ctx, svc); err != nil {
		return time.Time{}, err
	}
	if err := u.DeleteService(ctx, svc.ID, u.now); errors.Is(err, ErrNotFound) {
		return time.Time{}, errStale // deleted meanwhile, or protected
	} else if err != nil {
		return time.Time{}, err
	}
	return acceptedUntil, u.audit(s.Project.ID, "service.delete", svc.Name, "", map[string]int{"users": len(users)})
}
