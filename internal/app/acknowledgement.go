package app

import (
	"context"
	"time"
)

// Acknowledgement tells who acknowledged the renewal that made a generation (0: the
// current one), and when; by is empty while nobody did, or where no renewal made it.
func (a *App) Acknowledgement(ctx context.Context, actor Actor, project, service, user string, generation int, now time.Time) (by string, at time.Time, err error) {
	err = a.read(ctx, actor, now, func(r Reader) error {
		t, err := findTarget(ctx, r, actor, project, service, user, ReadProject)
		if err != nil {
			return err
		}
		if _, ok := t.user.Facts.Generation(generation); !ok && generation != 0 {
			return fail(CodeNotFound, "no such generation of this service user")
		}
		by, at = acknowledgement(t.user.Facts, generation)
		return nil
	})
	return by, at, err
}
