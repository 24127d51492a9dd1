package docs_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// block is one fenced block of a page.
type block struct {
	line   int    // of its first line of text, from 1
	info   string // what stands behind the opening fence: "sh", "text", …
	text   string
	prints string // of a "sh" block: the "text" block that follows it, empty for none
}

// blocks reads the fenced blocks of a page. A "text" block belongs to the "sh"
// block before it and shows what that prints.
func blocks(page string) ([]block, error) {
	var found []block
	var open *block
	var lines []string
	for i, line := range strings.Split(page, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case !isFence && open != nil:
			lines = append(lines, line)
		case !isFence:
		case open == nil:
			open, lines = &block{line: i + 2, info: fence}, nil
		default:
			open.text = strings.Join(lines, "\n")
			last := len(found) - 1
			if open.info == "text" && last >= 0 && found[last].info == "sh" && found[last].prints == "" {
				found[last].prints = open.text
			} else {
				found = append(found, *open)
			}
			open = nil
		}
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the block is not closed", open.line-1)
	}
	return found, nil
}

// missing returns the first line of shown that is not in printed, in order; ""
// when all are. "…" stands for anything within a line and, alone, for any lines;
// a date or time stands for any; the width of gaps does not count, and a line may
// show a part of a printed one.
func missing(shown, printed string) string {
	rest := strings.Split(printed, "\n")
	for _, want := range strings.Split(shown, "\n") {
		if strings.Trim(want, " …") == "" {
			continue
		}
		pattern := linePattern(want)
		at := 0
		for at < len(rest) && !pattern.MatchString(strings.Join(strings.Fields(rest[at]), " ")) {
			at++
		}
		if at == len(rest) {
			return want
		}
		rest = rest[at+1:]
	}
	return ""
}

// digits of a date or time, as the command line and the API write them.
var (
	dates  = regexp.MustCompile(`\d{4}-\d{2}-\d{2}|\d{2}:\d{2}(:\d{2})?`)
	digits = regexp.MustCompile(`\d`)
)

func linePattern(want string) *regexp.Regexp {
	pattern := regexp.QuoteMeta(strings.Join(strings.Fields(want), " "))
	pattern = dates.ReplaceAllStringFunc(pattern, func(date string) string { return digits.ReplaceAllString(date, `\d`) })
	return regexp.MustCompile(strings.ReplaceAll(pattern, "…", ".*"))
}

func TestBlocks(t *testing.T) {
	page := "a\n```sh\none\ntwo\n```\nprints\n\n```text\nshown\n```\n```text\nnobody's\n```\n  ```json\n  {}\n  ```\n"
	got, err := blocks(page)
	if err != nil {
		t.Fatal(err)
	}
	want := []block{{3, "sh", "one\ntwo", "shown"}, {12, "text", "nobody's", ""}, {15, "json", "  {}", ""}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := blocks("```sh\nls"); err == nil {
		t.Error("a block without an end was read")
	}
}

func TestMissing(t *testing.T) {
	printed := "NAME      STATE\nalice     expiring in 12 days\nbob       valid\nends 2026-11-24 23:04 UTC\n"
	for _, c := range []struct{ shown, want string }{
		{"NAME STATE", ""},
		{"alice  expiring in … days\nbob", ""},
		{"…\nbob   valid", ""},
		{"bob\nalice", "alice"},
		{"carol", "carol"},
		{"ends 2031-01-02 03:04 UTC", ""},
		{"ends 2031-01-02 UTC", "ends 2031-01-02 UTC"},
		{"alice … hours", "alice … hours"},
	} {
		if got := missing(c.shown, printed); got != c.want {
			t.Errorf("missing(%q) = %q, want %q", c.shown, got, c.want)
		}
	}
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
