// Package storetest is what a store must do, whatever database it is on: one
// suite, run on each.
package storetest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// Store is everything that the rest of Segue asks of a store.
type Store interface {
	app.Store
	app.Inspector
	app.Resealer
	LoadKeyset(ctx context.Context, name string) (wrapped []byte, revision int64, err error)
	SaveKeyset(ctx context.Context, name string, wrapped []byte, ifRevision int64) error
	Empty(ctx context.Context) (bool, error)
	HostClock(ctx context.Context) (time.Time, error)
	Close() error
}

// Open opens one more instance over one database, as another process has it.
type Open func(t *testing.T) Store

// Run runs the suite; fresh makes an empty database each time it is called.
func Run(t *testing.T, fresh func(t *testing.T) Open) {
	for _, group := range [][]test{
		accountTests, projectTests, serviceTests, userTests, applyTests, renewalTests, sweepTests,
		policyTests, authorityTests, auditTests, keyTests, inspectTests, concurrencyTests,
		memberTests, channelTests, messageTests, reminderTests, censusTests, listTests, csrTests, accessTests,
	} {
		for _, test := range group {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				test.run(newFixture(t, fresh(t)))
			})
		}
	}
}

type test struct {
	name string
	run  func(*fixture)
}

const day = 24 * time.Hour

// start is when the tests' time begins. It has no fraction of a second, so that
// whole seconds of certificates compare.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fixture is a store with one project, its authority and one service.
type fixture struct {
	*testing.T
	ctx     context.Context
	open    Open
	store   Store
	project app.Project
	service app.Service
	ca      app.CA
}

func newFixture(t *testing.T, open Open) *fixture {
	f := &fixture{T: t, ctx: t.Context(), open: open, store: open(t)}
	f.project = f.newProject("acme")
	f.ca = f.newCA(f.project.ID)
	f.service = f.newService(f.project.ID, "orders")
	return f
}

// nextID makes ids in ascending order; they all lie in the first shard.
var nextID atomic.Int64

func id() int64 { return 1_000_000 + nextID.Add(1) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: see crypto/rand
	return b
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// is fails the test where err is not the one wanted.
func (f *fixture) is(err, want error) {
	f.Helper()
	if !errorIs(err, want) {
		f.Fatalf("error %v, want %v", err, want)
	}
}

// same compares by value; times in UTC, as the store gives them.
func (f *fixture) same(what string, got, want any) {
	f.Helper()
	if !reflect.DeepEqual(got, want) {
		f.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func (f *fixture) write(fn func(app.Tx) error) {
	f.Helper()
	f.must(f.store.Write(f.ctx, fn))
}

func (f *fixture) read(fn func(app.Reader) error) {
	f.Helper()
	f.must(f.store.Read(f.ctx, fn))
}

func (f *fixture) newProject(name string) app.Project {
	f.Helper()
	p := app.Project{ID: id(), Name: name, FirstName: name, CreatedAt: start}
	f.write(func(tx app.Tx) error { return tx.InsertProject(f.ctx, p) })
	return p
}

func (f *fixture) newCA(projectID int64) app.CA {
	f.Helper()
	c := app.CA{
		ID: id(), ProjectID: projectID, Kind: app.ProjectCA, State: app.CAActive, Cert: randomBytes(300), SealedKey: randomBytes(150),
		NotBefore: start.Add(-day), NotAfter: start.AddDate(10, 0, 0), CreatedAt: start,
	}
	f.write(func(tx app.Tx) error { return tx.InsertCA(f.ctx, c) })
	return c
}

func (f *fixture) newService(projectID int64, name string) app.Service {
	f.Helper()
	s := app.Service{
		ID: id(), ProjectID: projectID, Name: name, Plan: "any", Cloud: "own", UserConfig: []byte(`{}`), CreatedAt: start, UpdatedAt: start,
	}
	f.write(func(tx app.Tx) error { return tx.InsertService(f.ctx, s) })
	return s
}

func (f *fixture) terms() lifecycle.Terms {
	return lifecycle.Terms{Policy: lifecycle.DefaultPolicy(), CAEnd: f.ca.NotAfter}
}

// decided is a change of a user of the fixture's service, with material where it issues a pair.
func (f *fixture) decided(userID int64, c lifecycle.Change) app.Decided {
	d := app.Decided{ProjectID: f.project.ID, ServiceID: f.service.ID, UserID: userID, Change: c}
	if c.Issue != nil {
		d.Pair = &app.NewPair{CAID: f.ca.ID, Serial: randomBytes(16), Cert: randomBytes(600), SealedKey: randomBytes(170)}
		if c.Issue.ByCSR {
			d.Pair.SealedKey, d.Pair.PublicKey = nil, randomBytes(32)
		}
	}
	return d
}

// newUser makes a user with its first pair in the fixture's service.
func (f *fixture) newUser(name string, now time.Time) app.User {
	f.Helper()
	return f.newUserWith(name, f.terms(), now)
}

func (f *fixture) newUserWith(name string, terms lifecycle.Terms, now time.Time) app.User {
	f.Helper()
	return f.newUserOf(id(), name, terms, now)
}

func (f *fixture) newUserOf(id int64, name string, terms lifecycle.Terms, now time.Time) app.User {
	f.Helper()
	u := app.User{
		ID: id, ProjectID: f.project.ID, ServiceID: f.service.ID, Name: name, Primary: name == lifecycle.PrimaryUser,
		SealedPassword: randomBytes(60), CreatedAt: now,
	}
	c, err := lifecycle.Create(u.ID, terms, now)
	f.must(err)
	f.write(func(tx app.Tx) error {
		if err := tx.InsertUser(f.ctx, u); err != nil {
			return err
		}
		return f.applyIn(tx, f.decided(u.ID, c))
	})
	return f.user(name)
}

// applyIn applies changes that must all apply.
func (f *fixture) applyIn(tx app.Tx, changes ...app.Decided) error {
	applied, err := tx.Apply(f.ctx, changes)
	if err != nil {
		return err
	}
	for i, ok := range applied {
		if !ok {
			return fmt.Errorf("change %d, %s on revision %d, was not applied", i, changes[i].Change.Action, changes[i].Change.Base)
		}
	}
	return nil
}

func (f *fixture) apply(changes ...app.Decided) {
	f.Helper()
	f.write(func(tx app.Tx) error { return f.applyIn(tx, changes...) })
}

// user reads a user of the fixture's service.
func (f *fixture) user(name string) app.User {
	f.Helper()
	var u app.User
	f.read(func(r app.Reader) (err error) {
		u, err = r.UserByName(f.ctx, f.service.ID, name)
		return err
	})
	return u
}

// renew applies what the sweep would do to the user at now.
func (f *fixture) renew(name string, now time.Time) app.User {
	f.Helper()
	u := f.user(name)
	c, err := lifecycle.Renew(u.Facts, f.terms(), now)
	f.must(err)
	f.apply(f.decided(u.ID, c))
	return f.user(name)
}

// acknowledge applies an acknowledgement of the pending renewal.
func (f *fixture) acknowledge(name string, now time.Time) app.User {
	f.Helper()
	u := f.user(name)
	c, err := lifecycle.Acknowledge(u.Facts, 0, "ann@example.org", lifecycle.AckByPerson, now)
	f.must(err)
	f.apply(f.decided(u.ID, c))
	return f.user(name)
}

// hashOf is a token's hash that no other token has.
func hashOf(n int64) []byte {
	b := make([]byte, 32)
	binary.BigEndian.PutUint64(b, uint64(n))
	return b
}
