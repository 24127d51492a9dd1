package console

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/test/browser"
)

// axe is axe-core, which finds what people who hear, enlarge or do not see all
// colours of a page trip over; see testdata/NOTICE.md.
//
//go:embed testdata/axe.min.js
var axe string

// widths are a phone's, a tablet's and a desk's, in CSS pixels; pages are tried
// for overflow at a large screen's too.
var widths = []int64{375, 768, 1440}

const largest = 1920

// TestPages opens every page and state, light and dark, at three widths: axe finds
// nothing, nothing is wider than the window, and the browser has nothing to
// complain about.
func TestPages(t *testing.T) {
	s := serve(t)
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	nobody, member := somebody(t, s), admin(t, s)
	for _, page := range browser.Pages {
		t.Run(page.Name, func(t *testing.T) {
			p := person{t, member.tab}
			if page.Nobody {
				p.tab = nobody.tab
			}
			p.inspects(page)
		})
	}
}

func (p person) inspects(page browser.Page) {
	p.t.Helper()
	for _, width := range append(slices.Clone(widths), largest) {
		p.looks(width, "light")
		if width < largest { // a phone's page begins as a phone's
			p.must(page.Open(p.tab))
			p.clean(page)
			p.stoodStill(width)
		}
		p.fits(width)
		if width == largest {
			continue
		}
		p.accessible(fmt.Sprintf("%d px, light", width), false)
		p.looks(width, "dark")
		p.accessible(fmt.Sprintf("%d px, dark", width), true)
		p.tab.Troubles() // axe reads style sheets in ways that pages need not
	}
}

// clean demands that the browser had nothing to complain about but a refusal that
// the page is there to show.
func (p person) clean(page browser.Page) {
	p.t.Helper()
	for _, trouble := range p.tab.Troubles() {
		if page.Status == 0 || !strings.Contains(trouble, fmt.Sprintf("status of %d", page.Status)) {
			p.t.Errorf("in the browser: %s", trouble)
		}
	}
}

// stoodStill demands that nothing moved while the page came: the sum of layout
// shifts, of which 0.1 is what browsers call good.
func (p person) stoodStill(width int64) {
	p.t.Helper()
	const most = 0.01
	if moved := p.moved(); moved > most {
		p.t.Errorf("at %d px: what was there moved while the page came: %.3f", width, moved)
	}
}

// moved is the sum of layout shifts of the page so far.
func (p person) moved() float64 {
	p.t.Helper()
	moved, err := browser.Eval[float64](p.tab, `new Promise(done => {
		new PerformanceObserver(seen => done(seen.getEntries().filter(s => !s.hadRecentInput).reduce((sum, s) => sum + s.value, 0)))
			.observe({type: "layout-shift", buffered: true});
		setTimeout(() => done(0), 50);
	})`)
	p.must(err)
	return moved
}

// fits demands that no part of the page is beyond the window's edge, but what
// scrolls by itself.
func (p person) fits(width int64) {
	p.t.Helper()
	wide, err := browser.Eval[[]string](p.tab, `(() => {
		const edge = document.documentElement.clientWidth;
		const found = [];
		if (document.documentElement.scrollWidth > edge) found.push("the page is " + document.documentElement.scrollWidth + " px wide");
		const scrolls = (e) => { for (; e; e = e.parentElement) if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX) || getComputedStyle(e).position === "fixed") return true; return false; };
		for (const e of document.querySelectorAll("body *")) {
			const r = e.getBoundingClientRect();
			if (r.width > 0 && r.right > edge + 1 && r.left < edge && e.checkVisibility() && !scrolls(e.parentElement) && !e.closest("svg svg, defs, .sr"))
				found.push(e.tagName.toLowerCase() + "." + e.className + " ends at " + Math.round(r.right) + " px");
		}
		return found.slice(0, 5);
	})()`)
	p.must(err)
	if len(wide) > 0 {
		p.t.Errorf("at %d px: %s", width, strings.Join(wide, "; "))
	}
}

// violation is what axe found.
type violation struct {
	ID    string   `json:"id"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"`
}

// accessible demands that axe finds nothing. The rules that do not look at colours
// need be tried in one theme alone.
func (p person) accessible(at string, coloursAlone bool) {
	p.t.Helper()
	loaded, err := browser.Eval[bool](p.tab, `typeof axe === "object"`)
	p.must(err)
	if !loaded {
		_, err := browser.Eval[bool](p.tab, axe+"; true")
		p.must(err)
	}
	rules := ""
	if coloursAlone {
		rules = `runOnly: ["color-contrast", "link-in-text-block"],`
	}
	found, err := browser.Eval[[]violation](p.tab, `axe.run(document, {`+rules+` resultTypes: ["violations"]}).then(r => r.violations.map(
		v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 4).map(n => n.html.slice(0, 160) + (n.any[0]?.message ? " — " + n.any[0].message : ""))})))`)
	p.must(err)
	for _, v := range found {
		p.t.Errorf("at %s: axe: %s (%s)\n\t%s", at, v.Help, v.ID, strings.Join(v.Nodes, "\n\t"))
	}
}

// TestTroublesAreSeen shows that what TestPages demands can fail.
func TestTroublesAreSeen(t *testing.T) {
	s := serve(t)
	p := somebody(t, s)
	p.opens("/signin")
	p.clean(browser.Page{})
	push := func() {
		_, err := browser.Eval[bool](p.tab, `(() => { const e = document.createElement("p"); e.style.height = "300px"; document.querySelector("main").prepend(e); return true; })()`)
		p.must(err)
	}
	// Chromium forgives what moves soon after a key, and before the first frame: it is pushed again.
	if !eventually(soon, func() bool { push(); return p.moved() > 0.01 }) {
		t.Error("a page that moves goes unseen")
	}
	for _, try := range []struct{ want, script string }{
		{"Content Security Policy", `document.body.setAttribute("style", "color: red")`},
		{"console.error", `console.error("x")`},
		{"exception", `setTimeout(() => { throw new Error("x") })`},
		{"status of 404", `fetch("/nowhere").then(() => {})`},
		{"request to http://127.0.0.1:9/", `location.href = "http://127.0.0.1:9/"`},
	} {
		if _, err := browser.Eval[bool](p.tab, try.script+"; true"); err != nil {
			t.Fatal(err)
		}
		seen := eventually(soon, func() bool {
			return slices.ContainsFunc(p.tab.Troubles(), func(trouble string) bool { return strings.Contains(trouble, try.want) })
		})
		if !seen {
			t.Errorf("%s goes unseen", try.script)
		}
	}
	p.tab.Troubles()
}

// soon is long enough for what happens in the browser alone.
const soon = 5 * time.Second

// eventually waits until it is so.
func eventually(within time.Duration, so func() bool) bool {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if so() {
			return true
		}
	}
	return false
}
