package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write what the clients did, and docs/compatibility.md, again")

const (
	triedDir          = "testdata/tried"
	compatibilityPage = "../../docs/compatibility.md"
)

// trial is what one test saw a client that Segue did not write do with a Segue. It
// is kept in testdata/tried, and docs/compatibility.md is written from all of these.
type trial struct {
	Client  string   `json:"client"`
	Version string   `json:"version"`
	About   string   `json:"about,omitempty"` // what else a reader should know
	Ran     []string `json:"ran"`             // commands or calls, in their order, each once

	mu sync.Mutex
}

// tries begins a trial. When the test ends well, what it saw must be what is kept.
func tries(t testing.TB, client, version string) *trial {
	t.Helper()
	seen := &trial{Client: client, Version: version}
	t.Cleanup(func() {
		if !t.Failed() && !t.Skipped() {
			seen.settle(t, filepath.Join(triedDir, strings.ReplaceAll(t.Name(), "/", "-")+".json"))
		}
	})
	return seen
}

// ran notes a command or call.
func (tr *trial) ran(what string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if !slices.Contains(tr.Ran, what) {
		tr.Ran = append(tr.Ran, what)
	}
}

func (tr *trial) settle(t testing.TB, file string) {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(tr); err != nil {
		t.Fatal(err)
	}
	kept(t, file, text.Bytes())
}

// kept compares text with the file, which -update writes.
func kept(t testing.TB, file string, text []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if before, err := os.ReadFile(file); err != nil || !bytes.Equal(before, text) {
		t.Errorf("%s is not what this test saw (%v): go test ./test/e2e -run '^%s$' -update writes it\n%s", file, err, t.Name(), text)
	}
}

// TestCompatibilityPage holds docs/compatibility.md to what the tests saw.
func TestCompatibilityPage(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(triedDir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing was tried: %v", err)
	}
	tests := sourceOfTests(t)
	var all []*trial
	for _, file := range files {
		name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), "-")
		if !strings.Contains(tests, "func "+name+"(t *testing.T)") {
			t.Errorf("%s is of a test that there is no more: remove it", file)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		one := &trial{}
		if err := json.Unmarshal(text, one); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, one)
	}
	kept(t, compatibilityPage, []byte(compatibility(all)))
}

func sourceOfTests(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

const compatibilityHead = `# Compatibility

Clients that Segue did not write, run by its tests against a running ` + "`segue serve`" + `: what each did there, and worked. The tests write this page
and fail when it is not what they saw; what is not listed was not tried. How to move: [from a managed Kafka](moving.md),
[with Terraform](terraform.md).

| Client | Version | Commands or calls that work |
|---|---|---|
`

// compatibility is the page: a row for each client and version, in the order of names.
func compatibility(all []*trial) string {
	rows := map[[2]string]*trial{}
	for _, one := range all {
		key := [2]string{one.Client, one.Version}
		if rows[key] == nil {
			rows[key] = &trial{Client: one.Client, Version: one.Version}
		}
		rows[key].About += one.About
		for _, what := range one.Ran {
			rows[key].ran(what)
		}
	}
	var lines []string
	for _, row := range rows {
		slices.Sort(row.Ran)
		cell := "`" + strings.Join(row.Ran, "`, `") + "`"
		if row.About != "" {
			cell += ". " + row.About
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s |\n", row.Client, row.Version, cell))
	}
	slices.Sort(lines)
	return compatibilityHead + strings.Join(lines, "")
}
