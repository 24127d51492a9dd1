package work

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/segue-project/segue/internal/app"
)

// Syncer is what the jobs need of the use cases about clusters; *app.App is one.
type Syncer interface {
	// DueClusters returns up to limit services whose cluster is to be looked at.
	DueClusters(ctx context.Context, now time.Time, limit int) ([]int64, error)
	// SyncCluster makes one cluster what is wished of it, if it is due.
	SyncCluster(ctx context.Context, serviceID int64, now time.Time) (app.SyncReport, error)
}

// clustersArgs is the job that looks for clusters to be changed.
type clustersArgs struct{}

func (clustersArgs) Kind() string { return "segue_clusters" }

type clustersWorker struct {
	river.WorkerDefaults[clustersArgs]
	Config
}

// clustersPerTick bounds the clusters that one look starts on.
const clustersPerTick = 200

// Work makes one job for each cluster that is due.
func (w *clustersWorker) Work(ctx context.Context, _ *river.Job[clustersArgs]) error {
	due, err := w.Syncer.DueClusters(ctx, w.Now(), clustersPerTick)
	if err != nil || len(due) == 0 {
		return err
	}
	jobs := make([]river.InsertManyParams, len(due))
	for i, id := range due {
		jobs[i] = river.InsertManyParams{
			Args:       clusterArgs{Service: id},
			InsertOpts: &river.InsertOpts{Queue: clusters, MaxAttempts: 1, UniqueOpts: oneAtATime},
		}
	}
	_, err = clientOf(ctx).InsertMany(ctx, jobs)
	return err
}

// clusters is the queue of looks at clusters: brokers that hang keep only it busy.
const clusters = "clusters"

// clusterArgs is the job that makes one cluster what is wished of it. The id
// travels as text, as a message's does.
type clusterArgs struct {
	Service int64 `json:"service,string"`
}

func (clusterArgs) Kind() string { return "segue_cluster" }

type clusterWorker struct {
	river.WorkerDefaults[clusterArgs]
	Config
}

// Work looks at the cluster. That brokers cannot be reached is noted there, and
// no error of the job.
func (w *clusterWorker) Work(ctx context.Context, job *river.Job[clusterArgs]) error {
	report, err := w.Syncer.SyncCluster(ctx, job.Args.Service, w.Now())
	if err != nil && ctx.Err() == nil {
		w.Log.Error("look at a cluster", "service_id", job.Args.Service, "error", err)
	}
	if report.Created+report.Deleted > 0 {
		w.Log.Info("changed a cluster", "service_id", job.Args.Service,
			"created", report.Created, "deleted", report.Deleted, "repaired", report.Repaired)
	}
	return err
}
