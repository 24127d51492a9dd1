package docs_test

import (
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/bundle"
)

// TestFormatsPage holds the table of formats to those there are.
func TestFormatsPage(t *testing.T) {
	page := readPage(t, "formats.md")
	for _, f := range bundle.Formats() {
		password := "none"
		if f.Password {
			password = "yes"
		}
		row, _, _ := strings.Cut(page[strings.Index(page+"\n| `"+f.Name+"` |", "\n| `"+f.Name+"` |")+1:], "\n")
		if !strings.HasSuffix(row, "| `"+strings.Join(f.Files, "`, `")+"` | "+password+" |") {
			t.Errorf("the table's row of %s is %q", f.Name, row)
		}
	}
	const head = 1
	if rows := strings.Count(page, "\n| `") - head; rows != len(bundle.Formats()) {
		t.Errorf("the table has %d rows for %d formats", rows, len(bundle.Formats()))
	}
}
