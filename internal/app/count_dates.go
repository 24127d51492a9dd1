package app

import (
	"context"
	"time"
)

// DayCount counts what happens on a day.
type DayCount struct {
	Day      time.Time // its first moment in the zone asked for
	Ends     int       // pairs that end: the current one of each user, and the old one of an overlap
	Renewals int       // renewals due
}

// CountDates counts ends and renewals from ≤ t < to, at most 400 days, by day of
// the zone; days without any are left out. service is empty for the whole project.
func (a *App) CountDates(ctx context.Context, actor Actor, project, service string, from, to time.Time, zone *time.Location, now time.Time) ([]DayCount, error) {
	return nil, errPending
}
