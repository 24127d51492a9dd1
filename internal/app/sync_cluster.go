package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// SyncReport is what a look at a cluster did.
type SyncReport struct {
	Looked                     bool // false: it was not due, or no kit says where it is
	Created, Deleted, Repaired int  // bindings and passwords
	Failure                    string
}

const (
	// syncWithin bounds one look at a cluster.
	syncWithin = 90 * time.Second
	// bindingsAtOnce is how many ACLs go into one request, and one transaction.
	bindingsAtOnce = 500
)

// DueClusters returns up to limit services whose cluster is to be looked at.
func (a *App) DueClusters(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	return a.Store.DueClusters(ctx, now, limit)
}

// SyncCluster makes a cluster what is wished of it: it looks, repairs what somebody
// took away, and notes how it went. A cluster that cannot be reached is looked at
// again later; the error says only what is wrong here.
func (a *App) SyncCluster(ctx context.Context, serviceID int64, now time.Time) (SyncReport, error) {
	var w clusterWish
	err := a.Store.Read(ctx, func(r Reader) error {
		svc, err := r.ServiceByID(ctx, serviceID)
		if err != nil {
			return err
		}
		w, err = readWish(ctx, r, svc)
		return err
	})
	if err != nil || w.sync.DueAt.IsZero() || w.sync.DueAt.After(now) { // another replica looked meanwhile
		return SyncReport{}, err
	}
	if len(w.service.ReplAddresses) == 0 { // its kit has it looked at
		w.sync.DueAt = time.Time{}
		return SyncReport{}, a.write(ctx, System(), now, func(u *unit) error { return u.SaveClusterSync(ctx, w.sync) })
	}
	looking, cancel := context.WithTimeout(ctx, syncWithin)
	defer cancel()
	s := &clusterWork{app: a, wish: w, now: now, report: SyncReport{Looked: true}}
	err = s.run(looking)
	if ctx.Err() != nil { // this process stops; the cluster stays due
		return s.report, ctx.Err()
	}
	return s.report, s.save(ctx, err)
}

// clusterWish is all that is wished of a service's cluster, from one snapshot.
type clusterWish struct {
	project Project
	service Service
	ca      CA // of the cluster
	sync    ClusterSync
	facts   lifecycle.AccessFacts // without Found
}

func readWish(ctx context.Context, r Reader, svc Service) (w clusterWish, err error) {
	w.service = svc
	if w.sync, err = clusterSync(ctx, r, svc.ID); err != nil {
		return w, err
	}
	if w.project, err = r.Project(ctx, svc.ProjectID); err != nil {
		return w, err
	}
	if w.ca, err = r.ActiveCA(ctx, svc.ProjectID, svc.ID, ClusterCA); err != nil {
		return w, err
	}
	rows, err := r.ACLs(ctx, svc.ID, 0, maxACLs) // none for a deleted service
	if err != nil {
		return w, err
	}
	grants := make([]lifecycle.Grant, len(rows))
	for i, row := range rows {
		grants[i] = row.Grant
	}
	w.facts.Wished = lifecycle.WishedBindings(grants)
	w.facts.Own, err = r.OwnBindings(ctx, svc.ID)
	return w, err
}

// clusterWork is one look at a cluster.
type clusterWork struct {
	app     *App
	wish    clusterWish
	now     time.Time
	cluster Cluster
	report  SyncReport
	more    bool // there is more to do than one look does
}

// run looks and repairs. What it did before an error is recorded.
func (s *clusterWork) run(ctx context.Context) (err error) {
	if s.cluster, err = s.app.connect(ctx, &s.wish, s.now); err != nil {
		return err
	}
	defer s.cluster.Close()
	if s.wish.facts.Found, err = s.cluster.Bindings(ctx); err != nil {
		return err
	}
	plan := lifecycle.PlanAccess(s.wish.facts)
	if err := s.create(ctx, plan); err != nil {
		return err
	}
	if err := s.takeAway(ctx, plan); err != nil {
		return err
	}
	return s.passwords(ctx)
}

// create records bindings as Segue's own before they are: whatever happens in
// between, none of them is taken for somebody else's.
func (s *clusterWork) create(ctx context.Context, plan lifecycle.AccessPlan) error {
	lost := map[lifecycle.Binding]bool{}
	for _, b := range plan.Lost {
		lost[b] = true
	}
	for some := range slices.Chunk(plan.Create, bindingsAtOnce) {
		err := s.write(ctx, func(u *unit) error { return u.RecordBindings(ctx, s.id(), some) })
		if err != nil {
			return err
		}
		if err := s.cluster.CreateBindings(ctx, some); err != nil {
			return err
		}
		repaired := slices.DeleteFunc(slices.Clone(some), func(b lifecycle.Binding) bool { return !lost[b] })
		err = s.write(ctx, func(u *unit) error {
			if err := u.ConfirmBindings(ctx, s.id(), some, s.now); err != nil || len(repaired) == 0 {
				return err
			}
			return u.audit(s.wish.project.ID, "acl.repair", s.wish.service.Name, "", repairDetail(repaired))
		})
		if err != nil {
			return err
		}
		s.report.Created += len(some)
		s.report.Repaired += len(repaired)
	}
	for some := range slices.Chunk(plan.Confirm, bindingsAtOnce) {
		err := s.write(ctx, func(u *unit) error { return u.ConfirmBindings(ctx, s.id(), some, s.now) })
		if err != nil {
			return err
		}
	}
	return nil
}

// repairsNamed is how many bindings an audit entry names.
const repairsNamed = 5

func repairDetail(repaired []lifecycle.Binding) map[string]any {
	var named []string
	for _, b := range repaired[:min(len(repaired), repairsNamed)] {
		named = append(named, fmt.Sprintf("%s may %s %s %s %s", b.Principal, b.Operation, b.Pattern, b.Resource, b.Name))
	}
	return map[string]any{"bindings": len(repaired), "among_them": named}
}

// takeAway deletes before it forgets, for the same reason.
func (s *clusterWork) takeAway(ctx context.Context, plan lifecycle.AccessPlan) error {
	for some := range slices.Chunk(plan.Delete, bindingsAtOnce) {
		if err := s.cluster.DeleteBindings(ctx, some); err != nil {
			return err
		}
		err := s.write(ctx, func(u *unit) error { return u.ForgetBindings(ctx, s.id(), some) })
		if err != nil {
			return err
		}
		s.report.Deleted += len(some)
	}
	for some := range slices.Chunk(plan.Forget, bindingsAtOnce) {
		err := s.write(ctx, func(u *unit) error { return u.ForgetBindings(ctx, s.id(), some) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *clusterWork) id() int64 { return s.wish.service.ID }

func (s *clusterWork) write(ctx context.Context, fn func(*unit) error) error {
	return s.app.write(ctx, System(), s.now, fn)
}

// save notes how the look ended.
func (s *clusterWork) save(ctx context.Context, failure error) error {
	sync := s.wish.sync
	if s.report.Repaired > 0 {
		sync.Repaired, sync.RepairedAt = sync.Repaired+s.report.Repaired, s.now
		s.app.Log.Warn("a cluster had lost what Segue put there, and has it again", "service", s.wish.service.Name, "repaired", s.report.Repaired)
	}
	switch {
	case failure != nil:
		s.report.Failure = clusterWords(failure)
		if sync.FailingSince.IsZero() {
			sync.FailingSince = s.now
		}
		sync.Failures, sync.Error = sync.Failures+1, s.report.Failure
		sync.DueAt = s.now.Add(lookAgain(sync.Failures))
		s.app.Log.Warn("a cluster does not have what is wished of it yet", "service", s.wish.service.Name, "error", failure, "again_at", sync.DueAt)
	default:
		if !s.more {
			sync.Applied, sync.SyncedAt = sync.Revision, s.now
		}
		sync.FailingSince, sync.Failures, sync.Error = time.Time{}, 0, ""
		sync.DueAt = s.next()
	}
	return s.write(ctx, func(u *unit) error {
		if failure != nil && !s.wish.service.DeletedAt.IsZero() {
			if over, err := nothingLeft(ctx, u, s.wish.service, s.now); err != nil {
				return err
			} else if over {
				sync.DueAt = time.Time{}
			}
		}
		return u.SaveClusterSync(ctx, sync)
	})
}

// next is when a cluster that has what is wished is looked at again; never where
// nothing of Segue's is there.
func (s *clusterWork) next() time.Time {
	switch {
	case s.more:
		return s.now
	case !s.wish.service.DeletedAt.IsZero(), len(s.wish.facts.Wished) == 0 && !s.wish.service.SASLAuth():
		return time.Time{}
	}
	return s.now.Add(s.app.reconcileEvery())
}

// DefaultReconcileEvery is how often a cluster is compared with what is wished of it.
const DefaultReconcileEvery = 5 * time.Minute

func (a *App) reconcileEvery() time.Duration {
	if a.ReconcileEvery > 0 {
		return a.ReconcileEvery
	}
	return DefaultReconcileEvery
}

const (
	lookAgainFirst = 5 * time.Second
	lookAgainMost  = 5 * time.Minute
)

// lookAgain is how long to wait after so many failures in a row.
func lookAgain(failures int) time.Duration {
	if failures > 10 {
		return lookAgainMost
	}
	return min(lookAgainFirst<<(failures-1), lookAgainMost)
}

// nothingLeft reports whether no pair of a deleted service is left that a broker
// could accept: then its cluster need not be looked for any more.
func nothingLeft(ctx context.Context, r Reader, svc Service, now time.Time) (bool, error) {
	_, err := r.DeletedPairsEnd(ctx, svc.ProjectID, svc.Name, "", now)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return false, err
}

// maxClusterWords bounds a stored reason, in bytes.
const maxClusterWords = 500

// clusterWords say for people why a cluster could not be changed.
func clusterWords(err error) string {
	text := err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		text = "the brokers did not answer in time: see that they run and that Segue reaches their REPL listener"
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text[:min(len(text), maxClusterWords)], "\x00", ""), "")
}
