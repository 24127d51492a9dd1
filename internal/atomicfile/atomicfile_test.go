package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree reads every file below dir: path → "mode content".
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		name, _ := filepath.Rel(dir, path)
		found[name] = info.Mode().String() + " " + string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func expect(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := tree(t, dir)
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s is %q, want %q", name, got[name], content)
		}
	}
	if len(got) != len(want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

func pair(dir, content string) []File {
	return []File{
		{filepath.Join(dir, "ca.pem"), []byte("ca " + content), 0o644},
		{filepath.Join(dir, "service.cert"), []byte("cert " + content), 0o644},
		{filepath.Join(dir, "service.key"), []byte("key " + content), 0o600},
	}
}

var first = map[string]string{
	"ca.pem": "-rw-r--r-- ca 1", "service.cert": "-rw-r--r-- cert 1", "service.key": "-rw------- key 1",
}

func TestReplace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := WriteAll(pair(dir, "1")...); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, first)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v, %v", info.Mode(), err)
	}
	if err := Write(filepath.Join(dir, "service.key"), []byte("key 2"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, map[string]string{
		"ca.pem": "-rw-r--r-- ca 1", "service.cert": "-rw-r--r-- cert 1", "service.key": "-rw------- key 2",
	})
}

func TestModeOfAnOldFileIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "service.key")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, filepath.Dir(path), map[string]string{"service.key": "-rw------- new"})
}

func TestALinkIsReplacedNotFollowed(t *testing.T) {
	dir, other := t.TempDir(), filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("another's"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(dir, "service.key")); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(dir, "service.key"), []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, map[string]string{"service.key": "-rw------- new"})
	expect(t, filepath.Dir(other), map[string]string{"other": "-rw-r--r-- another's"})
}

// TestFailedWrite fails before the first rename, on what really stands in the way.
func TestFailedWrite(t *testing.T) {
	for name, obstacle := range map[string]func(dir string) File{
		"a directory in its place": func(dir string) File { return File{Path: dir} },
		"a file for its directory": func(dir string) File { return File{Path: filepath.Join(dir, "ca.pem", "x")} },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := WriteAll(pair(dir, "1")...); err != nil {
				t.Fatal(err)
			}
			err := WriteAll(append(pair(dir, "2"), obstacle(dir))...)
			if err == nil || !strings.Contains(err.Error(), "nothing was changed") {
				t.Errorf("error %v", err)
			}
			expect(t, dir, first)
		})
	}
}

var errFull = errors.New("no space left")

// TestFailedRename breaks each rename in turn, with old files and without.
func TestFailedRename(t *testing.T) {
	for broken := range 3 {
		fail := func(calls int) (renamer, *int) {
			n := 0
			return func(from, to string) error {
				if n++; n == calls+1 {
					return &os.LinkError{Op: "rename", Old: from, New: to, Err: errFull}
				}
				return os.Rename(from, to)
			}, &n
		}
		dir := t.TempDir()
		rename, _ := fail(broken)
		err := writeAll(rename, pair(dir, "1"))
		if !errors.Is(err, errFull) || !strings.HasPrefix(err.Error(), "write "+pair(dir, "")[broken].Path) {
			t.Errorf("rename %d: %v", broken, err)
		}
		expect(t, dir, map[string]string{})

		if err := WriteAll(pair(dir, "1")...); err != nil {
			t.Fatal(err)
		}
		rename, n := fail(broken)
		if err := writeAll(rename, pair(dir, "2")); !errors.Is(err, errFull) {
			t.Errorf("rename %d: %v", broken, err)
		}
		if want := 2*broken + 1; *n != want {
			t.Errorf("rename %d: %d renames, want %d", broken, *n, want)
		}
		expect(t, dir, first)
	}
}

// TestFailedRestore says which file could not be put back.
func TestFailedRestore(t *testing.T) {
	dir := t.TempDir()
	if err := WriteAll(pair(dir, "1")...); err != nil {
		t.Fatal(err)
	}
	calls := 0
	err := writeAll(func(from, to string) error {
		if calls++; calls > 2 {
			return errFull
		}
		return os.Rename(from, to)
	}, pair(dir, "2"))
	for _, f := range pair(dir, "")[:2] {
		if err == nil || !strings.Contains(err.Error(), f.Path+" holds its new content already") {
			t.Errorf("error %v does not name %s", err, f.Path)
		}
	}
	expect(t, dir, map[string]string{
		"ca.pem": "-rw-r--r-- ca 2", "service.cert": "-rw-r--r-- cert 2", "service.key": "-rw------- key 1",
	})
}
