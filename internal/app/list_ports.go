package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// Standing is what a user's row repeats of its facts: enough for its state.
type Standing struct {
	NotAfter time.Time // end of the current pair
	// OldNotAfter is the end of the pair that the current one replaced by a renewal;
	// zero where a reset or nothing came before.
	OldNotAfter  time.Time
	Acknowledged bool // that renewal
}

// State is what lifecycle says of the facts.
func (s Standing) State(now time.Time) lifecycle.State {
	if s.OldNotAfter.IsZero() {
		return lifecycle.Facts{Generations: []lifecycle.Generation{{Number: 1, NotAfter: s.NotAfter}}}.State(now)
	}
	renewal := lifecycle.Renewal{New: 2, Replaced: 1}
	if s.Acknowledged {
		renewal.AcknowledgedAt = s.OldNotAfter // when is of no matter
	}
	return lifecycle.Facts{
		Generations: []lifecycle.Generation{{Number: 1, NotAfter: s.OldNotAfter}, {Number: 2, NotAfter: s.NotAfter}},
		Renewals:    []lifecycle.Renewal{renewal},
	}.State(now)
}

// UserQuery asks for a page of a service's users.
type UserQuery struct {
	ServiceID int64
	Now       time.Time
	States    []lifecycle.State // which are wanted
	Search    string            // lower case; empty: all names
	Sort      string            // SortUrgency, SortName or SortEnd
	After     UserCursor
	Limit     int
}

// UserCursor is a place in a list of users: what its order goes by. The zero
// cursor is before the first.
type UserCursor struct {
	Standing int   // of the state, by urgency
	Place    int64 // unix milliseconds
	Name     string
}

// ListedUser is a user of a list.
type ListedUser struct {
	Name      string
	Primary   bool
	CreatedAt time.Time
	Current   Pair // without certificate and key
	KeyGone   bool // the key of the current pair was destroyed, or never was here
	// Facts hold the current generation and, where a renewal made it, that renewal
	// and the generation that it replaced.
	Facts        lifecycle.Facts
	SnoozedUntil time.Time
	SnoozeReason string
	Cursor       UserCursor
}

// DatedUser is an end or a renewal of a user's pair.
type DatedUser struct {
	Standing
	Cursor        DateCursor
	Service, User string
}

// DateCursor is a place in a list of dates, which is ordered by all its fields.
type DateCursor struct {
	At     time.Time
	What   DateKind
	UserID int64
}

// DateKind says what happens at a date.
type DateKind int

// The kinds of dates.
const (
	OldPairEnds DateKind = iota
	PairEnds
	RenewalDue
)

// QuarterCount counts ends and renewals of a quarter of an hour.
type QuarterCount struct {
	At             time.Time
	Ends, Renewals int
}

// ListReader reads lists, counts and calendars of users that are not deleted. Its
// cost follows the users of the service or project, by an index alone.
type ListReader interface {
	// FindUsers returns a page of users in the query's order; every name of the
	// service is looked at.
	FindUsers(ctx context.Context, q UserQuery) ([]ListedUser, error)
	// CountStates counts users by state; serviceID 0: the whole project.
	CountStates(ctx context.Context, projectID, serviceID int64, now time.Time) (StateCounts, error)
	// UrgentServices counts the users of services where something awaits or lapsed, the first end first.
	UrgentServices(ctx context.Context, projectID int64, now time.Time, limit int) ([]ServiceCount, error)
	// CountedServices counts the users of up to limit services after the name, in name order.
	CountedServices(ctx context.Context, projectID int64, after string, now time.Time, limit int) ([]ServiceCount, error)
	TotalServices(ctx context.Context, projectID int64, now time.Time) (ServiceTotals, error)
	// CountOverdue counts the project's users that are due for renewal at now.
	CountOverdue(ctx context.Context, projectID int64, now time.Time) (int, error)
	// CountDates counts what happens at from ≤ t < to, in the order of time:
	// renewals, ends of current pairs, and of old pairs that work at now or whose
	// renewal awaits acknowledgement. serviceID 0: the whole project.
	CountDates(ctx context.Context, projectID, serviceID int64, from, to, now time.Time) ([]QuarterCount, error)
	// Dates returns up to limit of the same after the cursor.
	Dates(ctx context.Context, projectID, serviceID int64, from, to, now time.Time, after DateCursor, limit int) ([]DatedUser, error)
	// UserNames are the names of a user and its service, deleted ones too.
	UserNames(ctx context.Context, userID int64) (service, user string, err error)
}
