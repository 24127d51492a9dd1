package app

import (
	"context"
	"time"
)

// StateCounts counts users by state.
type StateCounts struct {
	Lapsed, Expiring, Acknowledged, Valid, Total int
	FirstEnd                                     time.Time // the first old end among the expiring; zero for none
}

// CountUsers counts a service's users by state; the whole project's where
// service is empty.
func (a *App) CountUsers(ctx context.Context, actor Actor, project, service string, now time.Time) (StateCounts, error) {
	var c StateCounts
	err := a.read(ctx, actor, now, func(r Reader) error {
		projectID, serviceID, err := findPlace(ctx, r, actor, project, service)
		if err != nil {
			return err
		}
		c, err = r.CountStates(ctx, projectID, serviceID, now)
		return err
	})
	return c, err
}

// findPlace finds what somebody may read about: a service, or the whole project
// where its name is empty (serviceID 0).
func findPlace(ctx context.Context, r Reader, actor Actor, project, service string) (projectID, serviceID int64, err error) {
	s, err := authorise(ctx, r, actor, project, ReadProject)
	if err != nil || service == "" {
		return s.Project.ID, 0, err
	}
	svc, err := findService(ctx, r, s, service)
	return s.Project.ID, svc.ID, err
}
