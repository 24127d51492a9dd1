package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// PolicyPreview is what a policy change would do.
type PolicyPreview struct {
	Before, After         PolicyView
	Users                 int           // whose dates it concerns
	DueAtOnce             int           // that it would make due at once
	NextBefore, NextAfter []RenewalDate // the next ten renewals, without it and with it
	NeedsConfirm          bool          // it is refused unless it is confirmed
}

// RenewalDate is when a user's pair is to be renewed.
type RenewalDate struct {
	Service, User string
	At            time.Time
}

// previewed is how many renewals a preview lists.
const previewed = 10

// PreviewPolicy tells what SetPolicy would do, and refuses what it would refuse
// but for want of a confirmation. Nothing is written.
func (a *App) PreviewPolicy(ctx context.Context, actor Actor, project, service string, patch PolicyPatch, now time.Time) (PolicyPreview, error) {
	var v PolicyPreview
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ManagePolicy)
		if err != nil {
			return err
		}
		var svc Service
		if service != "" {
			if svc, err = findService(ctx, r, s, service); err != nil {
				return err
			}
		}
		if v.Before, err = policyView(s.Project, svc); err != nil {
			return err
		}
		if _, err := layRenewal(ctx, r, &s.Project, &svc, patch.Renewal); err != nil {
			return AsError(err)
		}
		if err := layNotice(&s.Project, &svc, patch.Notices); err != nil {
			return err
		}
		if v.After, err = policyView(s.Project, svc); err != nil {
			return err
		}
		return v.read(ctx, r, s.Project, svc, len(patch.Renewal) > 0, now)
	})
	return v, err
}

// read adds what becomes of the dates of users; renewal is false where they stay.
func (v *PolicyPreview) read(ctx context.Context, r Reader, p Project, svc Service, renewal bool, now time.Time) error {
	var before, after earliest
	err := eachDue(ctx, r, p, svc, func(d UserDue) {
		v.Users++
		before.add(d)
		if renewal {
			if d.newlyDue(p, now) {
				v.DueAtOnce++
			}
			d.redue(p.Override, now)
		}
		after.add(d)
	})
	if err != nil {
		return err
	}
	v.After.Due = v.DueAtOnce
	total, err := r.CountUsers(ctx, p.ID, 0)
	if err != nil {
		return err
	}
	v.NeedsConfirm = lifecycle.NeedsConfirmation(v.DueAtOnce, total)
	if v.NextBefore, err = before.named(ctx, r); err != nil {
		return err
	}
	v.NextAfter, err = after.named(ctx, r)
	return err
}

// earliest keeps the users whose renewals come first, in order.
type earliest []UserDue

func (e *earliest) add(d UserDue) {
	at, _ := slices.BinarySearchFunc(*e, d, func(x, y UserDue) int {
		return cmp.Or(x.RenewAt.Compare(y.RenewAt), cmp.Compare(x.UserID, y.UserID))
	})
	if at == previewed {
		return
	}
	*e = slices.Insert(*e, at, d)
	*e = (*e)[:min(len(*e), previewed)]
}

func (e earliest) named(ctx context.Context, r Reader) ([]RenewalDate, error) {
	var dates []RenewalDate
	for _, d := range e {
		service, user, err := r.UserNames(ctx, d.UserID)
		if err != nil {
			return nil, err
		}
		dates = append(dates, RenewalDate{Service: service, User: user, At: d.RenewAt})
	}
	return dates, nil
}
