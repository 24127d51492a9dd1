package package_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// packed is what the Debian package holds beside manual pages, with modes.
var packed = []string{
	"-rw------- ./etc/default/segue",
	"-rw-r--r-- ./lib/systemd/system/segue.service",
	"-rw-r--r-- ./usr/lib/sysusers.d/segue.conf",
	"-rw-r--r-- ./usr/share/bash-completion/completions/segue",
	"-rw-r--r-- ./usr/share/doc/segue/README.Debian",
	"-rw-r--r-- ./usr/share/doc/segue/changelog.Debian.gz",
	"-rw-r--r-- ./usr/share/doc/segue/changelog.gz",
	"-rw-r--r-- ./usr/share/doc/segue/copyright",
	"-rw-r--r-- ./usr/share/doc/segue/segue.cdx.json.gz",
	"-rw-r--r-- ./usr/share/doc/segue/third-party-licenses.txt.gz",
	"-rw-r--r-- ./usr/share/fish/vendor_completions.d/segue.fish",
	"-rw-r--r-- ./usr/share/lintian/overrides/segue",
	"-rw-r--r-- ./usr/share/man/man1/segue-serve.1.gz",
	"-rw-r--r-- ./usr/share/man/man1/segue.1.gz",
	"-rw-r--r-- ./usr/share/zsh/vendor-completions/_segue",
	"-rwxr-xr-x ./usr/bin/segue",
}

// TestDebianContents holds the package to what it installs, and for whom.
func TestDebianContents(t *testing.T) {
	needs(t, "dpkg-deb")
	r := first(t)
	for _, arch := range archs() {
		for field, want := range map[string]string{"Package": "segue", "Version": released + "-1", "Architecture": arch} {
			if got := strings.TrimSpace(must(t, r.dir, "dpkg-deb", "--field", r.debian(arch), field)); got != want {
				t.Errorf("%s is %s, want %s", field, got, want)
			}
		}
		var found []string
		for _, line := range strings.Split(strings.TrimSpace(must(t, r.dir, "dpkg-deb", "--contents", r.debian(arch))), "\n") {
			f := strings.Fields(line) // mode, owner, size, date, time, path
			if f[1] != "root/root" || f[3]+" "+f[4] != "2026-09-21 14:13" {
				t.Errorf("%s is of %s at %s %s", f[5], f[1], f[3], f[4])
			}
			if strings.HasPrefix(f[0], "d") && f[0] != "drwxr-xr-x" {
				t.Errorf("%s has mode %s", f[5], f[0])
			}
			if entry := f[0] + " " + f[5]; !strings.HasPrefix(f[0], "d") && (slices.Contains(packed, entry) || !strings.Contains(f[5], "/man1/segue-")) {
				found = append(found, entry)
			}
		}
		slices.Sort(found)
		if !slices.Equal(found, packed) {
			t.Errorf("the package for %s holds\n%s\nwant\n%s", arch, strings.Join(found, "\n"), strings.Join(packed, "\n"))
		}
	}
}

// TestDebianPolicy asks Debian's own checker; what it need not say stands with its
// reason in packaging/debian/lintian-overrides.
func TestDebianPolicy(t *testing.T) {
	if testing.Short() {
		t.Skip("left to the long form")
	}
	needs(t, "lintian")
	r := first(t)
	for _, arch := range archs() {
		if out, err := output(r.dir, nil, "lintian", "--no-cfg", "--allow-root", "--fail-on", "error,warning", r.debian(arch)); err != nil || out != "" {
			t.Errorf("lintian: %v\n%s", err, out)
		}
	}
}

// unpacked is the package's files in a folder.
func unpacked(t *testing.T) string {
	t.Helper()
	needs(t, "dpkg-deb")
	dir := t.TempDir()
	must(t, dir, "dpkg-deb", "--extract", first(t).debian("amd64"), dir)
	return dir
}

// TestManuals has every page read by the parsers that people have.
func TestManuals(t *testing.T) {
	needs(t, "mandoc", "man")
	dir := unpacked(t)
	pages := filepath.Join(dir, "usr/share/man/man1")
	must(t, pages, "bash", "-c", "gunzip *.gz && test $(ls | wc -l) -ge 40")
	if out, err := output(pages, nil, "bash", "-c", "mandoc -Tlint -Wwarning *.1"); err != nil {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
	text := must(t, dir, "bash", "-c", `LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -l "$1" 2>&1`, "-", filepath.Join(pages, "segue-serve.1"))
	for _, want := range []string{
		"Run Segue: console, API and renewals", "--listen string address to listen on; other than loopback needs TLS [SEGUE_LISTEN] (default 127.0.0.1:8420)", "segue serve --dir ./data", "segue " + released, "2026-09-21",
	} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("segue-serve(1) does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "warning:") {
		t.Errorf("man warns:\n%s", text)
	}
}

// TestCompletion presses Tab in the shells that the package completes for.
func TestCompletion(t *testing.T) {
	dir := unpacked(t)
	t.Setenv("PATH", filepath.Join(dir, "usr/bin")+":"+os.Getenv("PATH"))
	want := []string{"admin", "operator", "developer", "read_only"}
	t.Run("bash", func(t *testing.T) {
		needs(t, "bash")
		completes(t, dir, want, "bash", "--norc", "-c", `
. /usr/share/bash-completion/bash_completion
compopt() { :; } # works in a line that is edited alone
. usr/share/bash-completion/completions/segue
COMP_WORDS=(segue project user-invite --role '') COMP_CWORD=4 COMP_LINE='segue project user-invite --role ' COMP_POINT=33 COMP_TYPE=9
__start_segue
printf '%s\n' "${COMPREPLY[@]}"`)
	})
	t.Run("zsh", func(t *testing.T) {
		needs(t, "zsh")
		must(t, dir, "zsh", "-n", "usr/share/zsh/vendor-completions/_segue")
		// The function that zsh calls, with what it hands the results to in print.
		completes(t, dir, want, "zsh", "-f", "-c", `autoload -Uz compinit && compinit -u -D
. usr/share/zsh/vendor-completions/_segue
_describe() { print -l -- $completions }
words=(segue project user-invite --role ''); CURRENT=5
_segue`)
	})
	t.Run("fish", func(t *testing.T) {
		needs(t, "fish")
		completes(t, dir, want, "fish", "--no-config", "-c", `source usr/share/fish/vendor_completions.d/segue.fish
complete --do-complete "segue project user-invite --role "`)
	})
}

// completes holds what a shell offers to the words wanted.
func completes(t *testing.T, dir string, want []string, shell string, args ...string) {
	t.Helper()
	out, err := output(dir, []string{"HOME=" + t.TempDir()}, shell, args...)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range want {
		if !regexp.MustCompile(`(?m)^` + w + `\b`).MatchString(out) {
			t.Errorf("%s offers %q, without %s", shell, out, w)
		}
	}
}
