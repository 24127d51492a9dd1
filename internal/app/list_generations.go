package app

import (
	"context"
	"slices"
	"time"
)

// ListGenerations gives every generation of a user without PEM, the newest first.
func (a *App) ListGenerations(ctx context.Context, actor Actor, project, service, user string, now time.Time) ([]PairView, error) {
	var pairs []PairView
	err := a.read(ctx, actor, now, func(r Reader) error {
		t, err := findTarget(ctx, r, actor, project, service, user, ReadProject)
		if err != nil {
			return err
		}
		for _, g := range slices.Backward(t.user.Facts.Generations) {
			p, err := r.Pair(ctx, t.user.ID, g.Number)
			if err != nil {
				return err
			}
			pairs = append(pairs, p.view(t.user.Current.Generation))
		}
		return nil
	})
	return pairs, err
}
