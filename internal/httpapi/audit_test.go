package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

const auditLog = shop + "/audit"

// numbers are the places of entries.
func numbers(entries []api.AuditEntry) (seqs []int64) {
	for _, e := range entries {
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

// TestListAudit pages through a log, newest first, and narrows it by each filter.
func TestListAudit(t *testing.T) { onBothStores(t, testListAudit) }

func testListAudit(t *testing.T, r *rig) {
	c := r.fill()
	later := r.now.Add(time.Hour)
	r.now = later
	r.member("auditor@example.com", app.RoleReadOnly)
	reader := r.signIn("auditor@example.com")
	c.ok("PUT", shop+"/contacts", `{"tech_emails":[]}`, nil)
	c.user(writer)
	log := r.audit("shop")
	slices.Reverse(log)

	var got []api.AuditEntry
	for after := ""; ; {
		var page api.AuditReply
		reader.ok("GET", auditLog+"?limit=2&after="+after, "", &page)
		if got = append(got, page.Entries...); page.Next == nil {
			break
		}
		if after = *page.Next; len(page.Entries) != 2 {
			t.Fatalf("a page that is not the last has %d entries", len(page.Entries))
		}
	}
	for i, e := range log {
		if line := api.AuditEntry(e.Line()); i >= len(got) || fmt.Sprint(got[i]) != fmt.Sprint(line) || line.MAC == "" || line.At.IsZero() {
			t.Fatalf("entry %d is not among %v", e.Seq, numbers(got))
		}
	}
	if len(got) != len(log) {
		t.Errorf("%d entries of %d", len(got), len(log))
	}
	for query, takes := range map[string]func(app.AuditEntry) bool{
		"actor=" + ownerEmail:                      func(e app.AuditEntry) bool { return e.Actor == ownerEmail },
		"action=user.create":                       func(e app.AuditEntry) bool { return e.Action == "user.create" },
		"service=orders":                           func(e app.AuditEntry) bool { return e.Service == "orders" },
		"service=orders&user=writer":               func(e app.AuditEntry) bool { return e.User == "writer" },
		"since=" + later.Format(time.RFC3339):      func(e app.AuditEntry) bool { return !e.At.Before(later) },
		"since=2099-01-01T00:00:00%2B02:00":        func(app.AuditEntry) bool { return false },
		"user=%00&actor=%ff":                       func(app.AuditEntry) bool { return false },
		"action=" + url.QueryEscape("' OR 1=1 --"): func(app.AuditEntry) bool { return false },
	} {
		var want []int64
		for _, e := range log {
			if takes(e) {
				want = append(want, e.Seq)
			}
		}
		var page api.AuditReply
		if reader.ok("GET", auditLog+"?"+query, "", &page); !slices.Equal(numbers(page.Entries), want) {
			t.Errorf("%s: entries %v, want %v", query, numbers(page.Entries), want)
		}
	}
	for _, query := range []string{"since=yesterday", "after=x", "after=-1", "after=0", "limit=many"} {
		reader.refused("GET", auditLog+"?"+query, "", http.StatusBadRequest)
	}
}

// TestExportAudit streams a log that is longer than a page, as much of it as is asked for.
func TestExportAudit(t *testing.T) { onBothStores(t, testExportAudit) }

func testExportAudit(t *testing.T, r *rig) {
	c := r.fill()
	first := r.audit("shop")
	more := make([]app.AuditEntry, 1200)
	for i := range more {
		more[i] = first[0]
		more[i].Seq, more[i].Actor = first[len(first)-1].Seq+int64(i)+1, "system"
	}
	r.write(func(tx app.Tx) error {
		if _, err := tx.LockAuditHead(t.Context(), first[0].ProjectID); err != nil {
			return err
		}
		return tx.AppendAudit(t.Context(), more)
	})
	log := append(first, more...)
	slices.Reverse(log)
	for query, want := range map[string][]app.AuditEntry{"": log, "?after=1000": log[len(log)-999:], "?actor=nobody": nil} {
		res := c.do("GET", auditLog+"/export"+query, "")
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Fatalf("%s: %d, %s", query, res.StatusCode, res.Header.Get("Content-Type"))
		}
		lines := json.NewDecoder(res.Body)
		for i, e := range want {
			var got api.AuditEntry
			if err := lines.Decode(&got); err != nil || got.Seq != e.Seq || got.MAC == "" {
				t.Fatalf("%s: line %d is entry %d, want %d: %v", query, i+1, got.Seq, e.Seq, err)
			}
		}
		if lines.More() {
			t.Errorf("%s: there are more than %d lines", query, len(want))
		}
	}
	c.refused("GET", auditLog+"/export?since=x", "", http.StatusBadRequest)
	c.refused("GET", "/v1/project/nothing/audit/export", "", http.StatusNotFound)
}

// TestVerifyAudit tells an untouched log from a changed one, and one whose end was
// cut from neither but by a head that was noted.
func TestVerifyAudit(t *testing.T) { onBothStores(t, testVerifyAudit) }

func testVerifyAudit(t *testing.T, r *rig) {
	c := r.fill()
	verify := func(query string) (proof api.AuditProof) {
		t.Helper()
		c.ok("GET", auditLog+"/verify"+query, "", &proof)
		return proof
	}
	whole := verify("")
	end := int64(len(r.audit("shop")))
	if whole.VerifiedTo != end || whole.BrokenAt != nil || whole.Fault != nil || whole.Reason != nil || whole.Next != nil ||
		!strings.HasPrefix(*whole.Head, fmt.Sprint(end, ":")) {
		t.Fatalf("an untouched log of %d is %+v", end, whole)
	}
	if again := verify("?after=2&head=" + url.QueryEscape(*whole.Head)); again.VerifiedTo != end || again.BrokenAt != nil {
		t.Errorf("from its second entry and against its head it is %+v", again)
	}
	for _, query := range []string{"?head=18203", "?head=x:9c", "?after=x", "?after=9999999"} {
		c.refused("GET", auditLog+"/verify"+query, "", http.StatusBadRequest)
	}

	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := r.store.Writer().ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	project := r.audit("shop")[0].ProjectID
	exec(`DELETE FROM audit WHERE project_id = $1 AND seq = $2`, project, end)
	exec(`UPDATE audit_heads SET seq = $2, mac = (SELECT mac FROM audit WHERE project_id = $1 AND seq = $2) WHERE project_id = $1`, project, end-1)
	if short := verify(""); short.VerifiedTo != end-1 || short.BrokenAt != nil {
		t.Errorf("a log that was cut with its head is %+v", short)
	}
	if cut := verify("?head=" + url.QueryEscape(*whole.Head)); cut.BrokenAt == nil || *cut.BrokenAt != end || *cut.Fault != "cut" {
		t.Errorf("against its head of before it is %+v", cut)
	}
	exec(`UPDATE audit SET actor = 'mallory' WHERE project_id = $1 AND seq = 2`, project)
	if changed := verify(""); changed.BrokenAt == nil || *changed.BrokenAt != 2 || *changed.Fault != "changed" || changed.VerifiedTo != 1 || changed.Next != nil {
		t.Errorf("with another actor it is %+v", changed)
	}
}
