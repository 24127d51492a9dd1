package app_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/testenv"
)

// Only so many large services are read at once; one of few users never waits.
func TestReadingsAtOnce(t *testing.T) {
	f := newFixture(t, t.TempDir(), "")
	f.service()
	_, err := f.CreateService(f.ctx, f.admin, "acme", app.NewService{Name: "small"}, f.now)
	f.must(err)
	testenv.AddUsers(t, f.App, "acme", "orders", 600, f.now)
	begin := func(ctx context.Context, service string) (stop func(), err error) {
		reading, err := f.ReadService(ctx, f.admin, "acme", service, false, f.now)
		f.must(err)
		next, stop := iter.Pull2(reading.Pages(ctx))
		_, err, _ = next()
		return stop, err
	}
	var stops []func()
	for range 8 {
		stop, err := begin(f.ctx, "orders")
		f.must(err)
		stops = append(stops, stop)
	}
	hurry, cancel := context.WithTimeout(f.ctx, 50*time.Millisecond)
	defer cancel()
	stop, err := begin(hurry, "orders")
	stop()
	if err == nil {
		t.Fatal("a ninth large service is read at once")
	}
	stop, err = begin(f.ctx, "small")
	f.must(err)
	stop()
	stops[0]()
	stop, err = begin(f.ctx, "orders")
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
