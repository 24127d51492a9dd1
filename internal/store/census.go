package store

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store/db"
)

// Census reads every user once, deleted ones too: ask for it every minute or so,
// not at every look at the metrics.
func (s *Store) Census(ctx context.Context, now time.Time) (app.Census, error) {
	var c app.Census
	err := s.read(ctx, func(r reader) error {
		rows, err := r.q.Census(ctx, now.UnixMilli())
		if err != nil {
			return readError("users", err)
		}
		c = census(rows)
		failures, err := r.q.CountOpenFailures(ctx)
		c.OpenFailures = int(failures)
		return readError("failures", err)
	})
	return c, err
}

// census adds up groups of users of one state whose pairs end on one day.
func census(rows []db.CensusRow) app.Census {
	c := app.Census{
		Users:     make(map[lifecycle.State]int),
		DaysToEnd: make(map[int]int, len(app.CensusDays)),
	}
	for _, days := range app.CensusDays {
		c.DaysToEnd[days] = 0
	}
	for _, row := range rows {
		state := lifecycle.State(row.State)
		c.Users[state] += int(row.N)
		c.Awaiting += int(row.Awaiting)
		if state == lifecycle.Deleted {
			continue
		}
		for _, days := range app.CensusDays {
			if row.Days <= int64(days) {
				c.DaysToEnd[days] += int(row.N)
			}
		}
	}
	return c
}
