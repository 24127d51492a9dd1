package app

import (
	"context"
	"errors"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// ACLDiff is how the ACLs of a cluster differ from a service's access list.
type ACLDiff struct {
	Missing []lifecycle.Binding // wished, and not on the cluster
	Extra   []lifecycle.Binding // Segue's own, wished no longer, and still on the cluster
	// Foreign are on the cluster, name a user of the service or every user, and
	// were not put there by Segue, which leaves them alone.
	Foreign []lifecycle.Binding
	Pending string // as ACLList has it
}

const (
	// diffWithin bounds the wait for a cluster.
	diffWithin = 20 * time.Second
	// diffs is how many clusters are asked at once because somebody wants to know.
	diffs = 8
)

// DiffACL compares a service's access list with what its cluster has now.
func (a *App) DiffACL(ctx context.Context, actor Actor, project, service string, now time.Time) (ACLDiff, error) {
	var w clusterWish
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		svc, err := findService(ctx, r, s, service)
		if err != nil {
			return err
		}
		w, err = readWish(ctx, r, svc)
		return err
	})
	if err != nil {
		return ACLDiff{}, err
	}
	if len(w.service.ReplAddresses) == 0 {
		return ACLDiff{}, fail(CodeConflict, noKit)
	}
	select {
	case a.diffs <- struct{}{}:
		defer func() { <-a.diffs }()
	default:
		return ACLDiff{}, fail(CodeUnavailable, "the brokers of %d services are being asked at this moment: try again", diffs)
	}
	asking, cancel := context.WithTimeout(ctx, diffWithin)
	defer cancel()
	plan, err := a.planFor(asking, &w, now)
	if err != nil {
		return ACLDiff{}, a.unreachable(ctx, err)
	}
	d := ACLDiff{Missing: plan.Create, Extra: plan.Delete, Pending: w.sync.pendingWords(w.service)}
	err = a.read(ctx, actor, now, func(r Reader) (err error) {
		d.Foreign, err = ofService(ctx, r, w.service, plan.Foreign)
		return err
	})
	return d, err
}

func (a *App) planFor(ctx context.Context, w *clusterWish, now time.Time) (lifecycle.AccessPlan, error) {
	cluster, err := a.connect(ctx, w, now)
	if err != nil {
		return lifecycle.AccessPlan{}, err
	}
	defer cluster.Close()
	if w.facts.Found, err = cluster.Bindings(ctx); err != nil {
		return lifecycle.AccessPlan{}, err
	}
	return lifecycle.PlanAccess(w.facts), nil
}

// unreachable tells people of a cluster that does not answer as it should.
func (a *App) unreachable(ctx context.Context, err error) error {
	var known *Error
	if ctx.Err() != nil || errors.As(err, &known) {
		return err
	}
	a.Log.Warn("a cluster was asked in vain", "error", err)
	return fail(CodeUnavailable, "the brokers do not say what they have: %s", clusterWords(err))
}

// ofService leaves what names a user of the service, or every user.
func ofService(ctx context.Context, r Reader, svc Service, bindings []lifecycle.Binding) (left []lifecycle.Binding, err error) {
	known := map[string]bool{lifecycle.PrincipalOf("*"): true}
	for _, b := range bindings {
		ours, asked := known[b.Principal]
		if !asked {
			switch _, err := r.UserByName(ctx, svc.ID, lifecycle.UserOf(b.Principal)); {
			case err == nil:
				ours = true
			case !errors.Is(err, ErrNotFound):
				return nil, err
			}
			known[b.Principal] = ours
		}
		if ours {
			left = append(left, b)
		}
	}
	return left, nil
}
