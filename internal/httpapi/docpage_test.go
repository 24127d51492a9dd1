package httpapi

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// noteViolations runs in the page before anything of its own, and notes what its
// policy forbids.
const noteViolations = `window.violations = [];
document.addEventListener("securitypolicyviolation", e => violations.push(e.violatedDirective + " " + e.blockedURI));`

// troubles are what a page must not do: log an error, throw, ask another server.
type troubles struct {
	server string
	mu     sync.Mutex
	found  []string
}

func (w *troubles) watch(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, w.server+"/") && !strings.HasPrefix(e.Request.URL, "data:") {
			w.note("request to " + e.Request.URL)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			w.note(e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		w.note("exception: " + e.ExceptionDetails.Text)
	}
}

func (w *troubles) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found = append(w.found, what)
}

func (w *troubles) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.found...)
}

// command is one of the browser's own, before or beside what the page does.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// openTab starts Chromium, which scripts/setup.sh installs, until the test ends.
func openTab(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	browser, end := chromedp.NewExecAllocator(ctx, options...)
	tab, closeTab := chromedp.NewContext(browser)
	t.Cleanup(func() { closeTab(); end(); cancel() })
	return tab
}

const (
	// openAll opens every group of calls, and tells whether all are open.
	openAll = `(() => {
		const closed = [...document.querySelectorAll("[data-tag][data-is-open=false] .expand-operation")];
		closed.forEach(b => b.click());
		return closed.length === 0 && document.querySelectorAll("[data-tag]").length > 0;
	})()`
	countCalls = `document.querySelectorAll(".opblock").length`
	// breakPolicy is what the policy must forbid.
	breakPolicy = `(() => {
		const script = document.createElement("script");
		script.textContent = "window.ran = true";
		document.body.append(script);
		return !window.ran;
	})()`
)

// The page shows every call under a policy that it never breaks, and asks nobody
// but its own server.
func TestDocPage(t *testing.T) {
	r := newRig(t)
	w := &troubles{server: "http://" + listen(t, r)}
	tab := openTab(t)
	err := chromedp.Listen(tab, w.watch)
	if err == nil {
		err = chromedp.Do(tab,
			command(network.Enable, network.EnableParams{}),
			command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noteViolations}),
			chromedp.Navigate(w.server+"/doc"),
		)
	}
	if err != nil {
		t.Fatal(err)
	}
	await(t, tab, openAll)
	if shown := eval[int](t, tab, countCalls); shown != len(r.calls()) {
		t.Errorf("the page shows %d calls, want %d", shown, len(r.calls()))
	}
	eval[bool](t, tab, `document.querySelector("[id$=ServiceUserCredentialsModify] .opblock-summary-control").click() === undefined`)
	await(t, tab, `document.body.innerText.includes("acknowledge-renewal says that the new pair is in use")`)
	if broken := eval[[]string](t, tab, `violations`); len(broken) != 0 || len(w.all()) != 0 {
		t.Errorf("the page broke its policy: %q, and had these troubles: %q", broken, w.all())
	}
	if held := eval[bool](t, tab, breakPolicy); !held || len(eval[[]string](t, tab, `violations`)) != 1 {
		t.Error("the policy lets a script run that is written into the page, or nobody notes it")
	}
}

func eval[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await asks the page again and again until the expression holds.
func await(t *testing.T, tab context.Context, expression string) {
	t.Helper()
	for range 200 {
		if eval[bool](t, tab, expression) {
			return
		}
		time.Sleep(50 * time.Millisecond) // the page's own work, in another process
	}
	t.Fatalf("the page never came to %s", expression)
}
