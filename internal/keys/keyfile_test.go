package keys

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeyFileIsMadeOnceAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "key")
	if _, err := OpenKeyFile(path, true); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("mode is %v, %v", info.Mode(), err)
	}
	content, err := os.ReadFile(path)
	if err != nil || !json.Valid(content) {
		t.Fatalf("%v, valid JSON: %v", err, json.Valid(content))
	}
	for _, create := range []bool{true, false} {
		if _, err := OpenKeyFile(path, create); err != nil {
			t.Error(err)
		}
		if again, _ := os.ReadFile(path); !bytes.Equal(again, content) {
			t.Errorf("opening it with create %v changed it", create)
		}
	}
	onlyOneFile(t, path)
}

func onlyOneFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("its directory holds %v, %v", entries, err)
	}
}

// TestStartersShareOneKeyFile: what each of them wraps, every other one unwraps.
func TestStartersShareOneKeyFile(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "key")
		files := make([]*KeyFile, 8)
		var group sync.WaitGroup
		for i := range files {
			group.Go(func() {
				kf, err := OpenKeyFile(path, true)
				if err != nil {
					t.Error(err)
					return
				}
				files[i] = kf
			})
		}
		group.Wait()
		if t.Failed() {
			return
		}
		for _, kf := range files {
			wrapped, err := kf.aead.Encrypt([]byte("keyset"), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := files[0].aead.Decrypt(wrapped, nil); err != nil {
				t.Fatal("two starters hold different keys")
			}
		}
		onlyOneFile(t, path)
	}
}

// TestMakingNeverOverwrites: the file appeared between looking and making.
func TestMakingNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := makeKeyFile(path); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(path); string(content) != "somebody else's" {
		t.Error("a key file was overwritten")
	}
	onlyOneFile(t, path)
}

func TestKeyFileRefused(t *testing.T) {
	good := filepath.Join(t.TempDir(), "key")
	if _, err := OpenKeyFile(good, true); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name    string
		content []byte
		mode    fs.FileMode
		says    string
	}{
		{"cut", content[:len(content)/2], 0o600, "is damaged or no key file"},
		{"empty", nil, 0o600, "is damaged or no key file"},
		{"not-json", []byte("secret-looking content"), 0o600, "is damaged or no key file"},
		{"other-json", []byte(`{"secret":"looking content"}`), 0o600, "is damaged or no key file"},
		{"no-aead", bytes.Replace(content, []byte("AesGcmKey"), []byte("HmacKey"), 1), 0o600, "is damaged or no key file"},
		{"huge", bytes.Repeat([]byte(" "), maxKeyFile+1), 0o600, "far too long"},
		{"group", content, 0o640, "run `chmod 600 "},
		{"others", content, 0o604, "(mode 0604)"},
		{"writable", content, 0o620, "run `chmod 600 "},
	} {
		path := filepath.Join(t.TempDir(), tc.name)
		if err := os.WriteFile(path, tc.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tc.mode); err != nil {
			t.Fatal(err)
		}
		for _, create := range []bool{true, false} {
			_, err := OpenKeyFile(path, create)
			oneLine(t, tc.name, err, tc.says, path)
			if err != nil && (strings.Contains(err.Error(), "looking content") || strings.Contains(err.Error(), "value")) {
				t.Errorf("%s: repeats the content: %v", tc.name, err)
			}
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(after, tc.content) {
			t.Errorf("%s: was changed", tc.name)
		}
	}
	_, err = OpenKeyFile(filepath.Dir(good), true)
	oneLine(t, "a directory", err, "is no file", filepath.Dir(good))
}

func TestMissingKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	_, err := OpenKeyFile(path, false)
	oneLine(t, "missing", err, "is missing", path)
	if err != nil && !strings.Contains(err.Error(), "--key-file") {
		t.Errorf("names no remedy: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it was made though the store is not empty")
	}
}

// oneLine demands an error of one line that says what is expected about the path.
func oneLine(t *testing.T, name string, err error, says, path string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", name)
		return
	}
	if msg := err.Error(); !strings.Contains(msg, says) || !strings.Contains(msg, path) || strings.Contains(msg, "\n") {
		t.Errorf("%s: %s", name, msg)
	}
}
