package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// The filters of a list of users; empty is all.
const (
	FilterAwaiting = "awaiting" // a renewal awaits acknowledgement: expiring or lapsed
	FilterLapsed   = "lapsed"
	FilterOverlap  = "overlap" // two pairs work now: expiring or acknowledged
	FilterValid    = "valid"
)

// The orders of a list of users.
const (
	// SortUrgency is lapsed first, then what awaits acknowledgement and what is
	// acknowledged, each by the old pair's end, then the rest by name. It is what
	// an empty sort means.
	SortUrgency = "urgency"
	SortName    = "name"
	SortEnd     = "end" // of the current pair
)

// UserFilter says which users a list holds and in which order.
type UserFilter struct {
	State  string // one of the filters; empty: all
	Search string // part of the name, upper and lower case alike; at most 64 bytes
	Sort   string // one of the orders; empty: SortUrgency
}

// UserRow is a user of a list, without any secret.
type UserRow struct {
	UserView
	// Old is the pair that Renewal replaced; nil where no renewal matters now.
	Old *PairSpan
	// Renewal is the renewal that awaits acknowledgement, or that was acknowledged
	// and whose old pair still works; nil where there is none.
	Renewal *RenewalFacts
}

// PairSpan is a pair's place on the axis of time.
type PairSpan struct {
	Generation          int
	NotBefore, NotAfter time.Time
}

// RenewalFacts is what a list tells of a renewal.
type RenewalFacts struct {
	Generation, Replaced int
	CreatedAt            time.Time
	AcknowledgedAt       time.Time // zero while nobody acknowledged
	AcknowledgedBy       string
	SnoozedUntil         time.Time // may have passed; zero: not snoozed
	SnoozeReason         string
}

// FindUsers pages through a service's users, without any secret.
func (a *App) FindUsers(ctx context.Context, actor Actor, project, service string, f UserFilter, page Page, now time.Time) (rows []UserRow, next string, err error) {
	q, err := f.query(page, now)
	if err != nil {
		return nil, "", err
	}
	var found []ListedUser
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		svc, err := findService(ctx, r, s, service)
		if err != nil {
			return err
		}
		q.ServiceID = svc.ID
		found, err = r.FindUsers(ctx, q)
		return err
	})
	for _, u := range found {
		rows = append(rows, u.row(now))
	}
	return rows, page.next(len(found), func(i int) string { return found[i].Cursor.String() }), err
}

// maxSearch bounds what is searched for.
const maxSearch = 64

// query is what the filter asks of the store.
func (f UserFilter) query(page Page, now time.Time) (q UserQuery, err error) {
	q = UserQuery{Now: now, Search: strings.ToLower(f.Search), Sort: f.Sort, Limit: page.limit()}
	switch f.State {
	case "":
		q.States = []lifecycle.State{lifecycle.Lapsed, lifecycle.Expiring, lifecycle.Acknowledged, lifecycle.Valid}
	case FilterAwaiting:
		q.States = []lifecycle.State{lifecycle.Lapsed, lifecycle.Expiring}
	case FilterLapsed:
		q.States = []lifecycle.State{lifecycle.Lapsed}
	case FilterOverlap:
		q.States = []lifecycle.State{lifecycle.Expiring, lifecycle.Acknowledged}
	case FilterValid:
		q.States = []lifecycle.State{lifecycle.Valid}
	default:
		return q, failField("state", "state must be awaiting, lapsed, overlap or valid, or absent for all")
	}
	switch f.Sort {
	case "":
		q.Sort = SortUrgency
	case SortUrgency, SortName, SortEnd:
	default:
		return q, failField("sort", "sort must be urgency, name or end")
	}
	if len(f.Search) > maxSearch {
		return q, failField("search", "search must be at most %d bytes long", maxSearch)
	}
	q.After, err = parseUserCursor(page.After)
	return q, err
}

// String is what the next page is asked for with.
func (c UserCursor) String() string { return fmt.Sprintf("%d.%d.%s", c.Standing, c.Place, c.Name) }

func parseUserCursor(s string) (c UserCursor, err error) {
	if s == "" {
		return c, nil
	}
	if n, err := fmt.Sscanf(s, "%d.%d.%s", &c.Standing, &c.Place, &c.Name); n != 3 || err != nil {
		return UserCursor{}, failField("after", "after must be the next of the page before")
	}
	return c, nil
}

func (u ListedUser) row(now time.Time) UserRow {
	row := UserRow{UserView: UserView{
		Name: u.Name, Primary: u.Primary, State: u.Facts.State(now), Hidden: true,
		CreatedAt: u.CreatedAt, RenewAt: u.Facts.RenewAt, Current: u.Current.view(u.Current.Generation),
	}}
	row.Current.KeyGone = u.KeyGone
	if end, ok := u.Facts.ExpiringEnd(); ok {
		row.ExpiringEnd = &end
	}
	if len(u.Facts.Renewals) == 0 {
		return row
	}
	r := u.Facts.Renewals[0]
	old, _ := u.Facts.Generation(r.Replaced)
	if !r.Awaiting() && !old.Live(now) {
		return row
	}
	row.Old = &PairSpan{Generation: old.Number, NotBefore: old.NotBefore, NotAfter: old.NotAfter}
	row.Renewal = &RenewalFacts{
		Generation: r.New, Replaced: r.Replaced, CreatedAt: r.CreatedAt, AcknowledgedAt: r.AcknowledgedAt, AcknowledgedBy: r.AcknowledgedBy,
		SnoozedUntil: u.SnoozedUntil, SnoozeReason: u.SnoozeReason,
	}
	return row
}
