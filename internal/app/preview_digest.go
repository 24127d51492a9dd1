package app

import (
	"context"
	"time"
)

// PreviewDigest renders the digest that would leave now, as the actor would get it.
func (a *App) PreviewDigest(ctx context.Context, actor Actor, project string, now time.Time) (Mail, error) {
	var d Digest
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		who, err := readAudience(ctx, r, s.Project)
		if err != nil {
			return err
		}
		to := Recipient{Email: actor.Email, Why: "you asked for a preview"}
		var speaks bool
		if d, speaks, err = buildDigest(ctx, r, who, to, now.Add(-who.notices.DigestInterval), now); err == nil && !speaks {
			err = fail(CodeConflict, "no renewal awaits acknowledgement: there is nothing to tell")
		}
		return err
	})
	if err != nil {
		return Mail{}, err
	}
	d.PublicURL, d.ConsoleURL, d.Recorded = a.PublicURL, a.consoleURL(d.Project), now
	return a.Renderer.Digest(d, newID())
}
