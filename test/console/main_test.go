// Package console shows that the console works: Chromium walks through it as
// people do, against a real `segue serve` on the embedded store with the demo's
// real certificates.
package console

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/test/browser"
)

var (
	segueBin string          // the program under test
	workDir  string          // of this run
	chromium context.Context // one browser for all tests
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if workDir, err = os.MkdirTemp("", "segue-console-"); err == nil {
		defer func() { _ = os.RemoveAll(workDir) }()
		segueBin = filepath.Join(workDir, "segue")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", segueBin, "../../cmd/segue").CombinedOutput(); err != nil {
			err = fmt.Errorf("build segue: %w: %s", err, out)
		}
	}
	end := func() {}
	if err == nil {
		chromium, end, err = browser.Start(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer end()
	return m.Run()
}

// serveWithin bounds the start of a server; a busy machine takes long.
const serveWithin = time.Minute

// demoData is a data directory with the demo, lived through once a run.
var demoData = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), serveWithin)
	defer cancel()
	dir := filepath.Join(workDir, "demo")
	s, err := browser.Serve(ctx, segueBin, dir, "--demo")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "data"), s.Stop()
})

// serve starts a server over a copy of the demo; the test's end ends it.
func serve(t *testing.T) *browser.Server {
	t.Helper()
	from, err := demoData()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.CopyFS(data, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(data, "key"), 0o600); err != nil { // CopyFS lets others read
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), serveWithin)
	defer cancel()
	s, err := browser.Serve(ctx, segueBin, dir, "--tick", "1s", "--log-level", "warn")
	stops(t, s, err)
	return s
}

// stops has the test's end end a server that was started, which must have had
// nothing to warn of.
func stops(t *testing.T, s *browser.Server, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if log := s.Log(); log != "" {
			t.Errorf("the server logged:\n%s", log)
		}
	})
}

// person is somebody in front of a tab; what goes wrong fails the test.
type person struct {
	t   *testing.T
	tab *browser.Tab
}

// somebody opens a tab where nobody is signed in. At the test's end the tab must
// have done nothing that no page may do.
func somebody(t *testing.T, s *browser.Server) person {
	t.Helper()
	tab, end, err := browser.Open(chromium, s)
	return seated(t, tab, end, err)
}

func seated(t *testing.T, tab *browser.Tab, end context.CancelFunc, err error) person {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	p := person{t, tab}
	t.Cleanup(func() {
		p.clean(browser.Page{})
		end()
	})
	return p
}

// admin is the administrator, signed in.
func admin(t *testing.T, s *browser.Server) person {
	t.Helper()
	p := somebody(t, s)
	p.must(p.tab.SignIn(browser.AdminEmail))
	return p
}

// beside opens another tab of the same person.
func (p person) beside() person {
	p.t.Helper()
	tab, end, err := p.tab.Beside()
	return seated(p.t, tab, end, err)
}

func (p person) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p person) opens(path string)               { p.t.Helper(); p.must(p.tab.Go(path)) }
func (p person) clicks(words string)             { p.t.Helper(); p.must(p.tab.Click("", words)) }
func (p person) clicksIn(inside, words string)   { p.t.Helper(); p.must(p.tab.Click(inside, words)) }
func (p person) sees(text string)                { p.t.Helper(); p.must(p.tab.Sees(text)) }
func (p person) seesNot(text string)             { p.t.Helper(); p.must(p.tab.SeesNot(text)) }
func (p person) isAt(path string)                { p.t.Helper(); p.must(p.tab.At(path)) }
func (p person) until(expression string)         { p.t.Helper(); p.must(p.tab.Until(expression)) }
func (p person) presses(keys ...string)          { p.t.Helper(); p.must(p.tab.Press(keys...)) }
func (p person) types(name, text string)         { p.t.Helper(); p.must(p.tab.Type(name, text)) }
func (p person) goesBack()                       { p.t.Helper(); p.must(p.tab.Back()) }
func (p person) looks(width int64, theme string) { p.t.Helper(); p.must(p.tab.Look(width, theme)) }
