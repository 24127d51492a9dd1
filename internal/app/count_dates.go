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
	if err := checkSpan(from, to); err != nil {
		return nil, err
	}
	var quarters []QuarterCount
	err := a.read(ctx, actor, now, func(r Reader) error {
		projectID, serviceID, err := findPlace(ctx, r, actor, project, service)
		if err != nil {
			return err
		}
		quarters, err = r.CountDates(ctx, projectID, serviceID, from, to, now)
		return err
	})
	return byDay(quarters, zone), err
}

// maxSpan bounds a calendar.
const maxSpan = 400 * 24 * time.Hour

func checkSpan(from, to time.Time) error {
	if !from.Before(to) || to.Sub(from) > maxSpan {
		return failField("to", "to must be after from, and at most 400 days after it")
	}
	return nil
}

// byDay adds quarters of an hour up to days of the zone: no zone's day begins
// within one.
func byDay(quarters []QuarterCount, zone *time.Location) []DayCount {
	var days []DayCount
	for _, q := range quarters {
		y, m, d := q.At.In(zone).Date()
		day := time.Date(y, m, d, 0, 0, 0, 0, zone)
		if len(days) == 0 || !days[len(days)-1].Day.Equal(day) {
			days = append(days, DayCount{Day: day})
		}
		last := &days[len(days)-1]
		last.Ends, last.Renewals = last.Ends+q.Ends, last.Renewals+q.Renewals
	}
	return days
}
