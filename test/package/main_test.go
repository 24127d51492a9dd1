// Package package_test builds what people install, twice, and does with it what they
// do: checks it, installs it, starts it, upgrades it, removes it.
//
// With -short, as in `make test`, it builds for one architecture and shares what was
// compiled between the two builds; `make package-test` builds for both and compiles
// everything twice.
package package_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const root = "../.."

// The release that is built: a tag on a commit of these files at this time.
const (
	released = "9.8.7"
	commitAt = "2026-09-21T14:13:20+00:00"
)

var scratch string // everything lies here until the end

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "segue-package-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	return m.Run()
}

// release is one build of the packages.
type release struct {
	dir    string // the clone; dist is in it
	commit string
}

func (r release) dist(name ...string) string {
	return filepath.Join(append([]string{r.dir, "dist"}, name...)...)
}

func (r release) binary(arch string) string { return r.dist("segue-" + released + "-linux-" + arch) }

func (r release) debian(arch string) string {
	return r.dist("segue_" + released + "-1_" + arch + ".deb")
}

func archs() []string {
	if testing.Short() {
		return []string{"amd64"}
	}
	return []string{"amd64", "arm64"}
}

// first is the build that most tests look at.
func first(t *testing.T) release {
	t.Helper()
	r, err := buildFirst()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var buildFirst = sync.OnceValues(func() (release, error) {
	dir := filepath.Join(scratch, "a")
	if err := commitFiles(dir); err != nil {
		return release{}, err
	}
	commit, err := output(dir, nil, "git", "rev-parse", "--short=12", "HEAD")
	if err != nil {
		return release{}, err
	}
	return release{dir, strings.TrimSpace(commit)}, packageIn(dir)
})

// commitFiles makes a clone whose one commit has the files of this tree as they are
// now, committed here or not, and is tagged as a release.
func commitFiles(dir string) error {
	files, err := output(root, nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	if err != nil {
		return err
	}
	for _, name := range strings.Split(strings.Trim(files, "\x00"), "\x00") {
		if err := copyFile(filepath.Join(root, name), filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	env := []string{
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_AUTHOR_DATE=" + commitAt, "GIT_COMMITTER_DATE=" + commitAt,
	}
	for _, args := range [][]string{
		{"init", "--quiet"}, {"add", "--all"}, {"commit", "--quiet", "--message=release"}, {"tag", "v" + released},
	} {
		if _, err := output(dir, env, "git", args...); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}

// packageIn does what the page tells people: make package.
func packageIn(dir string, env ...string) error {
	_, err := output(dir, env, "make", "package", "ARCHS="+strings.Join(archs(), " "))
	return err
}

// output is what a command prints; an error holds what it said besides.
func output(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String(), nil
}

// must is output that a test cannot go on without.
func must(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	out, err := output(dir, nil, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// needs skips a test where a program is missing that scripts/setup.sh packages
// brings on Debian.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("%s is missing: scripts/setup.sh packages installs it on Debian", p)
		}
	}
}
