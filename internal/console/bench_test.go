package console

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// The limits of a page of a service's users, however many there are.
const (
	pageWithin = 300 * time.Millisecond
	pageSize   = 150_000 // bytes, compressed
)

// BenchmarkUsersPage is the page of a service of 100,000 users, in every filter and
// order, from the request to the last byte: a session is looked up, the role held,
// the menu's counts made.
func BenchmarkUsersPage(b *testing.B) {
	r := newRig(b)
	populate(b, r, 100_000)
	c := r.operator()
	const large = demo + "/services/large/users"
	after := c.get(large).ok().link("Next")
	for _, page := range []struct{ name, path string }{
		{"all", large},
		{"the second page", after},
		{"by name", large + "?sort=name"},
		{"by end", large + "?sort=end"},
		{"awaiting acknowledgement", large + "?state=awaiting"},
		{"awaiting, by end", large + "?state=awaiting&sort=end"},
		{"overlap", large + "?state=overlap"},
		{"lapsed", large + "?state=lapsed"},
		{"valid, by name", large + "?state=valid&sort=name"},
		{"search, many fit", large + "?search=7"},
		{"search, one fits", large + "?search=0054321"},
		{"search, none fits", large + "?search=nowhere"},
	} {
		b.Run(page.name, func(b *testing.B) { benchmarkPage(b, c, page.path) })
	}
}

func benchmarkPage(b *testing.B, c *client, path string) {
	size := 0
	for b.Loop() {
		req := httptest.NewRequest(http.MethodGet, path, nil)
		req.RemoteAddr = c.address + ":40000"
		req.Header.Set("Accept-Encoding", "gzip")
		req.AddCookie(&http.Cookie{Name: sessionCookie, Value: c.cookies[sessionCookie]})
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, req)
		if size = w.Body.Len(); w.Code != http.StatusOK || size > pageSize {
			b.Fatalf("status %d, %d bytes; at most %d are wanted", w.Code, size, pageSize)
		}
	}
	b.ReportMetric(float64(size)/1000, "KB")
	took := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(0, "ns/op") // milliseconds say more
	b.ReportMetric(float64(took.Microseconds())/1000, "ms/page")
	if took > pageWithin {
		b.Errorf("%s a page; at most %s is wanted", took, pageWithin)
	}
}

// populate fills a service with users born evenly over 900 days, each renewed when
// it was due, half of the renewals acknowledged: a fifth of them have a renewal that
// matters, and one in twenty lapsed. Their rows carry one real pair's bytes under
// serials of their own, as a list reads none of them.
func populate(b *testing.B, r *rig, n int) {
	b.Helper()
	ctx := b.Context()
	if err := r.app.AddService(ctx, app.System(), app.DemoProject, app.NewService{Name: "large"}, r.now); err != nil {
		b.Fatal(err)
	}
	p := population{b: b, r: r}
	err := r.store.Read(ctx, func(rd app.Reader) error {
		project, err := rd.ProjectByName(ctx, app.DemoProject)
		if err != nil {
			return err
		}
		service, err := rd.ServiceByName(ctx, project.ID, "large")
		if err != nil {
			return err
		}
		p.template, err = rd.UserByName(ctx, service.ID, lifecycle.PrimaryUser)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	const perWrite = 5000
	for from := 0; from < n; from += perWrite {
		err := r.store.Write(ctx, func(tx app.Tx) error { return p.insert(tx, from, min(from+perWrite, n), n) })
		if err != nil {
			b.Fatal(err)
		}
	}
}

type population struct {
	b        *testing.B
	r        *rig
	template app.User
}

// insert stores the users from one number to another: their birth, then what is
// due, then what somebody acknowledged.
func (p *population) insert(tx app.Tx, from, to, n int) error {
	const since = 900 * 24 * time.Hour
	terms := lifecycle.Terms{Policy: lifecycle.DefaultPolicy(), CAEnd: p.r.now.AddDate(app.CAYears, 0, 0)}
	var births, renewals, acknowledgements []app.Decided
	for i := from; i < to; i++ {
		u := p.template
		u.ID, u.Name = int64(1_000_000+i), fmt.Sprintf("user-%07d", i)
		u.CreatedAt = p.r.now.Add(-since / time.Duration(n) * time.Duration(i))
		if err := tx.InsertUser(p.b.Context(), u); err != nil {
			return err
		}
		birth, err := lifecycle.Create(u.ID, terms, u.CreatedAt)
		if err != nil {
			return err
		}
		births = append(births, p.decided(u.ID, birth, true))
		facts := lifecycle.Facts{}.Apply(birth)
		if facts.RenewAt.After(p.r.now) {
			continue
		}
		renewed, err := lifecycle.Renew(facts, terms, facts.RenewAt)
		if err != nil {
			return err
		}
		renewals = append(renewals, p.decided(u.ID, renewed, true))
		if i%2 == 0 {
			continue
		}
		acknowledged, err := lifecycle.Acknowledge(facts.Apply(renewed), 0, operatorEmail, lifecycle.AckByPerson, p.r.now)
		if err != nil {
			return err
		}
		acknowledgements = append(acknowledgements, p.decided(u.ID, acknowledged, false))
	}
	for _, changes := range [][]app.Decided{births, renewals, acknowledgements} {
		if err := p.apply(tx, changes); err != nil {
			return err
		}
	}
	return nil
}

func (p *population) decided(user int64, change lifecycle.Change, pair bool) app.Decided {
	d := app.Decided{ProjectID: p.template.ProjectID, ServiceID: p.template.ServiceID, UserID: user, Change: change}
	if pair {
		serial := make([]byte, 20)
		copy(serial, p.template.Current.Serial[:4]) // the time prefix keeps the index local, as in life
		rand.Read(serial[4:])                       // never fails
		d.Pair = &app.NewPair{CAID: p.template.Current.CAID, Serial: serial, Cert: p.template.Current.Cert, SealedKey: p.template.Current.SealedKey}
	}
	return d
}

func (p *population) apply(tx app.Tx, changes []app.Decided) error {
	applied, err := tx.Apply(p.b.Context(), changes)
	if err != nil {
		return err
	}
	for _, ok := range applied {
		if !ok {
			return fmt.Errorf("a user of the population was not stored")
		}
	}
	return nil
}
