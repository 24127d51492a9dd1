package store_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/testenv"
)

const (
	benchUsers = 100_000
	benchPage  = 250 // as the sweep has it
)

// benchStart is when the population of a benchmark begins.
var benchStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// BenchmarkApplyPage is the write of the sweep: a page of renewals with their
// audit entries in one durable transaction.
func BenchmarkApplyPage(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		benchmarkApplyPage(b, store.Options{Dir: b.TempDir()})
	})
	b.Run("postgres", func(b *testing.B) {
		benchmarkApplyPage(b, store.Options{DatabaseURL: testenv.Postgres(b)})
	})
}

// BenchmarkDuePage is the read of the sweep.
func BenchmarkDuePage(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		benchmarkDuePage(b, store.Options{Dir: b.TempDir()})
	})
	b.Run("postgres", func(b *testing.B) {
		benchmarkDuePage(b, store.Options{DatabaseURL: testenv.Postgres(b)})
	})
}

func benchmarkApplyPage(b *testing.B, o store.Options) {
	p := populate(b, o, benchUsers)
	renewals, found, spent, spentCPU := 0, time.Duration(0), time.Duration(0), time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		look := time.Now()
		due := p.duePage(b)
		found += time.Since(look)
		page := p.decide(b, due)
		b.StartTimer()
		begin, beginCPU := time.Now(), processorTime(b)
		p.commit(b, page)
		spent, spentCPU = spent+time.Since(begin), spentCPU+processorTime(b)-beginCPU
		renewals += len(page)
	}
	b.ReportMetric(float64(spent.Microseconds())/float64(renewals), "µs/renewal")
	b.ReportMetric(float64(spentCPU.Microseconds())/float64(renewals), "cpu-µs/renewal")
	b.ReportMetric(float64(found.Microseconds())/float64(renewals), "found-µs/renewal")
}

func benchmarkDuePage(b *testing.B, o store.Options) {
	p := populate(b, o, benchUsers)
	users := 0
	for b.Loop() {
		users += len(p.duePage(b))
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(users), "µs/user")
}

// population is a store full of users that all come due.
type population struct {
	*store.Store
	project app.Project
	service app.Service
	ca      app.CA
	now     time.Time
	shard   int
	after   app.DueCursor
	cert    []byte
	sealed  []byte
}

// populate makes a store with users of one service, made over a year.
func populate(b *testing.B, o store.Options, users int) *population {
	b.Helper()
	p := &population{
		Store: open(b, o), now: benchStart.AddDate(3, 0, 0), cert: make([]byte, 620), sealed: make([]byte, 171),
		project: app.Project{ID: 1, Name: "acme", FirstName: "acme", CreatedAt: benchStart},
		service: app.Service{ID: 2, ProjectID: 1, Name: "orders", CreatedAt: benchStart, UpdatedAt: benchStart},
		ca: app.CA{ID: 3, ProjectID: 1, Kind: app.ProjectCA, State: app.CAActive, Cert: []byte{1}, SealedKey: []byte{1},
			NotBefore: benchStart, NotAfter: benchStart.AddDate(1000, 0, 0), CreatedAt: benchStart},
	}
	p.begin(b)
	const page = 2000
	for first := 0; first < users; first += page {
		p.insert(b, first, min(page, users-first), users)
	}
	return p
}

// begin puts everything but users into the store.
func (p *population) begin(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	write(t, p.Store, func(tx app.Tx) error {
		if err := tx.InsertProject(ctx, p.project); err != nil {
			return err
		}
		if err := tx.InsertService(ctx, p.service); err != nil {
			return err
		}
		return tx.InsertCA(ctx, p.ca)
	})
}

func (p *population) insert(b *testing.B, first, n, of int) {
	b.Helper()
	ctx := context.Background()
	write(b, p.Store, func(tx app.Tx) error {
		var changes []app.Decided
		for i := first; i < first+n; i++ {
			at := benchStart.Add(time.Duration(i) * 365 * 24 * time.Hour / time.Duration(of))
			u := app.User{ID: randomID(), ProjectID: 1, ServiceID: 2, Name: fmt.Sprintf("user-%08d", i), SealedPassword: make([]byte, 60), CreatedAt: at}
			if err := tx.InsertUser(ctx, u); err != nil {
				return err
			}
			c, err := lifecycle.Create(u.ID, lifecycle.Terms{Policy: lifecycle.DefaultPolicy(), CAEnd: p.ca.NotAfter}, at)
			if err != nil {
				return err
			}
			changes = append(changes, p.decided(u.ID, c))
		}
		_, err := tx.Apply(ctx, changes)
		return err
	})
}

func (p *population) decided(userID int64, c lifecycle.Change) app.Decided {
	serial := make([]byte, 16)
	_, _ = rand.Read(serial) // never fails: see crypto/rand
	d := app.Decided{ProjectID: 1, ServiceID: 2, UserID: userID, Change: c,
		Pair: &app.NewPair{CAID: 3, Serial: serial, Cert: p.cert, SealedKey: p.sealed}}
	if c.Open != nil {
		d.RemindAt = c.At
	}
	return d
}

// duePage reads the next page; when all shards are done everybody comes due again.
func (p *population) duePage(b *testing.B) []app.DueUser {
	b.Helper()
	for {
		page, err := p.DuePage(context.Background(), p.shard, p.now, p.after, benchPage)
		if err != nil {
			b.Fatal(err)
		}
		if len(page) > 0 {
			last := page[len(page)-1]
			p.after = app.DueCursor{DueAt: last.DueAt, UserID: last.Facts.UserID}
			return page
		}
		p.shard, p.after = p.shard+1, app.DueCursor{}
		if p.shard == app.Shards {
			p.shard, p.now = 0, p.now.AddDate(2, 0, 0)
		}
	}
}

func (p *population) decide(b *testing.B, page []app.DueUser) []app.Decided {
	b.Helper()
	var changes []app.Decided
	for _, u := range page {
		c, err := lifecycle.Renew(u.Facts, lifecycle.Terms{Policy: u.Policy, CAEnd: p.ca.NotAfter}, p.now)
		if err != nil {
			b.Fatal(err)
		}
		changes = append(changes, p.decided(u.Facts.UserID, c))
	}
	return changes
}

// commit does what the sweep does in one transaction.
func (p *population) commit(b *testing.B, changes []app.Decided) {
	b.Helper()
	ctx := context.Background()
	write(b, p.Store, func(tx app.Tx) error {
		if err := tx.SweepCommitted(ctx, p.now); err != nil {
			return err
		}
		applied, err := tx.Apply(ctx, changes)
		if err != nil {
			return err
		}
		head, err := tx.LockAuditHead(ctx, p.project.ID)
		if err != nil {
			return err
		}
		var entries []app.AuditEntry
		for i, d := range changes {
			if !applied[i] {
				b.Fatal("a renewal was not applied")
			}
			head.Seq++
			entries = append(entries, app.AuditEntry{
				ProjectID: 1, Seq: head.Seq, At: p.now, Actor: "system", Action: string(d.Change.Action), Service: "orders",
				User: "user-00000000", Detail: `{"user_id":"0123456789abcdef","generation":2}`, MAC: p.cert[:37],
			})
		}
		return tx.AppendAudit(ctx, entries)
	})
}

// processorTime is what this process has had of all cores. Other work on the
// machine does not count, nor does that of a PostgreSQL server.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func write(t testing.TB, s *store.Store, fn func(app.Tx) error) {
	t.Helper()
	if err := s.Write(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func randomID() int64 {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails: see crypto/rand
	return int64(binary.BigEndian.Uint64(id[:])>>1) | 1
}
