package browser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Start starts Chromium; the returned function ends it.
func Start(ctx context.Context) (context.Context, context.CancelFunc, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("font-render-hinting", "none"))
	allocator, endAllocator := chromedp.NewExecAllocator(ctx, options...)
	first, endFirst := chromedp.NewContext(allocator)
	end := func() { endFirst(); endAllocator() }
	if err := chromedp.Do(first); err != nil {
		end()
		return nil, nil, fmt.Errorf("start Chromium, which scripts/setup.sh test installs: %w", err)
	}
	return first, end, nil
}

// Tab is a page of Chromium that looks at a server.
type Tab struct {
	ctx    context.Context
	server *Server

	mu       sync.Mutex
	troubles []string
}

// Open opens a tab as somebody new: it shares no cookie with others. Its context
// ends it.
func Open(browser context.Context, s *Server) (*Tab, context.CancelFunc, error) {
	return open(browser, s, chromedp.WithNewBrowserContext())
}

// Beside opens another tab of the same person.
func (t *Tab) Beside() (*Tab, context.CancelFunc, error) { return open(t.ctx, t.server) }

func open(parent context.Context, s *Server, options ...chromedp.ContextOption) (*Tab, context.CancelFunc, error) {
	ctx, end := chromedp.NewContext(parent, options...)
	t := &Tab{ctx: ctx, server: s}
	err := errors.Join(chromedp.Listen(ctx, t.watch), t.do(
		call(network.Enable, network.EnableParams{}),
		call(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "UTC"}),
		// Every tab believes that it is in front, so that its lists refresh.
		call(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}),
		chromedp.EmulateViewport(1440, 900),
	))
	if err != nil {
		end()
		return nil, nil, err
	}
	return t, end, nil
}

func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// within bounds every step; a busy machine takes long.
const within = 20 * time.Second

func (t *Tab) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(t.ctx, within)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

func run[T any](t *Tab, a chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(t.ctx, within)
	defer cancel()
	return chromedp.Run(ctx, a)
}

// watch notes what no page may do: errors and warnings on the browser's console,
// violations of the content security policy (which the browser logs too), failed
// requests, and requests to anywhere but the server.
func (t *Tab) watch(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			t.trouble("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		t.trouble("exception: %s at %s:%d", e.ExceptionDetails.Text, e.ExceptionDetails.URL, e.ExceptionDetails.LineNumber)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			t.trouble("console.%s", e.Type)
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || (u.Scheme != "data" && u.Scheme != "blob" && u.Scheme+"://"+u.Host != t.server.URL) {
			t.trouble("request to %s", e.Request.URL)
		}
	}
}

func (t *Tab) trouble(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.troubles = append(t.troubles, fmt.Sprintf(format, args...))
}

// Troubles are what the tab did that no page may do, since the last call.
func (t *Tab) Troubles() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.troubles
	t.troubles = nil
	return found
}

// Go opens a page of the server.
func (t *Tab) Go(path string) error {
	if err := t.do(chromedp.Navigate(t.server.URL + path)); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	return t.Settle()
}

// Back is the browser's own button. Whoever calls it waits for what the page before
// shows: a page that the browser kept comes back without being loaded.
func (t *Tab) Back() error { return t.do(chromedp.Evaluate[chromedp.Void](`history.back()`)) }

// settled is true once a page is there, with its fonts, and waits for nothing.
const settled = `document.readyState === "complete" && document.fonts.status === "loaded" && !document.querySelector(".htmx-request")`

// Settle waits until the page is there and waits for nothing.
func (t *Tab) Settle() error { return t.Until(settled) }

// Until waits until a JavaScript expression is true, across navigations.
func (t *Tab) Until(expression string) error {
	deadline := time.Now().Add(within)
	for {
		ok, err := run(t, chromedp.Evaluate[bool](`!!(`+expression+`)`))
		if err == nil && ok {
			return nil
		}
		if t.ctx.Err() != nil {
			return t.ctx.Err()
		}
		if time.Now().After(deadline) {
			text, _ := t.Text()
			return fmt.Errorf("not true within %s: %s (%v), on %s", within, expression, err, beginning(text))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Sees waits until people can read the text on the page, or in a dialog.
func (t *Tab) Sees(text string) error {
	return t.Until(`document.body.innerText.includes(` + strconv.Quote(text) + `)`)
}

// SeesNot waits until people cannot read the text.
func (t *Tab) SeesNot(text string) error {
	return t.Until(settled + ` && !document.body.innerText.includes(` + strconv.Quote(text) + `)`)
}

// At waits until the tab is at a path, with its query.
func (t *Tab) At(path string) error {
	return t.Until(`location.pathname + location.search === ` + strconv.Quote(path) + ` && ` + settled)
}

// Text is what people read on the page.
func (t *Tab) Text() (string, error) {
	return run(t, chromedp.Evaluate[string](`document.title + " " + location.pathname + "\n" + document.body.innerText`))
}

// beginning is enough of a page's text to know the page by.
func beginning(text string) string {
	const most = 600
	if text = strings.Join(strings.Fields(text), " "); len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// Click clicks the first visible link, button or summary with these words, or that
// name for those who hear the page, within the element that a CSS selector finds
// ("" anywhere; in the open dialog where there is one). Page or dialog have
// settled when it returns.
func (t *Tab) Click(inside, words string) error {
	place := `(() => {
		const all = [...document.querySelectorAll(` + strconv.Quote(orBody(inside)) + `)];
		const found = document.evaluate(` + strconv.Quote(clickable(words)) + `, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
		for (let i = 0; i < found.snapshotLength; i++) {
			const e = found.snapshotItem(i);
			if (!all.some(a => a.contains(e)) || !e.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true})) continue;
			e.scrollIntoView({block: "center", behavior: "instant"});
			const r = e.getBoundingClientRect();
			return [r.left + r.width / 2, r.top + r.height / 2];
		}
		return [];
	})()`
	at, err := t.standing(place)
	if err != nil {
		return err
	}
	if len(at) != 2 {
		text, _ := t.Text()
		return fmt.Errorf("nothing visible named %q to click in %q, on %s", words, inside, beginning(text))
	}
	if err := t.do(chromedp.MouseClickXY(at[0], at[1])); err != nil {
		return fmt.Errorf("click %q: %w", words, err)
	}
	return t.Settle()
}

// standing is a place on the page once it stands still: fonts that come late move
// what follows them.
func (t *Tab) standing(place string) (at []float64, err error) {
	for range 100 {
		before := at
		if at, err = run(t, chromedp.Evaluate[[]float64](place)); err != nil || len(at) == 0 || slices.Equal(at, before) {
			return at, err
		}
		time.Sleep(30 * time.Millisecond)
	}
	return nil, errors.New("the page does not stand still")
}

func orBody(inside string) string {
	if inside == "" {
		return "body"
	}
	return inside
}

// clickable finds what people can click by its words.
func clickable(words string) string {
	quoted := `"` + words + `"`
	return `//*[self::a or self::button or self::summary or self::label or self::input][normalize-space(.)=` + quoted + ` or @aria-label=` + quoted + `]`
}

// Type types into the control with that name, in place of what it holds.
func (t *Tab) Type(name, text string) error {
	err := t.Until(`(() => {
		const c = document.querySelector(':is(input, textarea)[name="` + name + `"]:not([type=hidden])');
		c?.focus();
		c?.select();
		return c && document.activeElement === c;
	})()`)
	if err != nil {
		return err
	}
	return t.do(chromedp.KeyEvent(text))
}

// Choose gives a control of a form a value, as people do with the widgets of a
// browser: a date, an option, a radio button.
func (t *Tab) Choose(name, value string) error {
	return t.Until(`(() => {
		const value = ` + strconv.Quote(value) + `;
		const all = [...document.querySelectorAll('[name="` + name + `"]:not([type=hidden])')];
		const radio = all.find(c => c.type === "radio" && c.value === value);
		if (radio) { radio.click(); return radio.checked; }
		if (all.length !== 1) return false;
		all[0].value = value;
		all[0].dispatchEvent(new Event("change", {bubbles: true}));
		return all[0].value === value;
	})()`)
}

// Press presses keys one after the other; see package kb for those without a letter.
func (t *Tab) Press(keys ...string) error {
	for _, key := range keys {
		for _, r := range key {
			if err := t.do(press(r)); err != nil {
				return err
			}
		}
	}
	return t.Settle()
}

// press is one key as a keyboard sends it: what a page does with the key is done
// in place of typing it.
func press(r rune) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, e := range kb.Encode(r) {
			switch e.Type {
			case input.DispatchKeyEventTypeChar:
				continue
			case input.DispatchKeyEventTypeKeyUp:
				e.Text = ""
			default:
				if e.Type = input.DispatchKeyEventTypeRawKeyDown; printable(r) {
					e.Type, e.Text = input.DispatchKeyEventTypeKeyDown, string(r)
				}
			}
			if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, *e); err != nil {
				return err
			}
		}
		return nil
	})
}

// printable reports whether a key types something, or ends a line.
func printable(r rune) bool { return unicode.IsPrint(r) || r == '\r' }

// SignIn signs somebody in by the form.
func (t *Tab) SignIn(email string) error {
	return errors.Join(t.Go("/signin"), t.Type("email", email), t.Type("password", AdminPassword), t.Click("form", "Sign in"),
		t.Until(`location.pathname !== "/signin" && `+settled))
}

// Look sets the width of the window in CSS pixels and the theme of the system,
// "light" or "dark".
func (t *Tab) Look(width int64, theme string) error {
	height := int64(900)
	if width < 500 {
		height = 844
	}
	return t.do(chromedp.EmulateViewport(width, height), call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	}))
}

// WithoutJavaScript has pages run none from the next one on.
func (t *Tab) WithoutJavaScript() error {
	return t.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
}

// File opens a file of this machine, such as a mail.
func (t *Tab) File(path string) error {
	if err := t.do(chromedp.Navigate("file://" + path)); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	return t.Settle()
}

// WholePage is a picture of the page beyond the window's edge too.
func (t *Tab) WholePage() ([]byte, error) { return run(t, chromedp.FullScreenshot(100)) }

// Picture is the whole page as PNG; scale is pixels of the picture a CSS pixel.
func (t *Tab) Picture() ([]byte, error) { return run(t, chromedp.CaptureScreenshot()) }

// Eval evaluates JavaScript, whatever the page's content security policy says,
// waits for its promise, and decodes what it gives.
func Eval[T any](t *Tab, expression string) (T, error) {
	return run(t, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Downloads has what the tab downloads come into a directory.
func (t *Tab) Downloads(into string) error {
	_, err := chromedp.CallBrowser(t.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(t.ctx).BrowserContextID, DownloadPath: into,
	})
	return err
}
