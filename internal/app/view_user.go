package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/pki"
)

// PairView is a pair as an actor sees it: PEM, and only what the role may see.
type PairView struct {
	Generation int
	Serial     string // hex
	NotBefore  time.Time
	NotAfter   time.Time
	CreatedAt  time.Time
	RevokedAt  time.Time // zero while not revoked
	Cert       string    // PEM; empty where the role hides the pair
	Key        string    // PEM; empty where the role hides it or it was destroyed
	KeyGone    bool      // the key was destroyed
	Current    bool
}

// view of a pair without its material.
func (p Pair) view(current int) PairView {
	return PairView{
		Generation: p.Generation, Serial: pki.SerialHex(p.Serial), NotBefore: p.NotBefore, NotAfter: p.NotAfter,
		CreatedAt: p.CreatedAt, RevokedAt: p.RevokedAt, KeyGone: p.SealedKey == nil, Current: p.Generation == current,
	}
}

// reveal adds certificate and key to the view of a pair.
func (a *App) reveal(ctx context.Context, v *PairView, p Pair, projectID, userID int64) error {
	v.Cert = string(pki.CertPEM(p.Cert))
	if p.SealedKey == nil {
		return nil
	}
	key, err := a.Custody.Open(ctx, SealUserKey, projectID, userID, v.Serial, p.SealedKey)
	if err != nil {
		return fmt.Errorf("open the key of generation %d: %w", p.Generation, err)
	}
	v.Key = string(pki.KeyPEM(key))
	return nil
}

// userView shows a user; secrets only where hidden is false.
func (a *App) userView(ctx context.Context, u User, hidden bool, now time.Time) (UserView, error) {
	v := UserView{
		Name: u.Name, Primary: u.Primary, State: u.Facts.State(now), Hidden: hidden,
		CreatedAt: u.CreatedAt, RenewAt: u.Facts.RenewAt, Current: u.Current.view(u.Current.Generation),
	}
	if end, ok := u.Facts.ExpiringEnd(); ok {
		v.ExpiringEnd = &end
	}
	if hidden {
		return v, nil
	}
	if err := a.reveal(ctx, &v.Current, u.Current, u.ProjectID, u.ID); err != nil {
		return UserView{}, err
	}
	password, err := a.Custody.Open(ctx, SealPassword, u.ProjectID, u.ID, PasswordID, u.SealedPassword)
	if err != nil {
		return UserView{}, fmt.Errorf("open a service user's password: %w", err)
	}
	v.Password = string(password)
	return v, nil
}

// auditSight records that keys were shown: one entry a request, with their number.
func (a *App) auditSight(ctx context.Context, actor Actor, s scope, service, user string, keys int, now time.Time) error {
	if keys == 0 {
		return nil
	}
	return a.write(ctx, actor, now, func(u *unit) error {
		return u.audit(s.Project.ID, "keys.read", service, user, map[string]any{"keys": keys, "address": actor.Address})
	})
}

// deletedWarning speaks of the pairs that a deleted user or service of this name left behind.
func deletedWarning(ctx context.Context, r Reader, projectID int64, service, user string, now time.Time) (string, error) {
	end, err := r.DeletedPairsEnd(ctx, projectID, service, user, now)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("pairs of a deleted one of this name are revoked, but brokers that do not check revocation accept them until %s",
		end.UTC().Format(time.RFC3339)), nil
}
