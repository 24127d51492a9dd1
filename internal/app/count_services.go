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
	return nil, errPending
}

// TotalServices counts a project's services.
func (a *App) TotalServices(ctx context.Context, actor Actor, project string, now time.Time) (ServiceTotals, error) {
	return ServiceTotals{}, errPending
}

// ListServiceCounts pages through a project's services in name order, each with
// the counts of its users.
func (a *App) ListServiceCounts(ctx context.Context, actor Actor, project string, page Page, now time.Time) (services []ServiceCount, next string, err error) {
	return nil, "", errPending
}
