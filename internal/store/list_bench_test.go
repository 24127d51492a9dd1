package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/testenv"
)

// BenchmarkLists is what the console reads of a service of 100,000 users in the
// worst of times: every user was renewed at once, every other acknowledged, and
// every eighth of the old pairs has ended.
func BenchmarkLists(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		benchmarkLists(b, store.Options{Dir: b.TempDir()})
	})
	b.Run("postgres", func(b *testing.B) {
		benchmarkLists(b, store.Options{DatabaseURL: testenv.Postgres(b)})
	})
}

func benchmarkLists(b *testing.B, o store.Options) {
	p := populate(b, o, benchUsers)
	p.now = benchStart.Add(866 * 24 * time.Hour)
	p.renewAll(b)
	ctx := context.Background()
	measure := func(name string, read func(r app.Reader) error) {
		b.Run(name, func(b *testing.B) {
			before := processorTime(b)
			for b.Loop() {
				if err := p.Read(ctx, read); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processorTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
	states := map[string][]lifecycle.State{
		"all":      {lifecycle.Lapsed, lifecycle.Expiring, lifecycle.Acknowledged, lifecycle.Valid},
		"awaiting": {lifecycle.Lapsed, lifecycle.Expiring},
		"valid":    {lifecycle.Valid},
	}
	for filter, wanted := range states {
		for _, sort := range []string{app.SortUrgency, app.SortName, app.SortEnd} {
			for _, search := range []string{"", "77"} {
				measure(fmt.Sprintf("find/%s/%s/%q", filter, sort, search), func(r app.Reader) error {
					_, err := r.FindUsers(ctx, app.UserQuery{ServiceID: 2, Now: p.now, States: wanted, Sort: sort, Search: search, Limit: 100})
					return err
				})
			}
		}
	}
	measure("count states", func(r app.Reader) error { _, err := r.CountStates(ctx, 1, 2, p.now); return err })
	measure("urgent services", func(r app.Reader) error { _, err := r.UrgentServices(ctx, 1, p.now, 200); return err })
	measure("services", func(r app.Reader) error { _, err := r.CountedServices(ctx, 1, "", p.now, 100); return err })
	measure("total services", func(r app.Reader) error { _, err := r.TotalServices(ctx, 1, p.now); return err })
	measure("overdue", func(r app.Reader) error { _, err := r.CountOverdue(ctx, 1, p.now); return err })
	year := p.now.AddDate(1, 0, 0)
	measure("count dates", func(r app.Reader) error { _, err := r.CountDates(ctx, 1, 0, p.now, year, p.now); return err })
	measure("dates", func(r app.Reader) error {
		_, err := r.Dates(ctx, 1, 0, p.now, year, p.now, app.DateCursor{At: p.now, What: -1}, 100)
		return err
	})
}

// renewAll renews every user that is due and acknowledges every other.
func (p *population) renewAll(b *testing.B) {
	b.Helper()
	for p.shard < app.Shards {
		page, err := p.DuePage(context.Background(), p.shard, p.now, app.DueCursor{}, 2000)
		if err != nil {
			b.Fatal(err)
		}
		if len(page) == 0 {
			p.shard++
			continue
		}
		renewals := p.decide(b, page)
		var acknowledged []app.Decided
		for i := 0; i < len(page); i += 2 {
			c, err := lifecycle.Acknowledge(page[i].Facts.Apply(renewals[i].Change), 0, "ann@example.org", lifecycle.AckByPerson, p.now)
			if err != nil {
				b.Fatal(err)
			}
			acknowledged = append(acknowledged, app.Decided{ProjectID: 1, ServiceID: 2, UserID: page[i].Facts.UserID, Change: c})
		}
		write(b, p.Store, func(tx app.Tx) error {
			_, err := tx.Apply(context.Background(), append(renewals, acknowledged...))
			return err
		})
	}
}
