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
		if generation < 1 || generation > math.MaxInt32 {
			err = ErrNotFound
		} else {
			p, err = r.Pair(ctx, t.user.ID, generation)
		}
		if errors.Is(err, ErrNotFound) {
			return fail(CodeNotFound, "this user has no such generation: its newest is %d", t.user.Current.Generation)
		}
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
