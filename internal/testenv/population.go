package testenv

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// usersAWrite is how many users AddUsers stores in one transaction.
const usersAWrite = 2000

// AddUsers puts n users, user-0000000 and on, into a service by the store's own
// transactions. Each has a sealed key and password of its own; the certificates
// are all avnadmin's, for making that many takes too long.
func AddUsers(t testing.TB, a *app.App, project, service string, n int, now time.Time) {
	t.Helper()
	for from := 0; from < n; from += usersAWrite {
		err := a.Store.Write(t.Context(), func(tx app.Tx) error {
			return addUsers(t.Context(), tx, a.Custody, project, service, from, min(n, from+usersAWrite), now)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func addUsers(ctx context.Context, tx app.Tx, custody app.Custody, project, service string, from, to int, now time.Time) error {
	p, err := tx.ProjectByName(ctx, project)
	if err != nil {
		return err
	}
	s, err := tx.ServiceByName(ctx, p.ID, service)
	if err != nil {
		return err
	}
	primary, err := tx.UserByName(ctx, s.ID, lifecycle.PrimaryUser)
	if err != nil {
		return err
	}
	changes := make([]app.Decided, 0, to-from)
	for i := from; i < to; i++ {
		d, err := addUser(ctx, tx, custody, primary, fmt.Sprintf("user-%07d", i), now)
		if err != nil {
			return err
		}
		changes = append(changes, d)
	}
	_, err = tx.Apply(ctx, changes)
	return err
}

func addUser(ctx context.Context, tx app.Tx, custody app.Custody, like app.User, name string, now time.Time) (app.Decided, error) {
	random := make([]byte, 24)
	_, _ = rand.Read(random) // never fails: see crypto/rand
	id, serial := int64(binary.BigEndian.Uint64(random)>>1), random[8:]
	serial[0] |= 1
	secret := make([]byte, 138) // as long as a key
	_, _ = rand.Read(secret)
	key, err := custody.Seal(ctx, app.SealUserKey, like.ProjectID, id, hex.EncodeToString(serial), secret)
	if err != nil {
		return app.Decided{}, err
	}
	password, err := custody.Seal(ctx, app.SealPassword, like.ProjectID, id, app.PasswordID, []byte(name+"-password"))
	if err != nil {
		return app.Decided{}, err
	}
	c, err := lifecycle.Create(id, lifecycle.Terms{Policy: lifecycle.DefaultPolicy(), CAEnd: now.AddDate(app.CAYears, 0, 0)}, now)
	if err != nil {
		return app.Decided{}, err
	}
	u := app.User{ID: id, ProjectID: like.ProjectID, ServiceID: like.ServiceID, Name: name, SealedPassword: password, CreatedAt: now}
	return app.Decided{
		ProjectID: like.ProjectID, ServiceID: like.ServiceID, UserID: id, Change: c,
		Pair: &app.NewPair{CAID: like.Current.CAID, Serial: serial, Cert: like.Current.Cert, SealedKey: key},
	}, tx.InsertUser(ctx, u)
}
