package app

import (
	"context"
	"errors"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// UserPreview tells what three requests would do to a user's pairs now.
type UserPreview struct {
	Renew, Reset, Delete ChangePreview
}

// ChangePreview is what one request would do.
type ChangePreview struct {
	NotAfter time.Time // of the pair that would be issued; zero: none would
	RenewAt  time.Time // when that pair would be renewed
	Revoked  []int     // the generations that would be revoked
	// AcceptedUntil is until when a broker that does not check revocation would
	// still accept a pair that is revoked then; zero: none would be.
	AcceptedUntil time.Time
	Refused       *Error // why it would be refused; nil: it would not
}

// PreviewUser tells what renewing, resetting and deleting a user would do now. It
// changes nothing and issues nothing.
func (a *App) PreviewUser(ctx context.Context, actor Actor, project, service, user string, now time.Time) (UserPreview, error) {
	var v UserPreview
	err := a.read(ctx, actor, now, func(r Reader) error {
		t, err := findTarget(ctx, r, actor, project, service, user, ManageUsers)
		if err != nil {
			return err
		}
		ca, err := r.ActiveCA(ctx, t.Project.ID, 0, ProjectCA)
		if err != nil {
			return err
		}
		facts, under := t.user.Facts, terms(t.Project, t.service, ca)
		c, refusal := lifecycle.RenewOnRequest(facts, under, now)
		if v.Renew, err = preview(facts, c, refusal, now); err != nil {
			return err
		}
		c, refusal = lifecycle.Reset(facts, under, now)
		if v.Reset, err = preview(facts, c, refusal, now); err != nil {
			return err
		}
		v.Delete, err = preview(facts, lifecycle.Delete(facts, now), nil, now)
		return err
	})
	return v, err
}

// preview tells what a decided change would do, or why it was refused.
func preview(f lifecycle.Facts, c lifecycle.Change, refusal error, now time.Time) (ChangePreview, error) {
	var refused *Error
	if errors.As(AsError(refusal), &refused) {
		return ChangePreview{Refused: refused}, nil
	}
	if refusal != nil {
		return ChangePreview{}, refusal
	}
	v := ChangePreview{Revoked: c.Revoke}
	v.AcceptedUntil, _ = f.LastEnd(c, now)
	if c.Issue != nil {
		v.NotAfter, v.RenewAt = c.Issue.NotAfter, c.Due.At
	}
	return v, nil
}
