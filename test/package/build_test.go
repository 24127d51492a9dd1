package package_test

import (
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestSameBytes builds the commit again, in a clone elsewhere and in the long form
// without anything that was compiled before, and compares every file.
func TestSameBytes(t *testing.T) {
	a := first(t)
	b := release{dir: filepath.Join(scratch, "another", "longer folder"), commit: a.commit}
	must(t, scratch, "git", "clone", "--quiet", a.dir, b.dir)
	// Settings of who builds change nothing.
	env := []string{"SEGUE_DIR=/elsewhere", "SEGUE_LISTEN=127.0.0.1:1", "GOFLAGS=", "GOAMD64=v3", "TZ=Asia/Tokyo", "LC_ALL=C"}
	if !testing.Short() {
		env = append(env, "GOCACHE="+filepath.Join(scratch, "cache"))
	}
	if err := packageIn(b.dir, env...); err != nil {
		t.Fatal(err)
	}
	one, two := contents(t, a.dist()), contents(t, b.dist())
	for name, file := range one {
		if two[name] != file {
			t.Errorf("%s is %s in one build and %s in the other", name, file, two[name])
		}
	}
	if len(one) != len(two) || len(one) < 8 {
		t.Errorf("one build has %d files, the other %d", len(one), len(two))
	}
}

// contents is every file's mode and digest.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, dir+"/")] = fmt.Sprintf("%s %x", info.Mode(), sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestBinary holds each binary to its architecture, needing no library, and to
// its version.
func TestBinary(t *testing.T) {
	r := first(t)
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	for _, arch := range archs() {
		t.Run(arch, func(t *testing.T) {
			file, err := elf.Open(r.binary(arch))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if file.Machine != machines[arch] {
				t.Errorf("it is for %s", file.Machine)
			}
			if libraries, err := file.ImportedLibraries(); err == nil && len(libraries) > 0 {
				t.Errorf("it needs %v", libraries)
			}
			if slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
				t.Error("it needs an interpreter")
			}
			want := fmt.Sprintf("segue %s (commit %s, %s, linux/%s)\n", released, r.commit, runtime.Version(), arch)
			if got := must(t, r.dir, runs(t, arch), r.binary(arch), "version"); got != want {
				t.Errorf("it says %q, want %q", got, want)
			}
		})
	}
}

// runs is the program by which this machine runs a binary of an architecture.
func runs(t *testing.T, arch string) string {
	t.Helper()
	if arch == runtime.GOARCH && runtime.GOOS == "linux" {
		return "env"
	}
	emulator := map[string]string{"amd64": "qemu-x86_64-static", "arm64": "qemu-aarch64-static"}[arch]
	needs(t, emulator)
	return emulator
}

// TestChecksums checks them as the page says, and that every file has one.
func TestChecksums(t *testing.T) {
	r := first(t)
	must(t, r.dist(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	sums, err := os.ReadFile(r.dist("SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(r.dist())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() && e.Name() != "SHA256SUMS" && !strings.Contains(string(sums), "  "+e.Name()+"\n") {
			t.Errorf("%s has no checksum", e.Name())
		}
	}
}

// TestSBOM holds each SBOM to what the linker put into the binary.
func TestSBOM(t *testing.T) {
	r := first(t)
	for _, arch := range archs() {
		text, err := os.ReadFile(r.binary(arch) + ".cdx.json")
		if err != nil {
			t.Fatal(err)
		}
		var bom struct {
			Format   string `json:"bomFormat"`
			Metadata struct {
				Timestamp string
				Component struct{ Name, Version string }
			}
			Components []struct{ Name, Version string }
		}
		if err := json.Unmarshal(text, &bom); err != nil {
			t.Fatalf("%s: %v", arch, err)
		}
		if m := bom.Metadata; bom.Format != "CycloneDX" || m.Timestamp != "2026-09-21T14:13:20Z" || m.Component.Version != "v"+released {
			t.Errorf("%s: it is %s of %+v", arch, bom.Format, m)
		}
		listed := map[string]string{}
		for _, c := range bom.Components {
			listed[c.Name] = c.Version
		}
		linked := modules(t, r.binary(arch))
		linked["std"] = runtime.Version()
		if !maps.Equal(listed, linked) {
			t.Errorf("%s: the SBOM lists %v, and linked is %v", arch, listed, linked)
		}
	}
}

// modules are those that a binary holds, with their versions.
func modules(t *testing.T, binary string) map[string]string {
	t.Helper()
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, m := range info.Deps {
		found[m.Path] = m.Version
	}
	if len(found) < 20 {
		t.Fatalf("the binary holds %d modules", len(found))
	}
	return found
}

// TestThirdPartyLicenses: what is passed on comes with its licence.
func TestThirdPartyLicenses(t *testing.T) {
	r := first(t)
	text, err := os.ReadFile(r.dist("third-party-licenses.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range archs() {
		for path, version := range modules(t, r.binary(arch)) {
			if !regexp.MustCompile(`(?m)^=+\n` + regexp.QuoteMeta(path+" "+version) + `\n-+\n(LICEN[SC]E|COPYING)`).Match(text) {
				t.Errorf("no licence of %s %s", path, version)
			}
		}
	}
}

// TestVersion holds scripts/version.sh to git's states, which Debian's order follows.
func TestVersion(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"scripts/version.sh", "cmd/segue/version.go"} {
		if err := copyFile(filepath.Join(root, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) {
		t.Helper()
		must(t, dir, "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
	}
	is := func(pattern string) {
		t.Helper()
		if got := strings.TrimSpace(must(t, dir, "scripts/version.sh")); !regexp.MustCompile("^" + pattern + "$").MatchString(got) {
			t.Errorf("the version is %s, want %s", got, pattern)
		}
	}
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
	is(`\d+\.\d+\.\d+-dev`)
	git("init", "--quiet")
	git("add", "--all")
	git("commit", "--quiet", "--message=a")
	is(`\d+\.\d+\.\d+-dev\.\d{14}\.g[0-9a-f]{12}`)
	git("tag", "v1.2.3-rc.1")
	is(`1\.2\.3-rc\.1`)
	git("tag", "-d", "v1.2.3-rc.1")
	git("tag", "v1.2.3")
	is(`1\.2\.3`)
	if err := os.WriteFile(filepath.Join(dir, "cmd/segue/version.go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	is(`1\.2\.3\+dirty`)
	git("commit", "--quiet", "--all", "--message=b")
	is(`1\.2\.3\+1\.g[0-9a-f]{12}`)
}
