package app

import (
	"context"
	"errors"
	"time"
)

// PairsEnd tells until when brokers that do not check revocation would accept a
// pair of the service if it were deleted now; zero: none is left.
func (a *App) PairsEnd(ctx context.Context, actor Actor, project, service string, now time.Time) (end time.Time, err error) {
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		svc, err := findService(ctx, r, s, service)
		if err != nil {
			return err
		}
		end, err = r.PairsEnd(ctx, svc.ID, now)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	return end, err
}
