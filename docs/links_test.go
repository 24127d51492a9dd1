package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = ".."

var (
	links    = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"`)
	headings = regexp.MustCompile(`(?m)^#{1,6} +(.*)$`)
	notSlug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	fences   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
)

// TestLinks follows every relative link of every page of this module, to the
// heading where it names one.
func TestLinks(t *testing.T) {
	pages := 0
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "data" || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if path.Ext(name) != ".md" || strings.Contains(filepath.ToSlash(name), "/templates/") {
			return nil
		}
		pages++
		for _, target := range targets(readPage(t, name)) {
			if err := follow(name, target); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if pages < 10 {
		t.Fatalf("found %d pages; the walk looks in the wrong place", pages)
	}
}

// targets is what a page links to, without addresses on the network.
func targets(page string) []string {
	var found []string
	for _, m := range links.FindAllStringSubmatch(fences.ReplaceAllString(page, ""), -1) {
		target := m[1] + m[2]
		if !strings.Contains(target, "://") && !strings.HasPrefix(target, "mailto:") {
			found = append(found, target)
		}
	}
	return found
}

func follow(page, target string) error {
	file, heading, _ := strings.Cut(target, "#")
	if file == "" {
		file = page
	} else {
		file = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
	}
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("links to %s, which does not exist", target)
	}
	if heading == "" {
		return nil
	}
	if info.IsDir() || path.Ext(file) != ".md" {
		return fmt.Errorf("links to a heading of %s, which is no page", target)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, m := range headings.FindAllStringSubmatch(fences.ReplaceAllString(string(text), ""), -1) {
		if slug(m[1]) == heading {
			return nil
		}
	}
	return fmt.Errorf("links to %s, and there is no such heading", target)
}

// slug is the anchor that a heading gets where these pages are read.
func slug(heading string) string {
	return strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

func TestTargets(t *testing.T) {
	page := "[a](b.md#c-d) ![x](y.svg) [w](https://example.com) <img src=\"z.svg\">\n```sh\n[no](no.md)\n```\n"
	if got := fmt.Sprint(targets(page)); got != "[b.md#c-d y.svg z.svg]" {
		t.Errorf("targets = %s", got)
	}
	if err := follow("docs_test.md", "nowhere.md"); err == nil {
		t.Error("a link to nowhere was followed")
	}
	if got := slug("What `segue doctor` says, and why"); got != "what-segue-doctor-says-and-why" {
		t.Errorf("slug = %s", got)
	}
}
