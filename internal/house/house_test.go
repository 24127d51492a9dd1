package house

import (
	"bufio"
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const root = "../.."

// TestHouse holds this module to the rules.
func TestHouse(t *testing.T) {
	found, err := house{moduleName(t), rooms, libraries}.inspect(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

// TestTables holds the tables to themselves: a typing error in one would allow
// what it meant to forbid.
func TestTables(t *testing.T) {
	h := house{moduleName(t), rooms, libraries}
	known := func(where, name string) {
		if name != "..." && !slices.ContainsFunc(rooms, func(r room) bool { return r.path == name }) {
			t.Errorf("%s names %s, which is no room", where, name)
		}
	}
	for _, r := range rooms {
		if r.of != "" {
			known(r.path, r.of)
		}
		for _, name := range r.may {
			known(r.path, name)
		}
	}
	required, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range h.libraries {
		for _, name := range l.rooms {
			known(l.path, name)
		}
		if len(l.rooms) == 0 && !l.tests {
			t.Errorf("%s is for nobody", l.path)
		}
		if first, _, _ := strings.Cut(l.path, "/"); strings.Contains(first, ".") && !requires(required, l.path) {
			t.Errorf("%s is in no module that go.mod requires: take it out of the table", l.path)
		}
	}
}

// requires reports whether go.mod names a module that holds, or lies below, the import path.
func requires(goMod []byte, imported string) bool {
	lines := bufio.NewScanner(bytes.NewReader(goMod))
	for lines.Scan() {
		module, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "require "), " ")
		if module != "" && (within(imported, module) || within(module, imported)) {
			return true
		}
	}
	return false
}

func moduleName(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	name, ok := strings.CutPrefix(first, "module ")
	if !ok {
		t.Fatal("go.mod does not start with its module line")
	}
	return name
}

// TestPlanted plants one breach at a time in a small module and expects exactly
// that one to be found, so that a rule that stopped biting fails here.
func TestPlanted(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want             string // part of the one finding; empty for none
	}{
		{"rules stay pure", "internal/lifecycle/a.go", `import "os"; var _ = os.Args`, "imports os, which internal/lifecycle must do without"},
		{"rules have no context", "internal/lifecycle/a.go", `import "context"; var _ context.Context`, "imports context"},
		{"rules do no network", "internal/lifecycle/a.go", `import "net/http"; var _ http.Handler`, "imports net/http"},
		{"rules have no library", "internal/lifecycle/a.go", `import _ "golang.org/x/sync/errgroup"`, "imports golang.org/x/sync/errgroup, which is for"},
		{"rules import nobody", "internal/lifecycle/a.go", `import _ "m.example/m/internal/app"`, "may import no other package"},
		{"their tests neither", "internal/lifecycle/a_test.go", `import _ "m.example/m/internal/store"`, "may import no other package"},
		{"their tests may use rapid", "internal/lifecycle/a_test.go", `import _ "pgregory.net/rapid"`, ""},
		{"rapid does not ship", "internal/lifecycle/a.go", `import _ "pgregory.net/rapid"`, "imports pgregory.net/rapid, which is for tests"},
		{"now is an argument", "internal/app/a.go", `import "time"; var _ = time.Now()`, "reads the clock by time.Now"},
		{"also as a value", "internal/app/a.go", `import "time"; var _ = time.Now`, "reads the clock by time.Now"},
		{"also renamed", "internal/app/a.go", `import clock "time"; var _ = clock.Since`, "reads the clock by time.Since"},
		{"tests may read the clock", "internal/app/a_test.go", `import "time"; var _ = time.Now()`, ""},
		{"main may read the clock", "cmd/segue/a.go", `import "time"; var _ = time.Now()`, ""},
		{"no dot imports", "internal/app/a.go", `import . "time"; var _ = Now()`, "with a dot"},
		{"use cases do no I/O", "internal/app/a.go", `import "os"; var _ = os.Args`, "imports os, which internal/app must do without"},
		{"use cases do not see adapters", "internal/app/a.go", `import _ "m.example/m/internal/store"`, "internal/app may import internal/lifecycle, internal/pki"},
		{"adapters see use cases", "internal/store/a.go", `import _ "m.example/m/internal/app"`, ""},
		{"adapters do not see one another", "internal/httpapi/a.go", `import _ "m.example/m/internal/store"`, "imports internal/store: internal/httpapi may import"},
		{"adapters' tests may", "internal/httpapi/a_test.go", `import _ "m.example/m/internal/store"`, ""},
		{"generated queries are the store's", "cmd/segue/a.go", `import _ "m.example/m/internal/store/db"`, "which belongs to internal/store"},
		{"nobody imports main", "internal/store/a.go", `import _ "m.example/m/cmd/segue"`, "imports cmd/segue: internal/store may import"},
		{"certificates do no I/O", "internal/pki/a.go", `import "os"; var _ = os.Args`, "imports os, which internal/pki must do without"},
		{"an address is no I/O", "internal/pki/a.go", `import "net"; var _ net.IP`, ""},
		{"use cases read addresses", "internal/app/a.go", `import "net"; var _ = net.SplitHostPort`, ""},
		{"use cases do not dial", "internal/app/a.go", `import "net"; var _ net.Dialer`, "uses net.Dialer"},
		{"a connection is", "internal/pki/a.go", `import "net"; var _ = net.Dial`, "uses net.Dial"},
		{"River stays in work", "internal/store/a.go", `import _ "github.com/riverqueue/river"`, "imports github.com/riverqueue/river, which is for internal/work"},
		{"River's parts too", "internal/app/a.go", `import _ "github.com/riverqueue/river/rivertype"`, "which is for internal/work"},
		{"SQL stays in the store", "internal/httpapi/a.go", `import "database/sql"; var _ *sql.DB`, "imports database/sql, which is for internal/store"},
		{"main has no SQL", "cmd/segue/a.go", `import "database/sql"; var _ *sql.DB`, "imports database/sql, which is for internal/store"},
		{"new libraries ask", "cmd/segue/a.go", `import _ "example.com/new"`, "a library without a place"},
		{"new packages ask", "internal/new/a.go", ``, "package internal/new has no place in the house"},
		{"other systems count", "internal/store/a_windows.go", `import _ "m.example/m/internal/keys"`, "imports internal/keys"},
		{"test help does not ship", "cmd/segue/a.go", `import _ "m.example/m/internal/testenv"`, "which is for tests only"},
		{"test help may use what tests use", "internal/testenv/a.go", `import _ "github.com/jackc/pgx/v5"`, ""},
		{"libraries do not exit", "internal/store/a.go", `import "os"; func f() { os.Exit(1) }`, "ends the process by os.Exit"},
		{"testdata is no package", "internal/store/testdata/a.go", `import _ "example.com/new"`, ""},
		{"other modules are not ours", "tools/a.go", `import _ "example.com/new"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := fstest.MapFS{
				"go.mod":       {Data: []byte("module m.example/m\n")},
				"tools/go.mod": {Data: []byte("module m.example/m/tools\n")},
				c.file:         {Data: []byte("package p; " + c.text)},
			}
			found, err := house{"m.example/m", rooms, libraries}.inspect(tree)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.want == "" && len(found) > 0:
				t.Fatalf("found %v, want nothing", found)
			case c.want != "" && (len(found) != 1 || found[0].file != c.file || !strings.Contains(found[0].message, c.want)):
				t.Fatalf("found %v, want one in %s with %q", found, c.file, c.want)
			}
		})
	}
}
