package app

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// RenewalRef names a renewal by the generation that somebody saw.
type RenewalRef struct {
	Service, User string
	Generation    int
}

// AckResult is what became of one acknowledgement.
type AckResult struct {
	RenewalRef
	Err error     // nil: it is acknowledged, or there was nothing to acknowledge
	By  string    // who acknowledged it, now or before; empty where there was nothing
	At  time.Time // and when
}

// maxAcknowledged bounds how many renewals are acknowledged in one request, and
// acknowledgePage how many in one transaction, so that it stays short.
const (
	maxAcknowledged = 1000
	acknowledgePage = 25
)

// AcknowledgeRenewals acknowledges up to 1000 renewals, each by itself: one that
// fails does not stop the others. What was acknowledged before tells by whom and
// when, and is no failure. The results are in the order of which; an error means
// that nothing, or only the first pages of them, was acknowledged.
func (a *App) AcknowledgeRenewals(ctx context.Context, actor Actor, project string, which []RenewalRef, now time.Time) ([]AckResult, error) {
	if len(which) > maxAcknowledged {
		return nil, failField("renewals", "at most %d renewals can be acknowledged at once", maxAcknowledged)
	}
	results := make([]AckResult, len(which))
	order := make([]int, len(which)) // one order for everybody, so that two rarely wait for each other in a circle
	for i := range which {
		results[i].RenewalRef, order[i] = which[i], i
	}
	slices.SortFunc(order, func(x, y int) int {
		return cmp.Or(cmp.Compare(which[x].Service, which[y].Service), cmp.Compare(which[x].User, which[y].User))
	})
	for page := range slices.Chunk(order, acknowledgePage) {
		if err := a.acknowledgePage(ctx, actor, project, results, page, now); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// acknowledgePage acknowledges the results of a page, and again those whose user
// changed meanwhile.
func (a *App) acknowledgePage(ctx context.Context, actor Actor, project string, results []AckResult, page []int, now time.Time) error {
	left := page
	err := retryStale(func() error {
		var stale []int
		err := a.write(ctx, actor, now, func(u *unit) error {
			stale = nil // the transaction may run again
			s, err := authorise(ctx, u, actor, project, ManageUsers)
			if err != nil {
				return err
			}
			for _, i := range left {
				switch err := u.acknowledgeOne(ctx, s, &results[i]); {
				case errors.Is(err, errStale):
					stale = append(stale, i)
				case err != nil:
					return err
				}
			}
			return nil
		})
		if left = stale; err == nil && len(stale) > 0 {
			return errStale
		}
		return err
	})
	if len(left) == 0 || !isConflict(err) {
		return err
	}
	for _, i := range left { // others were faster each time
		results[i].Err = err
	}
	return nil
}

func isConflict(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == CodeConflict
}

// acknowledgeOne acknowledges one renewal; a refusal that concerns it alone goes
// into its result.
func (u *unit) acknowledgeOne(ctx context.Context, s scope, result *AckResult) error {
	*result = AckResult{RenewalRef: result.RenewalRef}
	t, err := findIn(ctx, u, s, result.Service, result.User)
	var c lifecycle.Change
	if err == nil {
		c, err = lifecycle.Acknowledge(t.user.Facts, result.Generation, u.actor.Email, lifecycle.AckByPerson, u.now)
		err = AsError(err)
	}
	var refusal *Error
	if errors.As(err, &refusal) {
		result.Err = refusal
		return nil
	}
	if err != nil {
		return err
	}
	if err := u.save(ctx, t, c, nil); err != nil {
		return err
	}
	if c.Acknowledge != nil {
		result.By, result.At = c.Acknowledge.AcknowledgedBy, c.Acknowledge.AcknowledgedAt
	} else {
		result.By, result.At = acknowledgement(t.user.Facts, result.Generation)
	}
	return nil
}

// acknowledgement tells who acknowledged the renewal that made generation n, 0
// for the current one, and when.
func acknowledgement(f lifecycle.Facts, n int) (by string, at time.Time) {
	if n == 0 {
		n = f.Current().Number
	}
	for _, r := range f.Renewals {
		if r.New == n {
			return r.AcknowledgedBy, r.AcknowledgedAt
		}
	}
	return "", time.Time{}
}
