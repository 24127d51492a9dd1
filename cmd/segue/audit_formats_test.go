package main

import (
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
)

// No cell of a CSV export begins like a formula, whatever somebody chose as an address.
func TestCSVHoldsNoFormula(t *testing.T) {
	hostile := []string{`=HYPERLINK("http://x","y")`, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", `=1,"=2`}
	entries := func(yield func(api.AuditEntry, error) bool) {
		for i, text := range hostile {
			if !yield(api.AuditEntry{Seq: int64(i), At: time.Unix(0, 0), Actor: text, Service: text, User: text, Detail: []byte(`{"a":"=1"}`)}, nil) {
				return
			}
		}
	}
	var b strings.Builder
	if err := writeAuditCSV(&b, entries); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(hostile)+1 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows[1:] {
		if want := "'" + strings.ReplaceAll(hostile[i], "\r", ""); strings.ReplaceAll(row[2], "\r", "") != want {
			t.Errorf("%q is written as %q", hostile[i], row[2])
		}
		for _, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r\n") {
				t.Errorf("a cell begins with %q", cell)
			}
		}
	}
}

// An export that breaks off says so, after what it could read.
func TestExportThatBreaksOff(t *testing.T) {
	gone := errors.New("gone")
	entries := func(yield func(api.AuditEntry, error) bool) {
		_ = yield(api.AuditEntry{Seq: 2, Actor: "ada@example.com"}, nil) && yield(api.AuditEntry{}, gone)
	}
	for format, write := range auditFormats {
		var b strings.Builder
		if err := write(&b, entries); !errors.Is(err, gone) || strings.Count(b.String(), "ada@example.com") != 1 {
			t.Errorf("%s: %v after %q", format, err, b.String())
		}
	}
}
