package app

import (
	"context"
	"errors"
	"math"
	"time"
)

// GetGeneration gives the pair of one generation, so that in the overlap both
// can be fetched. It needs a role that sees keys, and the sight is audited.
func (a *App) GetGeneration(ctx context.Context, actor Actor, project, service, user string, generation int, now time.Time) (PairView, error) {
	var t target
	var p Pair
	err := a.read(ctx, actor, now, func(r Reader) (err error) {
		if t, err = findTarget(ctx, r, actor, project, service, user, ReadSecrets); err != nil {
			return err
		}
		p, err = findPair(ctx, r, t.user, generation)
		return err
	})
	if err != nil {
		return PairView{}, err
	}
	v := p.view(t.user.Current.Generation)
	if err := a.reveal(ctx, &v, p, t.Project.ID, t.user.ID); err != nil {
		return PairView{}, err
	}
	seen := sight{Generation: v.Generation}
	if v.Key != "" {
		seen.Keys = 1
	}
	v.Entry, err = a.auditSight(ctx, actor, t.scope, service, user, seen, now)
	return v, err
}

// findPair reads the pair of one generation.
func findPair(ctx context.Context, r Reader, u User, generation int) (Pair, error) {
	p, err := Pair{}, ErrNotFound
	if generation >= 1 && generation <= math.MaxInt32 {
		p, err = r.Pair(ctx, u.ID, generation)
	}
	if errors.Is(err, ErrNotFound) {
		return p, fail(CodeNotFound, "this user has no such generation: its newest is %d", u.Current.Generation)
	}
	return p, err
}
