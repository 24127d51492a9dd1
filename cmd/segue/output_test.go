package main

import (
	"bytes"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
)

func sample() *grid {
	g := &grid{head: []string{"User", "State"}}
	g.add(text("shop"), cell{"6 days left", warning})
	g.add(text("a-rather-long-name-of-a-user"), cell{"Lapsed 4 days ago\x1b[2J", bad})
	return g
}

func TestPlainTable(t *testing.T) {
	var b bytes.Buffer
	if err := sample().write(&b); err != nil {
		t.Fatal(err)
	}
	want := "USER                          STATE\n" +
		"shop                          6 days left\n" +
		"a-rather-long-name-of-a-user  Lapsed 4 days ago\uFFFD[2J\n"
	if b.String() != want {
		t.Errorf("printed\n%q\nwant\n%q", b.String(), want)
	}
}

func TestDrawnTable(t *testing.T) {
	for _, width := range []int{120, 30} {
		var b bytes.Buffer
		if err := sample().draw(&b, width); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(b.String(), "\n") {
			if lipgloss.Width(line) > width {
				t.Errorf("%d columns wide, the terminal has %d: %q", lipgloss.Width(line), width, line)
			}
		}
		if width == 120 && (!strings.Contains(b.String(), "6 days left") || !strings.Contains(b.String(), "───")) {
			t.Errorf("drawn as\n%s", b.String())
		}
	}
}
