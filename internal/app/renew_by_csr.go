package app

import (
	"context"
	"errors"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// RenewByCSR makes the next pair of a user from a certificate signing request in
// PEM: the key stays with its client. It fulfils a renewal that waits for one, and
// is a renewal on request otherwise. From then on the user's key is not here.
func (a *App) RenewByCSR(ctx context.Context, actor Actor, project, service, user, csr string, now time.Time) (UserView, error) {
	var key *pki.PublicKey
	err := a.changeUser(ctx, actor, project, service, user, now,
		func(ctx context.Context, r Reader, t target, under lifecycle.Terms) (c lifecycle.Change, _ pki.PublicKey, err error) {
			if key, err = readCSR(csr, t.clientName()); err != nil {
				return c, pki.PublicKey{}, err
			}
			had, err := hadKey(ctx, r, t, *key)
			if err != nil {
				return c, *key, err
			}
			c, err = lifecycle.RenewByCSR(t.user.Facts, under, had, now)
			return c, *key, err
		},
		func(u *unit, t target) error { return u.claimKey(ctx, t.Project.ID, t.user.ID, *key) })
	if err != nil {
		return UserView{}, err
	}
	return a.GetUser(ctx, actor, project, service, user, now)
}

// ResetByCSR replaces pair and password now, the pair by a certificate signing
// request of a key that the user never had; every earlier generation is revoked.
func (a *App) ResetByCSR(ctx context.Context, actor Actor, project, service, user, csr string, now time.Time) (UserView, error) {
	var key *pki.PublicKey
	err := a.changeUser(ctx, actor, project, service, user, now,
		func(ctx context.Context, r Reader, t target, under lifecycle.Terms) (c lifecycle.Change, _ pki.PublicKey, err error) {
			if key, err = readCSR(csr, t.clientName()); err != nil {
				return c, pki.PublicKey{}, err
			}
			switch had, err := hadKey(ctx, r, t, *key); {
			case err != nil:
				return c, *key, err
			case had:
				return c, *key, revokedKey()
			}
			c, err = lifecycle.ResetByCSR(t.user.Facts, under, now)
			return c, *key, err
		},
		func(u *unit, t target) error {
			if err := u.claimKey(ctx, t.Project.ID, t.user.ID, *key); err != nil {
				return err
			}
			return a.resetPassword(ctx, u, t)
		})
	if err != nil {
		return UserView{}, err
	}
	return a.GetUser(ctx, actor, project, service, user, now)
}

func (t target) clientName() pki.ClientName {
	return pki.ClientName{Project: t.Project.FirstName, Service: t.service.Name, User: t.user.Name}
}

// readCSR checks a request; what is wrong with it is an Error.
func readCSR(csr string, client pki.ClientName) (*pki.PublicKey, error) {
	key, err := pki.ReadCSR(csr, client)
	var refusal *pki.CSRError
	if errors.As(err, &refusal) {
		return nil, failField("csr", "%s", refusal.Message)
	}
	return &key, err
}

// hadKey reports whether the user had this key before by a request. A key that was
// made here is refused: it has been in other hands than its client's.
func hadKey(ctx context.Context, r Reader, t target, key pki.PublicKey) (had bool, err error) {
	for _, g := range t.user.Facts.Generations {
		p, err := r.Pair(ctx, t.user.ID, g.Number)
		if err != nil {
			return false, err
		}
		before, err := pki.PublicKeyOf(p.Cert)
		if err != nil {
			return false, err
		}
		switch {
		case before.Fingerprint != key.Fingerprint:
		case p.PublicKey == nil:
			return false, failField("csr", "the key of csr was made by Segue, so it is not with its client alone: make a new key where it is used, and send its request")
		default:
			had = true
		}
	}
	return had, nil
}

// holdersRead bounds the holders of a key that are looked at: they are all one
// user's, or the newest of them is a reason to refuse.
const holdersRead = 1000

// claimKey refuses a key that another user of the project has or had, and one that
// was revoked: who got hold of it must not get in again. It looks after the pair is
// stored, with other writers of the project's pairs kept out until the transaction
// ends, so that no two users get one key at the same moment.
func (u *unit) claimKey(ctx context.Context, projectID, userID int64, key pki.PublicKey) error {
	if _, err := u.LockAuditHead(ctx, projectID); err != nil {
		return err
	}
	holders, err := u.KeyHolders(ctx, projectID, key.Fingerprint[:], holdersRead)
	if err != nil {
		return err
	}
	for _, h := range holders {
		switch {
		case h.UserID != userID:
			return failField("csr", "the key of csr is or was another user's in this project: make a new key for this user, and send its request")
		case !h.RevokedAt.IsZero():
			return revokedKey()
		}
	}
	return nil
}

func revokedKey() error {
	return failField("csr", "the key of csr is of a pair that is revoked, so somebody else may have it: make a new key, and send its request")
}
