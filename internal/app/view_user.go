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
	// Entry is the audit entry that records this sight of the key; 0 where no key is shown.
	Entry int64
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

// sight is what an audit entry tells of keys that were shown.
type sight struct {
	Keys       int    `json:"keys"`
	Generation int    `json:"generation,omitempty"` // where they are of one user
	Address    string `json:"address"`
}

// auditSight records that keys were shown: one entry a request, with their number.
// It returns the entry's place in the log, 0 where there was no key to show.
func (a *App) auditSight(ctx context.Context, actor Actor, s scope, service, user string, seen sight, now time.Time) (entry int64, err error) {
	if seen.Keys == 0 {
		return 0, nil
	}
	seen.Address = actor.Address
	var noted *unit // of the attempt that was stored
	err = a.write(ctx, actor, now, func(u *unit) error {
		noted = u
		return u.audit(s.Project.ID, "keys.read", service, user, seen)
	})
	if err != nil {
		return 0, err
	}
	return noted.entries[0].Seq, nil
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
