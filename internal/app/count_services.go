package app

import (
	"context"
	"time"
)

// ServiceCount counts a service's users.
type ServiceCount struct {
	Name             string
	Users            int
	Awaiting, Lapsed int       // Awaiting: expiring, not lapsed
	FirstEnd         time.Time // the first old end among Awaiting; zero for none
}

// ServiceTotals counts a project's services.
type ServiceTotals struct {
	Services int
	Awaiting int // with a renewal that awaits acknowledgement, or a lapse
}

// CountServices counts the users of the services where something awaits
// acknowledgement or has lapsed, the most urgent first, at most 200 of them.
func (a *App) CountServices(ctx context.Context, actor Actor, project string, now time.Time) ([]ServiceCount, error) {
	var services []ServiceCount
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		services, err = r.UrgentServices(ctx, s.Project.ID, now, maxUrgentServices)
		return err
	})
	return services, err
}

// maxUrgentServices bounds a list of the services that need somebody.
const maxUrgentServices = 200

// TotalServices counts a project's services.
func (a *App) TotalServices(ctx context.Context, actor Actor, project string, now time.Time) (ServiceTotals, error) {
	var t ServiceTotals
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		t, err = r.TotalServices(ctx, s.Project.ID, now)
		return err
	})
	return t, err
}

// ListServiceCounts pages through a project's services in name order, each with
// the counts of its users.
func (a *App) ListServiceCounts(ctx context.Context, actor Actor, project string, page Page, now time.Time) (services []ServiceCount, next string, err error) {
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		services, err = r.CountedServices(ctx, s.Project.ID, page.After, now, page.limit())
		return err
	})
	return services, page.next(len(services), func(i int) string { return services[i].Name }), err
}
