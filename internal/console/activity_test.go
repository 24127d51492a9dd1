package console

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
)

const activity = demo + "/activity"

// TestActivity shows the audit log newest first, page by page, and how far its
// chain holds.
func TestActivity(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	for range 60 { // more than a page
		c.post(demo+"/settings/contacts", "contacts", "kafka@example.com").redirects("")
	}
	entries := r.audit()
	newest := entries[len(entries)-1]
	page := c.get(activity).ok().shows("Chain verified to entry "+number(int(newest.Seq)), "olga set 1 contact of the project")
	if n := len(page.all("tr", "data-row", "*")); n != auditShown {
		t.Errorf("a page has %d entries", n)
	}
	seen := auditShown
	for page.hasLink("Older") {
		page = c.get(page.link("Older")).ok()
		seen += len(page.all("tr", "data-row", "*"))
	}
	if seen != len(entries) {
		t.Errorf("the pages have %d of %d entries", seen, len(entries))
	}
	c.get(activity + "?before=x").status(http.StatusUnprocessableEntity)
	c.get(activity + "?before=1").ok().shows("No entry fits")
}

// TestActivityFilter narrows the log by each of its fields; what does not fit says so.
func TestActivityFilter(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	c.post(demo+"/settings/contacts", "contacts", "kafka@example.com").redirects("")
	for query, want := range map[string]func(app.AuditEntry) bool{
		"service=kafka-clickstream":         func(e app.AuditEntry) bool { return e.Service == "kafka-clickstream" },
		"user=orders-writer":                func(e app.AuditEntry) bool { return e.User == "orders-writer" },
		"actor=" + operatorEmail:            func(e app.AuditEntry) bool { return e.Actor == operatorEmail },
		"action=renewal.acknowledge":        func(e app.AuditEntry) bool { return e.Action == "renewal.acknowledge" },
		"service=kafka-orders&user=refunds": func(e app.AuditEntry) bool { return e.User == "refunds" },
	} {
		n := 0
		for _, e := range r.audit() {
			if want(e) {
				n++
			}
		}
		page := c.get(activity + "?" + query).ok()
		if got := len(page.all("tr", "data-row", "*")); got != n || n == 0 {
			t.Errorf("%s: %d entries, want %d", query, got, n)
		}
	}
	c.get(activity + "?user=%3Cscript%3E").ok().shows("No entry of the audit log fits this filter").lacks("<script>")
}

// TestExportActivity gives every entry that the filter takes, whole.
func TestExportActivity(t *testing.T) {
	r := newRig(t)
	got := r.reader().get(activity + "/export").ok()
	if kind := got.Header.Get("Content-Type"); kind != "application/x-ndjson" {
		t.Errorf("it is %s", kind)
	}
	entries := r.audit()
	at := len(entries)
	for lines := bufio.NewScanner(strings.NewReader(got.body)); lines.Scan(); {
		var l auditLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if at--; at < 0 {
			t.Fatal("more lines than entries")
		}
		e := entries[at]
		if l.Seq != e.Seq || l.Actor != e.Actor || l.Action != e.Action || l.User != e.User || !l.At.Equal(e.At) || string(l.Detail) != e.Detail || l.MAC == "" {
			t.Errorf("line %+v is not entry %+v", l, e)
		}
	}
	if at != 0 {
		t.Errorf("%d entries are missing", at)
	}
	one := r.reader().get(activity + "/export?user=orders-writer&action=user.create").ok()
	if n := strings.Count(one.body, "\n"); n != 1 {
		t.Errorf("of orders-writer's making there are %d lines", n)
	}
}

// TestBrokenChain says in red where the log is not what was written.
func TestBrokenChain(t *testing.T) {
	r := newRig(t)
	var b strings.Builder
	if err := chainWords(app.AuditProof{VerifiedTo: 11, BrokenAt: 12, Reason: "the MAC of entry 12 is wrong"}).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"banner red", "The audit log is broken at entry 12", "The MAC of entry 12 is wrong.", "Up to entry 11"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("it does not say %q: %s", want, b.String())
		}
	}
	r.operator().get(activity).ok().lacks("banner red")
}
