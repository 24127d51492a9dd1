package app

import (
	"context"
	"time"
)

// ListUsers pages through a service's users in name order, without any secret.
func (a *App) ListUsers(ctx context.Context, actor Actor, project, service string, page Page, now time.Time) (users []UserView, next string, err error) {
	var found []User
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		svc, err := findService(ctx, r, s, service)
		if err != nil {
			return err
		}
		found, err = r.Users(ctx, svc.ID, page.After, page.limit())
		return err
	})
	if err != nil {
		return nil, "", err
	}
	for _, u := range found {
		v, err := a.userView(ctx, u, true, now)
		if err != nil {
			return nil, "", err
		}
		users = append(users, v)
	}
	return users, page.next(len(found), func(i int) string { return found[i].Name }), nil
}
