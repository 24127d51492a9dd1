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
	return StateCounts{}, errPending
}
