package app_test

import (
	"math"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
)

// tampering is what somebody who can write to the store does to the log of acme,
// whose last entry is end, and what ProveAudit names.
type tampering struct {
	name     string
	do       func(f *fixture, acme, end int64)
	fault    app.AuditFault
	brokenAt func(end int64) int64
	says     string
}

func entryAt(n int64) func(int64) int64   { return func(int64) int64 { return n } }
func behindEnd(n int64) func(int64) int64 { return func(end int64) int64 { return end + n } }
func (f *fixture) swap(acme, a, b int64) {
	f.move(acme, a, -1)
	f.move(acme, b, a)
	f.move(acme, -1, b)
}
func (f *fixture) move(acme, from, to int64) {
	f.t.Helper()
	f.exec(`UPDATE audit SET seq = $3 WHERE project_id = $1 AND seq = $2`, acme, from, to)
}

var tamperings = []tampering{
	{"another actor", func(f *fixture, acme, _ int64) {
		f.exec(`UPDATE audit SET actor = 'mallory' WHERE project_id = $1 AND seq = 3`, acme)
	}, app.AuditChanged, entryAt(3), "entry 3 of its audit log was changed"},
	{"another detail", func(f *fixture, acme, _ int64) {
		f.exec(`UPDATE audit SET detail = '{}' WHERE project_id = $1 AND seq = 1`, acme)
	}, app.AuditChanged, entryAt(1), "entry 1 of its audit log was changed"},
	{"another moment", func(f *fixture, acme, _ int64) {
		f.exec(`UPDATE audit SET at = at + 1 WHERE project_id = $1 AND seq = 4`, acme)
	}, app.AuditChanged, entryAt(4), "entry 4"},
	{"another MAC", func(f *fixture, acme, _ int64) {
		f.exec(`UPDATE audit SET mac = $2 WHERE project_id = $1 AND seq = 4`, acme, []byte("a MAC that nobody made, of 37 bytes  "))
	}, app.AuditChanged, entryAt(4), "entry 4"},
	{"the last changed", func(f *fixture, acme, end int64) {
		f.exec(`UPDATE audit SET service = 'other' WHERE project_id = $1 AND seq = $2`, acme, end)
	}, app.AuditChanged, behindEnd(0), "was changed"},
	{"neighbours swapped", func(f *fixture, acme, _ int64) { f.swap(acme, 3, 4) },
		app.AuditMoved, entryAt(3), "what was written there stands at 4"},
	{"distant ones swapped", func(f *fixture, acme, _ int64) { f.swap(acme, 2, 6) },
		app.AuditMoved, entryAt(2), "what was written there stands at 6"},
	{"one put in between", func(f *fixture, acme, end int64) {
		for seq := end; seq >= 5; seq-- {
			f.move(acme, seq, seq+1)
		}
		f.exec(`INSERT INTO audit (project_id, seq, at, actor, action, service, user_name, detail, mac)
			SELECT project_id, 5, at, actor, action, service, user_name, detail, mac FROM audit WHERE project_id = $1 AND seq = 4`, acme)
		f.exec(`UPDATE audit_heads SET seq = seq + 1 WHERE project_id = $1`, acme)
	}, app.AuditMoved, entryAt(5), "what was written there stands at 6"},
	{"one missing", func(f *fixture, acme, _ int64) {
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq = 3`, acme)
	}, app.AuditMissing, entryAt(3), "entries 3 to 3 of its audit log are missing"},
	{"the first two missing", func(f *fixture, acme, _ int64) {
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq <= 2`, acme)
	}, app.AuditMissing, entryAt(1), "entries 1 to 2 of its audit log are missing"},
	{"one missing and the gap closed", func(f *fixture, acme, end int64) {
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq = 3`, acme)
		for seq := int64(4); seq <= end; seq++ {
			f.move(acme, seq, seq-1)
		}
		f.exec(`UPDATE audit_heads SET seq = seq - 1 WHERE project_id = $1`, acme)
	}, app.AuditChanged, entryAt(3), "entry 3"},
	{"the tail cut", func(f *fixture, acme, end int64) {
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq >= $2`, acme, end-1)
	}, app.AuditCut, behindEnd(-1), "its tail was cut or its head was changed"},
	{"all of it gone but the head", func(f *fixture, acme, _ int64) {
		f.exec(`DELETE FROM audit WHERE project_id = $1`, acme)
	}, app.AuditCut, entryAt(1), "its audit log ends with entry 0"},
	{"the head lost", func(f *fixture, acme, _ int64) {
		f.exec(`DELETE FROM audit_heads WHERE project_id = $1`, acme)
	}, app.AuditOffHead, behindEnd(1), "its head was changed"},
}

// onlyNoted are tamperings that leave a log whole: a head that was noted before is
// what shows them.
var onlyNoted = []tampering{
	{"the tail cut with its head", func(f *fixture, acme, end int64) {
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq >= $2`, acme, end-1)
		f.exec(`UPDATE audit_heads SET seq = $2, mac = (SELECT mac FROM audit WHERE project_id = $1 AND seq = $2) WHERE project_id = $1`, acme, end-2)
	}, app.AuditCut, behindEnd(-1), "was there when its head was noted"},
	{"all of it gone", func(f *fixture, acme, _ int64) {
		f.exec(`DELETE FROM audit WHERE project_id = $1`, acme)
		f.exec(`DELETE FROM audit_heads WHERE project_id = $1`, acme)
	}, app.AuditCut, entryAt(1), "its audit log ends with entry 0"},
	{"the tail written anew", func(f *fixture, acme, end int64) {
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq = $2`, acme, end)
		f.exec(`UPDATE audit_heads SET seq = $2, mac = (SELECT mac FROM audit WHERE project_id = $1 AND seq = $2) WHERE project_id = $1`, acme, end-1)
		f.createUser("anew")
	}, app.AuditReplaced, behindEnd(0), "is not the one whose head was noted"},
}

func (f *fixture) prove(check app.AuditCheck) app.AuditVerdict {
	f.t.Helper()
	v, err := f.ProveAudit(f.ctx, f.admin, "acme", check, f.now)
	f.must(err)
	return v
}

// logOfSome makes project acme with a log of some entries and returns its end as
// verified.
func (f *fixture) logOfSome() (acme int64, head app.AuditHead) {
	f.t.Helper()
	f.service()
	for _, name := range []string{"ada", "bob", "carl"} {
		f.createUser(name)
	}
	v := f.prove(app.AuditCheck{})
	if v.BrokenAt != 0 || !v.Whole || v.VerifiedTo != v.End.Seq || v.VerifiedTo < 7 {
		f.t.Fatalf("an untouched log is %+v", v)
	}
	return f.project("acme"), v.End
}

func (v tampering) named(t *testing.T, got app.AuditVerdict, end int64) {
	t.Helper()
	at := v.brokenAt(end)
	if got.Fault != v.fault || got.BrokenAt != at || got.VerifiedTo != at-1 || got.Whole || !strings.Contains(got.Reason, v.says) {
		t.Errorf("%s: got %+v, want %s at %d and %q", v.name, got, v.fault, at, v.says)
	}
}

// TestTamperedLogs changes a log in each way directly in the store: the first
// place that is not what was written is named, with and without a noted head.
func TestTamperedLogs(t *testing.T) {
	for _, c := range tamperings {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, f *fixture) {
				acme, head := f.logOfSome()
				c.do(f, acme, head.Seq)
				c.named(t, f.prove(app.AuditCheck{}), head.Seq)
				c.named(t, f.prove(app.AuditCheck{Noted: head}), head.Seq)
			})
		})
	}
	for _, c := range onlyNoted {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, f *fixture) {
				acme, head := f.logOfSome()
				c.do(f, acme, head.Seq)
				if v := f.prove(app.AuditCheck{}); v.BrokenAt != 0 || !v.Whole {
					t.Errorf("without a noted head it is %+v", v)
				}
				c.named(t, f.prove(app.AuditCheck{Noted: head}), head.Seq)
			})
		})
	}
}

// A log that nobody changed holds against every head that was noted of it, from
// the first entry and from a later one, after keys rotated too.
func TestUntouchedLogHolds(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		_, head := f.logOfSome()
		f.createUser("later")
		entries, err := f.ListAudit(f.ctx, f.admin, "acme", app.AuditFilter{}, 0, 1000, f.now)
		f.must(err)
		for _, e := range entries {
			noted := app.AuditHead{Seq: e.Seq, MAC: e.MAC}
			for _, after := range []int64{0, 2, head.Seq} {
				if v := f.prove(app.AuditCheck{After: after, Noted: noted}); v.BrokenAt != 0 || !v.Whole || v.VerifiedTo != entries[0].Seq {
					t.Errorf("behind %d, with the head of entry %d, it is %+v", after, e.Seq, v)
				}
			}
		}
		other := app.AuditHead{Seq: 2, MAC: head.MAC}
		if v := f.prove(app.AuditCheck{After: 3, Noted: other}); v.Fault != app.AuditReplaced || v.BrokenAt != 2 {
			t.Errorf("another head of an entry before is %+v", v)
		}
		_, err = f.ProveAudit(f.ctx, f.admin, "acme", app.AuditCheck{After: math.MaxInt64}, f.now)
		f.refused(err, app.CodeInvalid)
	})
}

// A log is verified a part at a time, from where the part before ended, as it is in
// one go.
func TestProofInParts(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		acme, head := f.logOfSome()
		inParts := func(limit int) (v app.AuditVerdict, parts int) {
			t.Helper()
			for v.BrokenAt == 0 && !v.Whole {
				v = f.prove(app.AuditCheck{After: v.VerifiedTo, Noted: head, Limit: limit})
				if parts++; parts > int(head.Seq)+1 {
					t.Fatalf("no end with parts of %d: %+v", limit, v)
				}
			}
			return v, parts
		}
		for limit := 1; limit <= int(head.Seq)+1; limit++ {
			v, parts := inParts(limit)
			if v.BrokenAt != 0 || v.End.String() != head.String() || parts != int(head.Seq)/limit+1 {
				t.Errorf("in parts of %d it is %+v, after %d", limit, v, parts)
			}
		}
		f.exec(`UPDATE audit SET actor = 'mallory' WHERE project_id = $1 AND seq = 5`, acme)
		for limit := 1; limit <= int(head.Seq)+1; limit++ {
			if v, _ := inParts(limit); v.BrokenAt != 5 || v.Fault != app.AuditChanged {
				t.Errorf("changed, in parts of %d it is %+v", limit, v)
			}
		}
	})
}

// The instance's own log is for its administrators, and verified like any other.
func TestInstancesAuditLog(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		_, err := f.FirstAdministrator(f.ctx, "root@example.com", "correct horse battery", f.now)
		f.must(err)
		f.service()
		v, err := f.ProveAudit(f.ctx, f.admin, "", app.AuditCheck{}, f.now)
		f.must(err)
		if v.BrokenAt != 0 || !v.Whole || v.VerifiedTo != 1 {
			t.Errorf("it is %+v", v)
		}
		member := f.member("admin@example.com", app.RoleAdmin)
		_, err = f.ProveAudit(f.ctx, member, "", app.AuditCheck{}, f.now)
		f.refused(err, app.CodeForbidden)
		_, err = f.ListAudit(f.ctx, member, "", app.AuditFilter{}, 0, 10, f.now)
		f.refused(err, app.CodeForbidden)
		entries, err := f.ListAudit(f.ctx, app.Actor{AccountID: 1, Email: "root@example.com", Administrator: true}, "", app.AuditFilter{}, 0, 10, f.now)
		f.must(err)
		if len(entries) != 2 || entries[0].Action != "denied" || entries[1].Action != "account.create" {
			t.Errorf("the administrator reads %+v", entries)
		}
	})
}

func TestExportAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		acme, head := f.logOfSome()
		const more = 1500 // two pages, the second not full
		for i := range int64(more) {
			f.exec(`INSERT INTO audit (project_id, seq, at, actor, action, service, user_name, detail, mac)
				SELECT project_id, seq + $2, at, actor, action, service, user_name, detail, mac FROM audit WHERE project_id = $1 AND seq = $3`,
				acme, i+1, head.Seq)
		}
		f.exec(`UPDATE audit_heads SET seq = seq + $2 WHERE project_id = $1`, acme, more)
		next := head.Seq + more
		for e, err := range f.ExportAudit(f.ctx, f.admin, "acme", app.AuditFilter{}, 0, f.now) {
			f.must(err)
			if e.Seq != next {
				t.Fatalf("entry %d comes where %d belongs", e.Seq, next)
			}
			next--
		}
		if next != 0 {
			t.Errorf("it ends before entry %d", next)
		}
		reader := f.member("reader@example.com", app.RoleReadOnly)
		n := 0
		for _, err := range f.ExportAudit(f.ctx, reader, "acme", app.AuditFilter{}, 0, f.now) {
			if n++; n == 1000 { // a role taken away bites at the next page
				f.must(f.RemoveMember(f.ctx, f.admin, "acme", "reader@example.com", f.now))
			}
			if n == 1001 {
				f.refused(err, app.CodeNotFound)
			}
		}
		if n != 1001 {
			t.Errorf("it went on for %d", n)
		}
	})
}

func TestAuditHeadText(t *testing.T) {
	head := app.AuditHead{Seq: 18203, MAC: []byte{0x9c, 0x41, 0x70}}
	for _, text := range []string{head.String(), "18,203:9C4170", " 18203: 9c4170\n"} {
		got, err := app.ParseAuditHead(text)
		if err != nil || got.String() != "18203:9c4170" {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	if none, err := app.ParseAuditHead(""); err != nil || none.Seq != 0 || none.String() != "" {
		t.Errorf("no head is %v, %v", none, err)
	}
	for _, text := range []string{"77", "x:9c", "0:9c", "-1:9c", "1:", "1:9", "1:zz", "99999999999999999999:9c", "1:" + strings.Repeat("9c", 200)} {
		if got, err := app.ParseAuditHead(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		} else if strings.Contains(err.Error(), text) {
			t.Errorf("%q is repeated", text)
		}
	}
}
