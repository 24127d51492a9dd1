package app

import (
	"context"
	"time"
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
	return nil, "", errPending
}
