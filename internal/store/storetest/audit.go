package storetest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/app"
)

var auditTests = []test{
	{"audit logs", func(f *fixture) {
		other := f.newProject("other")
		f.same("head of an empty log", f.head(f.project.ID), app.AuditHead{})
		var mine, others []app.AuditEntry
		for i := range 5 {
			mine = append(mine, entry(f.project.ID, int64(i+1)))
			others = append(others, entry(other.ID, int64(i+1)))
		}
		f.append(mine[:2]...)
		f.append(append(append([]app.AuditEntry{}, mine[2:]...), others[:1]...)...) // two logs in one transaction
		f.append(others[1:]...)
		f.append()
		f.same("head", f.head(f.project.ID), app.AuditHead{Seq: 5, MAC: mine[4].MAC})
		for _, limit := range []int{1, 2, 5, 6} {
			f.same("log", f.auditLog(f.project.ID, limit), mine)
			f.same("other log", f.auditLog(other.ID, limit), others)
		}
		f.same("log of the instance", f.auditLog(0, 5), []app.AuditEntry(nil))
		f.append(entry(0, 1))
		f.same("log of the instance", f.auditLog(0, 5), []app.AuditEntry{entry(0, 1)})
	}},
	{"entries that do not follow the head", func(f *fixture) {
		f.append(entry(f.project.ID, 1))
		for _, bad := range [][]app.AuditEntry{
			{entry(f.project.ID, 1)},
			{entry(f.project.ID, 3)},
			{entry(f.project.ID, 2), entry(f.project.ID, 4)},
		} {
			err := f.store.Write(f.ctx, func(tx app.Tx) error {
				if _, err := tx.LockAuditHead(f.ctx, f.project.ID); err != nil {
					return err
				}
				return tx.AppendAudit(f.ctx, bad)
			})
			if err == nil {
				f.Errorf("an entry %d was appended to a log of one", bad[len(bad)-1].Seq)
			}
		}
		f.same("log", f.auditLog(f.project.ID, 10), []app.AuditEntry{entry(f.project.ID, 1)})
	}},
	{"the newest of an audit log", testNewestAudit},
	{"writers of one log take turns", func(f *fixture) {
		second := f.open(f.T)
		appendOne := func(s Store) func() error {
			return func() error {
				return s.Write(f.ctx, func(tx app.Tx) error {
					head, err := tx.LockAuditHead(f.ctx, f.project.ID)
					if err != nil {
						return err
					}
					return tx.AppendAudit(f.ctx, []app.AuditEntry{entry(f.project.ID, head.Seq+1)})
				})
			}
		}
		f.together(20, appendOne(f.store), appendOne(second))
		f.same("log", len(f.auditLog(f.project.ID, 100)), 40)
		f.same("head", f.head(f.project.ID).Seq, int64(40))
	}},
}

func testNewestAudit(f *fixture) {
	other := f.newProject("other")
	f.append(entry(other.ID, 1))
	var log []app.AuditEntry
	for seq := int64(1); seq <= 24; seq++ {
		e := entry(f.project.ID, seq)
		e.Actor = []string{"system", "ann@example.org", "bob@example.org"}[seq%3]
		e.Action = []string{"renewal.create", "user.create"}[seq%2]
		e.Service = []string{"orders", "clicks"}[seq/2%2]
		e.User = []string{"reader", "writer", ""}[seq/4%3]
		log = append(log, e)
	}
	f.append(log...)
	values := func(some ...string) []string { return append(some, "", "nothing") }
	for _, service := range values("orders", "clicks") {
		for _, user := range values("reader", "writer") {
			for _, actor := range values("system", "ann@example.org") {
				for _, action := range values("renewal.create", "user.create") {
					f.sameNewest(log, app.AuditFilter{Service: service, User: user, Actor: actor, Action: action})
				}
			}
		}
	}
}

// sameNewest holds pages of a filtered log against the whole one.
func (f *fixture) sameNewest(log []app.AuditEntry, filter app.AuditFilter) {
	f.Helper()
	takes := func(wanted, is string) bool { return wanted == "" || wanted == is }
	var want []app.AuditEntry
	for _, e := range slices.Backward(log) {
		if takes(filter.Service, e.Service) && takes(filter.User, e.User) && takes(filter.Actor, e.Actor) && takes(filter.Action, e.Action) {
			want = append(want, e)
		}
	}
	for _, limit := range []int{3, 100} {
		var got []app.AuditEntry
		for before := int64(math.MaxInt64); ; before = got[len(got)-1].Seq {
			var page []app.AuditEntry
			f.read(func(r app.Reader) (err error) {
				page, err = r.NewestAudit(f.ctx, f.project.ID, filter, before, limit)
				return err
			})
			if got = append(got, page...); len(page) < limit {
				break
			}
		}
		f.same(fmt.Sprintf("newest of %+v", filter), got, want)
	}
}

// entry is the one that belongs at a place of a log.
func entry(projectID, seq int64) app.AuditEntry {
	return app.AuditEntry{
		ProjectID: projectID, Seq: seq, At: start.Add(time.Duration(seq) * time.Second), Actor: "ann@example.org", Action: "user.create",
		Service: "orders", User: "reader", Detail: `{"generation":1}`, MAC: append(hashOf(seq), byte(projectID)),
	}
}

// append locks the heads in their order and appends.
func (f *fixture) append(entries ...app.AuditEntry) {
	f.Helper()
	f.write(func(tx app.Tx) error {
		locked := int64(-1)
		for _, e := range entries {
			if e.ProjectID == locked {
				continue
			}
			locked = e.ProjectID
			head, err := tx.LockAuditHead(f.ctx, e.ProjectID)
			f.must(err)
			f.same("locked head", head, f.headIn(tx, e.ProjectID))
		}
		return tx.AppendAudit(f.ctx, entries)
	})
}

func (f *fixture) headIn(r app.Reader, projectID int64) app.AuditHead {
	f.Helper()
	head, err := r.AuditHeadOf(f.ctx, projectID)
	f.must(err)
	return head
}

func (f *fixture) head(projectID int64) (head app.AuditHead) {
	f.Helper()
	f.read(func(r app.Reader) error {
		head = f.headIn(r, projectID)
		return nil
	})
	return head
}

func (f *fixture) auditLog(projectID int64, limit int) []app.AuditEntry {
	f.Helper()
	var all []app.AuditEntry
	for {
		var page []app.AuditEntry
		f.read(func(r app.Reader) (err error) {
			page, err = r.AuditEntries(f.ctx, projectID, int64(len(all)), limit)
			return err
		})
		if len(page) == 0 {
			return all
		}
		if len(page) > limit {
			f.Fatalf("%d entries, limit %d", len(page), limit)
		}
		all = append(all, page...)
	}
}
