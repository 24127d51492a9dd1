package app

import (
	"context"
	"fmt"
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
	Acknowledged  bool            // the renewal that made the current pair was acknowledged
}

// ListDates pages through ends and renewals from ≤ t < to in the order of time.
// service is empty for the whole project.
func (a *App) ListDates(ctx context.Context, actor Actor, project, service string, from, to time.Time, page Page, now time.Time) (rows []DateRow, next string, err error) {
	after, err := parseDateCursor(page.After, from)
	if err != nil {
		return nil, "", err
	}
	if err := checkSpan(from, to); err != nil {
		return nil, "", err
	}
	var found []DatedUser
	err = a.read(ctx, actor, now, func(r Reader) error {
		projectID, serviceID, err := findPlace(ctx, r, actor, project, service)
		if err != nil {
			return err
		}
		found, err = r.Dates(ctx, projectID, serviceID, from, to, now, after, page.limit())
		return err
	})
	for _, d := range found {
		rows = append(rows, d.row(now))
	}
	return rows, page.next(len(found), func(i int) string { return found[i].Cursor.String() }), err
}

func (d DatedUser) row(now time.Time) DateRow {
	row := DateRow{
		At: d.Cursor.At, What: DateEnd, Service: d.Service, User: d.User, State: d.State(now),
		End: d.NotAfter, Acknowledged: d.Acknowledged,
	}
	if d.Cursor.What == RenewalDue {
		row.What = DateRenewal
	}
	if !d.OldNotAfter.IsZero() && (!d.Acknowledged || !now.After(d.OldNotAfter)) {
		row.End = d.OldNotAfter
	}
	return row
}

// String is what the next page is asked for with.
func (c DateCursor) String() string {
	return fmt.Sprintf("%d.%d.%x", c.At.UnixMilli(), c.What, uint64(c.UserID))
}

// parseDateCursor reads a cursor; an empty one is before everything at from.
func parseDateCursor(s string, from time.Time) (DateCursor, error) {
	if s == "" {
		return DateCursor{At: from, What: -1}, nil
	}
	var ms int64
	var id uint64
	var c DateCursor
	if n, err := fmt.Sscanf(s, "%d.%d.%x", &ms, &c.What, &id); n != 3 || err != nil {
		return DateCursor{}, failField("after", "after must be the next of the page before")
	}
	c.At, c.UserID = time.UnixMilli(ms).UTC(), int64(id)
	return c, nil
}
