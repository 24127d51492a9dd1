package work

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Notifier is what the jobs need of the use cases about messages; *app.App is one.
type Notifier interface {
	// RecordDigests records the digests and reminders that are due at now.
	RecordDigests(ctx context.Context, now time.Time) error
	// DueMessages returns up to limit messages due at now.
	DueMessages(ctx context.Context, now time.Time, limit int) ([]int64, error)
	// DeliverMessage makes one attempt at a message, if it is due.
	DeliverMessage(ctx context.Context, id int64, now time.Time) error
	// WatchSweep tells operators when no sweep has run for a day.
	WatchSweep(ctx context.Context, now time.Time) error
}

// noticeArgs is the job that looks for messages; it is apart from the sweep's
// tick, so that neither keeps the other waiting.
type noticeArgs struct{}

func (noticeArgs) Kind() string { return "segue_notices" }

type noticeWorker struct {
	river.WorkerDefaults[noticeArgs]
	Config
}

// messagesPerTick bounds the attempts that one look starts.
const messagesPerTick = 500

// Work records digests that are due and makes one job for each message that is.
func (w *noticeWorker) Work(ctx context.Context, _ *river.Job[noticeArgs]) error {
	now := w.Now()
	if err := w.Notifier.WatchSweep(ctx, now); err != nil {
		w.Log.Error("watch the sweep", "error", err)
	}
	if err := w.Notifier.RecordDigests(ctx, now); err != nil {
		w.Log.Error("record digests", "error", err)
	}
	due, err := w.Notifier.DueMessages(ctx, now, messagesPerTick)
	if err != nil || len(due) == 0 {
		return err
	}
	jobs := make([]river.InsertManyParams, len(due))
	for i, id := range due {
		jobs[i] = river.InsertManyParams{
			Args:       deliverArgs{Message: id},
			InsertOpts: &river.InsertOpts{Queue: deliveries, MaxAttempts: 1, UniqueOpts: oneAtATime},
		}
	}
	_, err = clientOf(ctx).InsertMany(ctx, jobs)
	return err
}

// deliveries is the queue of attempts: mail servers that hang keep only it busy.
const deliveries = "deliveries"

// oneAtATime keeps a message or a cluster from having a second job while one waits
// or runs: while a server hangs, looks would pile up jobs faster than they are worked off.
var oneAtATime = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
}}

// deliverArgs is the job that makes one attempt at a message. Attempts, waits
// and what is given up are in our own tables. The id travels as text: River's
// driver for PostgreSQL reads the numbers of arguments as floating point, and of
// an id of 63 bits that leaves another one.
type deliverArgs struct {
	Message int64 `json:"message,string"`
}

func (deliverArgs) Kind() string { return "segue_deliver" }

type deliverWorker struct {
	river.WorkerDefaults[deliverArgs]
	Config
}

// Work makes the attempt.
func (w *deliverWorker) Work(ctx context.Context, job *river.Job[deliverArgs]) error {
	err := w.Notifier.DeliverMessage(ctx, job.Args.Message, w.Now())
	if err != nil && ctx.Err() == nil {
		w.Log.Error("deliver", "message", job.Args.Message, "error", err)
	}
	return err
}
