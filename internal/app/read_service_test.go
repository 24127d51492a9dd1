package app_test

import (
	"context"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/testenv"
)

// largeService is a service of more than one page of users.
func (f *fixture) largeService() {
	f.t.Helper()
	f.service()
	testenv.AddUsers(f.t, f.App, "acme", "orders", 600, f.now)
}

// begin reads the first page of a service for somebody.
func (f *fixture) begin(ctx context.Context, actor app.Actor, service string) (next func() ([]app.UserView, error, bool), stop func(), err error) {
	f.t.Helper()
	reading, err := f.ReadService(ctx, actor, "acme", service, false, f.now)
	f.must(err)
	next, stop = iter.Pull2(reading.Pages(ctx))
	_, err, _ = next()
	return next, stop, err
}

// One account takes half of the places, whatever it asks for: a reader who takes
// all the time there is keeps nobody else from reading.
func TestReadingsOfOneAccount(t *testing.T) {
	f := newFixture(t, t.TempDir(), "")
	f.largeService()
	slow := f.member("slow@example.com", app.RoleReadOnly)
	for range 4 {
		_, stop, err := f.begin(f.ctx, slow, "orders")
		f.must(err)
		defer stop()
	}
	hurry, cancel := context.WithTimeout(f.ctx, 50*time.Millisecond)
	defer cancel()
	var waiting sync.WaitGroup
	for range 40 {
		reading, err := f.ReadService(f.ctx, slow, "acme", "orders", false, f.now)
		f.must(err)
		waiting.Go(func() {
			for _, err := range reading.Pages(hurry) {
				if err == nil {
					t.Error("one account reads more than four large services at once")
				}
				return
			}
		})
	}
	_, stop, err := f.begin(f.ctx, f.admin, "orders")
	f.must(err)
	stop()
	waiting.Wait()
}

// A project that is renamed while one of its services is read is still the same,
// and one that takes its name is not.
func TestRenamedWhileRead(t *testing.T) {
	f := newFixture(t, t.TempDir(), "")
	f.largeService()
	left, stays := f.member("left@example.com", app.RoleReadOnly), f.member("stays@example.com", app.RoleReadOnly)
	next, stop, err := f.begin(f.ctx, stays, "orders")
	defer stop()
	f.must(err)
	leftNext, leftStop, err := f.begin(f.ctx, left, "orders")
	defer leftStop()
	f.must(err)

	name := "acme-before"
	_, err = f.UpdateProject(f.ctx, f.admin, "acme", app.ProjectPatch{Name: &name}, f.now)
	f.must(err)
	_, err = f.CreateProject(f.ctx, f.admin, app.NewProject{Name: "acme"}, f.now)
	f.must(err)
	f.must(f.RemoveMember(f.ctx, f.admin, name, left.Email, f.now))
	f.must(f.store.Write(f.ctx, func(tx app.Tx) error {
		p, err := tx.ProjectByName(f.ctx, "acme")
		f.must(err)
		return tx.SetRole(f.ctx, p.ID, left.AccountID, app.RoleReadOnly, f.now)
	}))

	page, err, _ := next()
	f.must(err)
	if len(page) == 0 {
		t.Error("after the rename no users come")
	}
	if page, err, _ := leftNext(); err == nil {
		t.Errorf("a role in another project of the name shows %d users more", len(page))
	}
}

// Only so many large services are read at once; one of few users never waits.
func TestReadingsAtOnce(t *testing.T) {
	f := newFixture(t, t.TempDir(), "")
	f.largeService()
	_, err := f.CreateService(f.ctx, f.admin, "acme", app.NewService{Name: "small"}, f.now)
	f.must(err)
	readers := []app.Actor{f.admin, f.member("second@example.com", app.RoleDeveloper), f.member("third@example.com", app.RoleDeveloper)}
	begin := func(ctx context.Context, reader int, service string) (stop func(), err error) {
		_, stop, err = f.begin(ctx, readers[reader], service)
		return stop, err
	}
	var stops []func()
	for i := range 8 {
		stop, err := begin(f.ctx, i/4, "orders")
		f.must(err)
		stops = append(stops, stop)
	}
	hurry, cancel := context.WithTimeout(f.ctx, 50*time.Millisecond)
	defer cancel()
	stop, err := begin(hurry, 2, "orders")
	stop()
	if err == nil {
		t.Fatal("a ninth large service is read at once")
	}
	stop, err = begin(f.ctx, 0, "small")
	f.must(err)
	stop()
	stops[0]()
	stop, err = begin(f.ctx, 2, "orders")
	f.must(err)
	for _, stop := range append(stops[1:], stop) {
		stop()
	}
	// Each of the nine that began says how far it came; the one that waited showed
	// nothing. Two services that were made and a small one that was read are sights too.
	if n, corrected := f.audited("keys.read"), f.audited("keys.read-corrected"); n != 9+3 || corrected != 9 {
		t.Errorf("%d sights and %d corrections, want 12 and 9", n, corrected)
	}
}
