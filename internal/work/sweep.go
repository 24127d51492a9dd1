package work

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/segue-project/segue/internal/app"
)

// tickArgs is the job that looks for work.
type tickArgs struct{}

func (tickArgs) Kind() string { return "segue_tick" }

type tickWorker struct {
	river.WorkerDefaults[tickArgs]
	Config
}

// Work compares clocks, picks up rotated keys, finishes policy changes and makes
// one job per shard with something due.
func (w *tickWorker) Work(ctx context.Context, _ *river.Job[tickArgs]) error {
	now := w.Now()
	if err := w.checkClock(ctx, now); err != nil {
		w.Log.Error("no sweep", "error", err)
		return err
	}
	if err := w.RefreshKeys(ctx); err != nil {
		return fmt.Errorf("reread keys: %w", err)
	}
	if err := w.Sweeper.ResumePolicyRewrites(ctx, now); err != nil {
		w.Log.Error("due dates after a policy change; the sweep goes on with the old ones", "error", err)
	}
	shards, err := w.Sweeper.DueShards(ctx, now)
	if err != nil {
		return err
	}
	if len(shards) == 0 {
		if err := w.Sweeper.NoteSweep(ctx, now); err != nil {
			return err
		}
		w.beat(ctx)
		return nil
	}
	jobs := make([]river.InsertManyParams, len(shards))
	for i, shard := range shards {
		jobs[i] = river.InsertManyParams{
			Args:       sweepArgs{Shard: shard},
			InsertOpts: &river.InsertOpts{MaxAttempts: 1, UniqueOpts: uniqueFor(w.Tick)},
		}
	}
	_, err = clientOf(ctx).InsertMany(ctx, jobs)
	return err
}

func (w *tickWorker) checkClock(ctx context.Context, now time.Time) error {
	host, err := w.HostClock(ctx)
	if err != nil {
		return err
	}
	return app.CheckClock(host, now)
}

// beat tells the outside that a sweep went well.
func (c *Config) beat(ctx context.Context) {
	if c.Heartbeat == nil {
		return
	}
	if err := c.Heartbeat(ctx); err != nil {
		c.Log.Warn("heartbeat", "error", err)
	}
}

// sweepArgs is the job that renews what is due in one shard.
type sweepArgs struct {
	Shard int `json:"shard"`
}

func (sweepArgs) Kind() string { return "segue_sweep_shard" }

type sweepWorker struct {
	river.WorkerDefaults[sweepArgs]
	Config
}

// usersPerJob bounds a job, so that a stop never waits long and a lost job
// keeps its shard away only briefly; the next tick goes on.
const usersPerJob = 20_000

// Work sweeps one shard.
func (w *sweepWorker) Work(ctx context.Context, job *river.Job[sweepArgs]) error {
	begin := w.Now()
	report, err := w.Sweeper.Sweep(ctx, app.SweepOptions{Shards: []int{job.Args.Shard}, MaxUsers: usersPerJob}, begin)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.Error("sweep", "shard", job.Args.Shard, "error", err)
		}
		return err
	}
	if w.Observe != nil {
		w.Observe(report, w.Now().Sub(begin))
	}
	w.Log.Info("swept", "shard", job.Args.Shard, "due", report.Due, "renewed", report.Renewed, "postponed", report.Postponed,
		"failed", report.Failed, "stale", report.Stale, "keys_destroyed", report.KeysDestroyed)
	w.beat(ctx)
	return nil
}
