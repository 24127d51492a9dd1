package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// What happens at a date.
const (
	DateEnd     = "end"     // a pair ends
	DateRenewal = "renewal" // a renewal is due
)

// DateRow is one end or one renewal.
type DateRow struct {
	At            time.Time
	What          string // DateEnd or DateRenewal
	Service, User string
	State         lifecycle.State // of the user now
	End           time.Time       // of the old pair in an overlap, else of the only one
	Acknowledged  bool            // in an overlap: its renewal was acknowledged
}

// ListDates pages through ends and renewals from ≤ t < to in the order of time.
// service is empty for the whole project.
func (a *App) ListDates(ctx context.Context, actor Actor, project, service string, from, to time.Time, page Page, now time.Time) (rows []DateRow, next string, err error) {
	return nil, "", errPending
}
