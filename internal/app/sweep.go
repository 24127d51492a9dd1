package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// SweepOptions says what a sweep works on.
type SweepOptions struct {
	Shards   []int                 // nil: every shard that has something due
	MaxUsers int                   // per shard, about; 0: until nothing is due
	DryRun   bool                  // decide and count, change nothing
	Progress func(done, total int) // called after each page; may be nil
}

// SweepReport counts what a sweep did.
type SweepReport struct {
	Due           int // users looked at
	Renewed       int
	Postponed     int // two older pairs were still live
	Awaiting      int // their renewals wait for a certificate signing request
	Failed        int // an event for operators says why
	Stale         int // somebody else was faster; the next sweep looks again
	KeysDestroyed int
}

func (r *SweepReport) add(o SweepReport) {
	r.Due += o.Due
	r.Renewed += o.Renewed
	r.Postponed += o.Postponed
	r.Awaiting += o.Awaiting
	r.Failed += o.Failed
	r.Stale += o.Stale
	r.KeysDestroyed += o.KeysDestroyed
}

// sweepPage is how many users one transaction of the sweep holds: few enough
// that SQLite's single writer is free again within 50 ms.
const sweepPage = 400

// sweepRead is how many due users are read at a time. They are saved in the
// order of their ids, so that a transaction's rows lie together on the disk.
const sweepRead = 5 * sweepPage

// Sweep renews every user that is due at now and destroys keys past their time.
// Its cost follows the users due, never the users there are. It may run in any
// number of processes at once: a change is applied only to the facts it was
// decided on, and a crash at any point leaves nothing half-done.
func (a *App) Sweep(ctx context.Context, o SweepOptions, now time.Time) (SweepReport, error) {
	var total SweepReport
	if !o.DryRun {
		if err := a.ResumePolicyRewrites(ctx, now); err != nil {
			a.Log.Error("due dates after a policy change; the sweep goes on with the old ones", "error", err)
		}
	}
	shards := o.Shards
	if shards == nil {
		var err error
		if shards, err = a.Store.DueShards(ctx, now); err != nil {
			return total, err
		}
	}
	due := 0
	if o.Progress != nil {
		var err error
		if due, err = a.Store.CountDue(ctx, now); err != nil {
			return total, err
		}
	}
	for _, shard := range shards {
		s := sweep{app: a, now: now, dryRun: o.DryRun, maxUsers: o.MaxUsers, authorities: map[int64]signer{}}
		report, err := s.shard(ctx, shard, func(done int) {
			if o.Progress != nil {
				o.Progress(total.Due+done, due)
			}
		})
		total.add(report)
		if err != nil {
			return total, fmt.Errorf("sweep shard %d: %w", shard, err)
		}
	}
	if o.DryRun {
		return total, nil
	}
	return total, a.noteSweep(ctx, shards, now)
}

// NoteSweep notes that a sweep looked at what was due at now, and found nothing.
func (a *App) NoteSweep(ctx context.Context, now time.Time) error { return a.noteSweep(ctx, nil, now) }

func (a *App) noteSweep(ctx context.Context, shards []int, now time.Time) error {
	return a.Store.Write(ctx, func(tx Tx) error {
		for _, shard := range shards {
			if err := tx.ShardSwept(ctx, shard, now); err != nil {
				return err
			}
		}
		return tx.SweepCommitted(ctx, now)
	})
}

// DueShards returns the shards with something due at now.
func (a *App) DueShards(ctx context.Context, now time.Time) ([]int, error) {
	return a.Store.DueShards(ctx, now)
}

// sweep is one shard's pipeline: one goroutine reads pages, all cores sign, and
// the caller saves, so that signing never waits for the disk.
type sweep struct {
	app         *App
	now         time.Time
	dryRun      bool
	maxUsers    int
	authorities map[int64]signer // by project; used by the reading goroutine alone
}

// signer is a project's authority, or why it cannot sign: that fails the users
// of this project and leaves everybody else's renewals alone.
type signer struct {
	by  *authority
	err error
}

// batch is a page on its way through the pipeline.
type batch struct {
	users    []DueUser
	by       []signer
	decided  []*Decided // nil where it failed
	failures []Failure
}

func (s *sweep) shard(ctx context.Context, shard int, progress func(done int)) (SweepReport, error) {
	report, err := s.renew(ctx, shard, progress)
	if err != nil || s.dryRun {
		return report, err
	}
	report.KeysDestroyed, err = s.destroyKeys(ctx, shard)
	return report, err
}

func (s *sweep) renew(ctx context.Context, shard int, progress func(done int)) (SweepReport, error) {
	var report SweepReport
	group, ctx := errgroup.WithContext(ctx)
	pages, signed := make(chan *batch), make(chan *batch)
	group.Go(func() error {
		defer close(pages)
		return s.readPages(ctx, shard, pages)
	})
	group.Go(func() error {
		defer close(signed)
		for b := range pages {
			if err := s.decideAndSign(ctx, b); err != nil {
				return err
			}
			if err := send(ctx, signed, b); err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		for b := range signed {
			got, err := s.save(ctx, b)
			report.add(got)
			if err != nil {
				return err
			}
			progress(report.Due)
		}
		return nil
	})
	return report, group.Wait()
}

func send(ctx context.Context, to chan<- *batch, b *batch) error {
	select {
	case to <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *sweep) readPages(ctx context.Context, shard int, to chan<- *batch) error {
	var after DueCursor
	for read := 0; s.maxUsers == 0 || read < s.maxUsers; {
		users, err := s.app.Store.DuePage(ctx, shard, s.now, after, sweepRead)
		if err != nil || len(users) == 0 {
			return err
		}
		read += len(users)
		last := users[len(users)-1]
		after = DueCursor{DueAt: last.DueAt, UserID: last.Facts.UserID}
		slices.SortFunc(users, func(x, y DueUser) int { return cmp.Compare(x.Facts.UserID, y.Facts.UserID) })
		for page := range slices.Chunk(users, sweepPage) {
			if err := send(ctx, to, s.newBatch(ctx, page)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *sweep) newBatch(ctx context.Context, users []DueUser) *batch {
	b := &batch{users: users, by: make([]signer, len(users)), decided: make([]*Decided, len(users))}
	for i, u := range users {
		b.by[i] = s.signerOf(ctx, u.ProjectID)
	}
	return b
}

func (s *sweep) signerOf(ctx context.Context, projectID int64) signer {
	if known, ok := s.authorities[projectID]; ok {
		return known
	}
	var ca CA
	var found signer
	found.err = s.app.Store.Read(ctx, func(r Reader) (err error) {
		ca, err = r.ActiveCA(ctx, projectID, 0, ProjectCA)
		return err
	})
	if found.err == nil {
		found.by, found.err = s.app.load(ctx, ca)
	}
	if found.err != nil {
		found.err = fmt.Errorf("the project's certificate authority cannot be used: %w", found.err)
	}
	s.authorities[projectID] = found
	return found
}

// decideAndSign works through a batch on all cores, outside any transaction.
func (s *sweep) decideAndSign(ctx context.Context, b *batch) error {
	workers := runtime.GOMAXPROCS(0)
	size := (len(b.users) + workers - 1) / workers
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for start := 0; start < len(b.users); start += size {
		group.Go(func() error {
			for i := start; i < min(start+size, len(b.users)); i++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				d, err := s.decide(ctx, b.users[i], b.by[i])
				if err != nil {
					mu.Lock()
					b.failures = append(b.failures, s.failure(b.users[i], err))
					mu.Unlock()
					continue
				}
				b.decided[i] = d
			}
			return nil
		})
	}
	return group.Wait()
}

func (s *sweep) decide(ctx context.Context, u DueUser, with signer) (*Decided, error) {
	by, err := with.by, with.err
	if err != nil {
		return nil, err
	}
	c, err := lifecycle.Renew(u.Facts, lifecycle.Terms{Policy: u.Policy, CAEnd: by.CA.NotAfter, Rekey: u.Rekey}, s.now)
	if err != nil {
		return nil, err
	}
	d := &Decided{ProjectID: u.ProjectID, ServiceID: u.ServiceID, UserID: u.Facts.UserID, Change: c}
	if c.Issue == nil || s.dryRun {
		return d, nil
	}
	var key pki.PublicKey
	if c.Issue.ByCSR {
		if key, err = pki.PublicKeyOf(u.CSRCert); err != nil {
			return nil, err
		}
	}
	d.Pair, err = s.app.makePair(ctx, by, identity{u.ProjectID, u.Facts.UserID, u.Project, u.Service, u.User}, c.Issue, key)
	return d, err
}

func (s *sweep) failure(u DueUser, err error) Failure {
	reason := "the renewal could not be made: " + err.Error()
	var rule *lifecycle.Error
	if errors.As(err, &rule) {
		reason = rule.Message
	}
	return Failure{
		UserID: u.Facts.UserID, ProjectID: u.ProjectID, Service: u.Service, User: u.User,
		At: s.now, Reason: reason, RetryAt: lifecycle.RetryAt(u.Facts.Current().NotAfter, s.now), Generation: u.Facts.Current().Number,
	}
}

// save applies a batch in one short transaction.
func (s *sweep) save(ctx context.Context, b *batch) (SweepReport, error) {
	report := SweepReport{Due: len(b.users), Failed: len(b.failures)}
	var changes []Decided
	var users []DueUser
	for i, d := range b.decided {
		if d != nil {
			changes, users = append(changes, *d), append(users, b.users[i])
		}
	}
	var applied []bool
	if s.dryRun {
		applied = slices.Repeat([]bool{true}, len(changes))
	} else if err := s.commit(ctx, changes, users, b.failures, &applied); err != nil {
		return SweepReport{}, err
	}
	for i, c := range changes {
		switch {
		case !applied[i]:
			report.Stale++
		case c.Change.Action == lifecycle.ActionPostpone:
			report.Postponed++
		case c.Change.Await:
			report.Awaiting++
		default:
			report.Renewed++
		}
	}
	return report, nil
}

func (s *sweep) commit(ctx context.Context, changes []Decided, users []DueUser, failures []Failure, applied *[]bool) error {
	return s.app.write(ctx, System(), s.now, func(u *unit) error {
		if err := u.SweepCommitted(ctx, s.now); err != nil {
			return err
		}
		var err error
		for i := range changes {
			old := replacedEnd(users[i].Facts, changes[i].Change)
			if changes[i].RemindAt, err = u.remindAt(ctx, changes[i], old); err != nil {
				return err
			}
		}
		if *applied, err = u.Apply(ctx, changes); err != nil {
			return err
		}
		for i, d := range changes {
			if !(*applied)[i] {
				continue
			}
			c := told{Decided: d, service: users[i].Service, user: users[i].User, oldEnd: replacedEnd(users[i].Facts, d.Change)}
			if err := u.record(ctx, c); err != nil {
				return err
			}
		}
		return u.recordFailures(ctx, failures)
	})
}

func (s *sweep) destroyKeys(ctx context.Context, shard int) (int, error) {
	total := 0
	for {
		n := 0
		err := s.app.Store.Write(ctx, func(tx Tx) (err error) {
			n, err = tx.DestroyKeys(ctx, shard, s.now.Add(-lifecycle.KeyKeptFor), sweepPage)
			return err
		})
		total += n
		if err != nil || n < sweepPage {
			return total, err
		}
	}
}
