package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// CreateUser makes a service user with its first pair and a password.
func (a *App) CreateUser(ctx context.Context, actor Actor, project, service, user string, now time.Time) (UserView, error) {
	if err := a.AddUser(ctx, actor, project, service, user, now); err != nil {
		return UserView{}, err
	}
	return a.GetUser(ctx, actor, project, service, user, now)
}

// CreateUserByCSR makes a service user from a certificate signing request in PEM:
// its key is with its client and never is here.
func (a *App) CreateUserByCSR(ctx context.Context, actor Actor, project, service, user, csr string, now time.Time) (UserView, error) {
	if csr == "" {
		return UserView{}, failField("csr", "csr must not be empty: leave it out to have a key made")
	}
	if err := a.addUser(ctx, actor, project, service, user, csr, now); err != nil {
		return UserView{}, AsError(err)
	}
	return a.GetUser(ctx, actor, project, service, user, now)
}

// AddUser is CreateUser without a sight of the new key.
func (a *App) AddUser(ctx context.Context, actor Actor, project, service, user string, now time.Time) error {
	return AsError(a.addUser(ctx, actor, project, service, user, "", now))
}

// addUser makes a user, by a certificate signing request where csr is not empty.
func (a *App) addUser(ctx context.Context, actor Actor, project, service, user, csr string, now time.Time) error {
	if err := lifecycle.CheckName("username", user); err != nil {
		return err
	}
	var s scope
	var svc Service
	var ca CA
	err := a.read(ctx, actor, now, func(r Reader) (err error) {
		if s, err = authorise(ctx, r, actor, project, ManageUsers); err != nil {
			return err
		}
		if svc, err = findService(ctx, r, s, service); err != nil {
			return err
		}
		switch _, err = r.UserByName(ctx, svc.ID, user); {
		case err == nil:
			return userExists()
		case !errors.Is(err, ErrNotFound):
			return err
		}
		ca, err = r.ActiveCA(ctx, s.Project.ID, 0, ProjectCA)
		return err
	})
	if err != nil {
		return err
	}
	var key *pki.PublicKey
	if csr != "" {
		if key, err = readCSR(csr, pki.ClientName{Project: s.Project.FirstName, Service: svc.Name, User: user}); err != nil {
			return err
		}
	}
	made, err := a.newUser(ctx, s.Project, svc, ca, user, key, now)
	if err != nil {
		return err
	}
	return a.write(ctx, actor, now, func(u *unit) error {
		if _, err := authorise(ctx, u, actor, project, ManageUsers); err != nil {
			return err
		}
		still, err := findService(ctx, u, s, service)
		if err != nil {
			return err
		}
		if still.ID != svc.ID {
			return fail(CodeConflict, "the service was replaced meanwhile: try again")
		}
		if err := u.insertUser(ctx, s, svc, made); err != nil || key == nil {
			return err
		}
		return u.claimKey(ctx, s.Project.ID, made.user.ID, *key)
	})
}

// madeUser is a user with everything made that needs no transaction.
type madeUser struct {
	user   User
	change lifecycle.Change
	pair   *NewPair
}

// newUser makes a user's row, first pair and sealed password; key is the client's
// where a certificate signing request brought one.
func (a *App) newUser(ctx context.Context, p Project, s Service, ca CA, name string, key *pki.PublicKey, now time.Time) (madeUser, error) {
	u := User{
		ID: newID(), ProjectID: p.ID, ServiceID: s.ID, Name: name,
		Primary: name == lifecycle.PrimaryUser, CreatedAt: now,
	}
	create, clients := lifecycle.Create, pki.PublicKey{}
	if key != nil {
		create, clients = lifecycle.CreateByCSR, *key
	}
	change, err := create(u.ID, terms(p, s, ca), now)
	if err != nil {
		return madeUser{}, err
	}
	by, err := a.load(ctx, ca)
	if err != nil {
		return madeUser{}, err
	}
	pair, err := a.makePair(ctx, by, identity{p.ID, u.ID, p.FirstName, s.Name, name}, change.Issue, clients)
	if err != nil {
		return madeUser{}, err
	}
	u.SealedPassword, err = a.sealPassword(ctx, p.ID, u.ID, newPassword())
	return madeUser{user: u, change: change, pair: pair}, err
}

func (a *App) sealPassword(ctx context.Context, projectID, userID int64, password string) ([]byte, error) {
	sealed, err := a.Custody.Seal(ctx, SealPassword, projectID, userID, PasswordID, []byte(password))
	if err != nil {
		return nil, fmt.Errorf("seal a service user's password: %w", err)
	}
	return sealed, nil
}

// insertUser stores a made user with its first generation and audit entry.
func (u *unit) insertUser(ctx context.Context, s scope, svc Service, made madeUser) error {
	err := u.InsertUser(ctx, made.user)
	if errors.Is(err, ErrExists) {
		return userExists()
	}
	if err != nil {
		return err
	}
	if err := u.save(ctx, target{scope: s, service: svc, user: made.user}, made.change, made.pair); err != nil || !svc.SASLAuth() {
		return err
	}
	_, err = u.TouchCluster(ctx, s.Project.ID, svc.ID, u.now)
	return err
}

func userExists() error {
	return &Error{Code: CodeConflict, Field: "username", Message: "a service user of this name already exists in this service"}
}

const passwordLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newPassword is 24 letters and digits: 142 bits.
func newPassword() string {
	b := make([]byte, 24)
	for i := range b {
		n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(passwordLetters)))) // never fails: see crypto/rand
		b[i] = passwordLetters[n.Int64()]
	}
	return string(b)
}
