package app

import (
	"context"
	"time"
)

// ListServices pages through a project's services in name order. Their users
// carry no pair and no password: whoever needs those reads the service itself.
func (a *App) ListServices(ctx context.Context, actor Actor, project string, page Page, now time.Time) (services []ServiceView, next string, err error) {
	var found []Service
	users := map[int64][]User{}
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		if found, err = r.Services(ctx, s.Project.ID, page.After, page.limit()); err != nil {
			return err
		}
		services = make([]ServiceView, len(found))
		for i, svc := range found {
			services[i].Service = svc
			if services[i].Notifications, err = a.notifications(ctx, r, svc, now); err != nil {
				return err
			}
			if users[svc.ID], err = allUsers(ctx, r, svc.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	for i := range services {
		for _, u := range users[services[i].ID] {
			v, err := a.userView(ctx, u, true, now)
			if err != nil {
				return nil, "", err
			}
			services[i].Users = append(services[i].Users, v)
		}
		primaryFirst(services[i].Users)
	}
	return services, page.next(len(found), func(i int) string { return found[i].Name }), nil
}
