package app_test

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/notify/smtptest"
	"github.com/segue-project/segue/internal/testenv"
)

// crowd is many users whose renewals await acknowledgement. They are stored through
// the store's own transactions, with the bytes of one real pair under serials of
// their own: digests read no certificate.
type crowd struct {
	*fixture
	template app.User
}

func newCrowd(f *fixture) *crowd {
	c := &crowd{fixture: f}
	c.must(c.store.Read(c.ctx, func(r app.Reader) error {
		p, err := r.ProjectByName(c.ctx, "acme")
		if err != nil {
			return err
		}
		s, err := r.ServiceByName(c.ctx, p.ID, "orders")
		if err != nil {
			return err
		}
		c.template, err = r.UserByName(c.ctx, s.ID, lifecycle.PrimaryUser)
		return err
	}))
	return c
}

// pending adds users to a service, each made and renewed a second after the one
// before; the old pair of number 0 ends at oldEnd.
func (c *crowd) pending(service string, first, users int) {
	c.t.Helper()
	const page = 2000
	for from := first; from < first+users; from += page {
		c.must(c.store.Write(c.ctx, func(tx app.Tx) error {
			p, err := tx.ProjectByName(c.ctx, "acme")
			if err != nil {
				return err
			}
			s, err := tx.ServiceByName(c.ctx, p.ID, service)
			if err != nil {
				return err
			}
			return c.insert(tx, s, from, min(page, first+users-from))
		}))
	}
}

func (c *crowd) insert(tx app.Tx, s app.Service, from, n int) error {
	var changes []app.Decided
	terms := lifecycle.Terms{Policy: lifecycle.Policy{Validity: 820 * day, RenewBefore: 90 * day}, CAEnd: start.AddDate(app.CAYears, 0, 0)}
	for i := from; i < from+n; i++ {
		born := start.Add(time.Duration(i) * time.Second)
		u := app.User{ID: randomID(), ProjectID: s.ProjectID, ServiceID: s.ID, Name: fmt.Sprintf("user-%06d", i), SealedPassword: c.template.SealedPassword, CreatedAt: born}
		if err := tx.InsertUser(c.ctx, u); err != nil {
			return err
		}
		made, err := lifecycle.Create(u.ID, terms, born)
		if err != nil {
			return err
		}
		f := lifecycle.Facts{UserID: u.ID}.Apply(made)
		renewed, err := lifecycle.Renew(f, terms, f.RenewAt)
		if err != nil {
			return err
		}
		changes = append(changes, c.decided(u, made), c.decided(u, renewed))
	}
	applied, err := tx.Apply(c.ctx, changes)
	for i := range applied {
		if !applied[i] {
			return fmt.Errorf("change %d of the crowd was not applied", i)
		}
	}
	return err
}

func (c *crowd) decided(u app.User, change lifecycle.Change) app.Decided {
	serial := make([]byte, 16)
	_, _ = rand.Read(serial) // never fails: see crypto/rand
	d := app.Decided{
		ProjectID: u.ProjectID, ServiceID: u.ServiceID, UserID: u.ID, Change: change,
		Pair: &app.NewPair{CAID: c.template.Current.CAID, Serial: serial, Cert: c.template.Current.Cert, SealedKey: c.template.Current.SealedKey},
	}
	if change.Open != nil {
		d.RemindAt = change.At.Add(14 * day)
	}
	return d
}

func randomID() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	return int64(binary.BigEndian.Uint64(b[:])>>1) | 1
}

// mostMail bounds either part of a mail, in bytes: some readers cut off a mail of
// more HTML than this.
const mostMail = 100 << 10

// sized demands that a mail is no larger than that, and lists so many renewals.
func (f *fixture) sized(m smtptest.Mail, listed int) {
	f.t.Helper()
	if len(m.HTML) > mostMail || len(m.Text) > mostMail {
		f.t.Errorf("a digest of %d bytes of HTML and %d of text", len(m.HTML), len(m.Text))
	}
	if got := len(named(m)); got != listed {
		f.t.Errorf("%d renewals are listed, want %d", got, listed)
	}
}

func TestDigestOfManyIsBounded(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		crowd := newCrowd(f.fixture)
		crowd.pending("orders", 0, 2700)
		for i := range 60 {
			service := fmt.Sprintf("service-%02d", i)
			f.addService(service, nil)
			crowd.pending(service, 2700+5*i, 5)
		}
		f.must(f.SetContacts(f.ctx, f.admin, "acme", "service-59", []string{clicksTeam}, f.now))
		f.now = renewal.Add(14*day + time.Hour)
		f.record()
		f.deliver()
		mails := f.mailedTo(kafkaTeam, clicksTeam)
		f.sized(mails[kafkaTeam], 50)
		f.says(mails[kafkaTeam], "2,995 new pairs await acknowledgement", "orders · 2,700 to acknowledge",
			"and 2,650 more: segue service renewals orders", "and 50 renewals in 10 other services: segue service renewals --project acme")
		f.sized(mails[clicksTeam], 5)
		f.says(mails[clicksTeam], "service-59 · 5 to acknowledge")

		f.notices("", `{"reminders": [{"within": "90d", "every": "7d"}]}`) // rewritten in pages
		f.record()
		f.counted(app.MessageDue, 0)
		f.now = renewal.Add(21 * day)
		f.record()
		if n := f.dueReminders(f.now.Add(7*day - time.Hour)); n != 0 {
			t.Errorf("after the reminders of day 21 at least %d are due within the week", n)
		}
	})
}

// dueReminders counts the renewals that are to be told of at a moment, up to ten.
func (f *fixture) dueReminders(at time.Time) (n int) {
	f.t.Helper()
	f.must(f.store.Read(f.ctx, func(r app.Reader) error {
		p, err := r.ProjectByName(f.ctx, "acme")
		if err != nil {
			return err
		}
		due, err := r.DueReminders(f.ctx, p.ID, at, 10)
		n = len(due)
		return err
	}))
	return n
}

// BenchmarkDigest builds, renders and records one digest of a project in which
// 1,000 or 100,000 renewals await acknowledgement: for somebody who is told of all,
// and for a contact of the service whose ends come last. B/op is its memory.
func BenchmarkDigest(b *testing.B) {
	for _, database := range []string{"sqlite", "postgres"} {
		for _, pending := range []int{1000, crowded} {
			b.Run(fmt.Sprintf("%s, %d pending", database, pending), func(b *testing.B) {
				f := benchmarked(b, database, pending)
				b.Run("of all", func(b *testing.B) { benchmarkDigest(b, f, kafkaTeam) })
				b.Run("of one service", func(b *testing.B) { benchmarkDigest(b, f, clicksTeam) })
			})
		}
	}
}

func benchmarkDigest(b *testing.B, f *fixture, to string) {
	b.ReportAllocs()
	id := int64(0)
	var took []float64 // milliseconds
	for b.Loop() {
		b.StopTimer()
		id = f.addDigest(to)
		b.StartTimer()
		begin := time.Now()
		f.must(f.DeliverMessage(f.ctx, id, f.now))
		took = append(took, float64(time.Since(begin).Microseconds())/1000)
	}
	slices.Sort(took)
	b.ReportMetric(took[0], "least-ms")
	b.ReportMetric(took[len(took)/2], "median-ms")
	b.ReportMetric(took[len(took)-1], "most-ms")
	m := f.kept(id)
	b.ReportMetric(float64(len(m.HTML)), "HTML-bytes")
	b.ReportMetric(float64(len(m.Body)), "text-bytes")
}

// BenchmarkRecordDigests moves 100,000 renewals on in their schedule, as at
// DigestHour, and records the digests about them.
func BenchmarkRecordDigests(b *testing.B) {
	for _, database := range []string{"sqlite", "postgres"} {
		b.Run(database, func(b *testing.B) {
			f := benchmarked(b, database, crowded)
			f.notices("", `{"reminders": [{"within": "90d", "every": "1d"}]}`)
			b.ReportAllocs()
			for b.Loop() {
				f.now = f.now.Add(day)
				f.must(f.RecordDigests(f.ctx, f.now))
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/crowded, "µs/renewal")
		})
	}
}

// crowded is how many renewals await in the benchmarks.
const crowded = 100_000

// benchmarked is a project with so many renewals pending in 21 services, a
// hundredth of them in the last.
func benchmarked(b *testing.B, database string, pending int) *fixture {
	url := ""
	if database == "postgres" {
		url = testenv.Postgres(b)
	}
	f := newFixture(b, b.TempDir(), url)
	f.service()
	crowd := newCrowd(f)
	for i := range 20 {
		service := fmt.Sprintf("service-%02d", i)
		f.addService(service, nil)
		crowd.pending(service, 0, (pending-pending/100)/20)
	}
	f.addService("clicks", nil)
	f.must(f.SetContacts(f.ctx, f.admin, "acme", "clicks", []string{clicksTeam}, f.now))
	crowd.pending("clicks", pending, pending/100)
	f.now = renewal.Add(3 * day)
	return f
}

// addDigest records a digest to one recipient.
func (f *fixture) addDigest(to string) (id int64) {
	f.t.Helper()
	id = randomID()
	f.must(f.store.Write(f.ctx, func(tx app.Tx) error {
		p, err := tx.ProjectByName(f.ctx, "acme")
		if err != nil {
			return err
		}
		return tx.InsertMessages(f.ctx, []app.Message{{
			ID: id, ProjectID: p.ID, Kind: app.MessageDigest, Recipient: to, Slot: fmt.Sprint(id), Payload: []byte("{}"),
			CreatedAt: f.now, DueAt: f.now, State: app.MessageDue,
		}})
	}))
	return id
}

// kept is a message that was rendered into the outbox.
func (f *fixture) kept(id int64) app.Message {
	f.t.Helper()
	m, _, err := f.GetMessage(f.ctx, f.admin, "acme", id, f.now)
	f.must(err)
	if m.State != app.MessageKept || m.Body == "" {
		f.t.Fatalf("the digest is %s: %s", m.State, m.LastError)
	}
	return m
}
