// Package work runs Segue's background jobs by River, on the same database as
// everything else. A tick looks for shards with something due and makes one
// unique job for each; replicas share the jobs, and a job lost with its process
// is only an early look: due dates lie in our own tables, and the next tick
// finds what is still due. River's rows are never the truth about anything.
package work

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/segue-project/segue/internal/app"
)

// Sweeper is what the jobs need of the use cases; *app.App is one.
type Sweeper interface {
	// DueShards returns the shards with something due at now.
	DueShards(ctx context.Context, now time.Time) ([]int, error)
	// Sweep renews what is due in the shards.
	Sweep(ctx context.Context, o app.SweepOptions, now time.Time) (app.SweepReport, error)
	// ResumePolicyRewrites finishes what policy changes left undone.
	ResumePolicyRewrites(ctx context.Context, now time.Time) error
	// NoteSweep notes that a tick looked at everything due.
	NoteSweep(ctx context.Context, now time.Time) error
}

// Config is what a Runner is made of.
type Config struct {
	DB       *sql.DB // on SQLite the single writer, which River shares with the store
	Dialect  string  // "sqlite" or "postgres"
	Sweeper  Sweeper
	Notifier Notifier
	Syncer   Syncer
	Tick     time.Duration
	Now      func() time.Time
	// HostClock is the database host's clock.
	HostClock func(ctx context.Context) (time.Time, error)
	// RefreshKeys rereads the keysets, so that a rotation by another process is
	// used here for new secrets too.
	RefreshKeys func(ctx context.Context) error
	// Observe is told of each shard's sweep; nil: nobody is.
	Observe func(r app.SweepReport, took time.Duration)
	// Heartbeat is called after each good sweep, so that an outside
	// alarm can notice silence; nil where there is none.
	Heartbeat func(ctx context.Context) error
	Log       *slog.Logger
}

// Runner runs the jobs of this process.
type Runner struct {
	client *river.Client[*sql.Tx]
	tick   time.Duration
}

func driver(db *sql.DB, dialect string) riverdriver.Driver[*sql.Tx] {
	if dialect == "sqlite" {
		return riversqlite.New(db)
	}
	return riverdatabasesql.New(db)
}

// Migrate brings River's own tables up to date. The caller holds the migration lock.
func Migrate(ctx context.Context, db *sql.DB, dialect string) error {
	m, err := rivermigrate.New(driver(db, dialect), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("job tables: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("job tables: %w", err)
	}
	return nil
}

// New returns a Runner that is not started yet.
func New(c Config) (*Runner, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &tickWorker{Config: c})
	river.AddWorker(workers, &sweepWorker{Config: c})
	river.AddWorker(workers, &noticeWorker{Config: c})
	river.AddWorker(workers, &deliverWorker{Config: c})
	river.AddWorker(workers, &clustersWorker{Config: c})
	river.AddWorker(workers, &clusterWorker{Config: c})
	client, err := river.NewClient(driver(c.DB, c.Dialect), &river.Config{
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: 2, FetchPollInterval: pollEvery(c.Tick)},
			deliveries:         {MaxWorkers: 4, FetchPollInterval: pollEvery(c.Tick)},
			clusters:           {MaxWorkers: 4, FetchPollInterval: pollEvery(c.Tick)},
		},
		Workers:                     workers,
		PeriodicJobs:                []*river.PeriodicJob{everyTick(c, tickArgs{}), everyTick(c, noticeArgs{}), everyTick(c, clustersArgs{})},
		PollOnly:                    true,
		JobTimeout:                  2 * time.Minute,
		RescueStuckJobsAfter:        3 * time.Minute, // a killed process holds its messages back for no longer
		CompletedJobRetentionPeriod: 10 * time.Minute,
		DiscardedJobRetentionPeriod: 24 * time.Hour,
		Logger:                      slog.New(quiet{c.Log.Handler()}),
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &Runner{client: client, tick: c.Tick}, nil
}

func everyTick(c Config, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(c.Tick), func() (river.JobArgs, *river.InsertOpts) {
		return args, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: uniqueFor(c.Tick)}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

// clientOf is the client whose job runs in ctx.
func clientOf(ctx context.Context) *river.Client[*sql.Tx] {
	return river.ClientFromContext[*sql.Tx](ctx)
}

// uniqueFor keeps ticks and shard jobs from piling up. The period bounds how
// long a job whose process was killed can keep the next one of its kind away.
func uniqueFor(tick time.Duration) river.UniqueOpts {
	return river.UniqueOpts{ByArgs: true, ByPeriod: min(max(tick.Truncate(time.Second), time.Second), time.Minute)}
}

func pollEvery(tick time.Duration) time.Duration {
	return min(max(tick/4, 100*time.Millisecond), time.Second)
}

// Start begins to work on jobs. The jobs' context ends with Stop, not with ctx's deadline.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.client.Start(ctx); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	// The first look does not wait for this process to lead: after a crash the
	// lease of the one that died goes on for a while.
	for _, first := range []river.JobArgs{tickArgs{}, noticeArgs{}, clustersArgs{}} {
		if _, err := r.client.Insert(ctx, first, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: uniqueFor(r.tick)}); err != nil {
			return fmt.Errorf("start jobs: %w", err)
		}
	}
	return nil
}

// Stop lets running jobs finish until ctx ends and then cancels them: a page
// that is not committed leaves no trace.
func (r *Runner) Stop(ctx context.Context) error {
	err := r.client.Stop(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		cancelled, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		return r.client.StopAndCancel(cancelled)
	}
	return err
}

// quiet passes on what River says from warnings up; its chatter at Info repeats
// on every start and helps nobody.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}
