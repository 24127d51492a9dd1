package notify

import (
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

func TestTextOf(t *testing.T) {
	for name, c := range map[string]struct{ html, want string }{
		"heading":        {"<h1>One  two\n three</h1><p>next</p>", "One two three\n=============\n\nnext\n"},
		"head is silent": {"<html><head><title>t</title><style>p{}</style></head><body><p>x</p></body></html>", "x\n"},
		"decoration":     {`<p>a <span aria-hidden="true">picture</span>b</p>`, "a b\n"},
		"label":          {`<p><span aria-label="1.">one</span> step</p>`, "1. step\n"},
		"break":          {"<p>a<br>b</p>", "a\nb\n"},
		"cells":          {"<table><tr><td>a</td><td>b</td></tr><tr><th>c</th><td>d</td></tr></table>", "a  b\nc:  d\n"},
		"list":           {"<dl><dt>name <em>state</em></dt><dd>one</dd><dd>two</dd></dl><p>x</p>", "name [state]\n  one\n  two\n\nx\n"},
		"commands":       {"<p>do</p><pre>a \\\n  b</pre><p>then</p>", "do\n\n  a \\\n    b\n\nthen\n"},
		"link":           {`<p>see <a href="https://x.example/">the page</a>.</p>`, "see the page <https://x.example/>.\n"},
		"bare link":      {`<p><a href="https://x.example/">https://x.example/</a></p>`, "https://x.example/\n"},
		"link in title":  {`<h2><a href="https://x.example/">name</a> · 2</h2><dl><dt><a href="https://y.example/">u</a></dt><dd>v</dd></dl>`, "name · 2\n--------\nhttps://x.example/\n\nu\n  https://y.example/\n  v\n"},
		"text is text":   {"<p>&lt;b&gt; &amp;amp; &quot;x&quot;</p>", "<b> &amp; \"x\"\n"},
		"no space added": {"<p>a<b>b</b>c</p>", "abc\n"},
		"wrap":           {"<dl><dd>" + strings.Repeat("word ", 20) + "</dd></dl>", "  " + strings.TrimSpace(strings.Repeat("word ", 15)) + "\n  " + strings.TrimSpace(strings.Repeat("word ", 5)) + "\n"},
		"too long":       {"<p>x " + strings.Repeat("y", 100) + " z</p>", "x\n" + strings.Repeat("y", 100) + "\nz\n"},
		"empty":          {"", ""},
	} {
		got, err := textOf(c.html)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, want %q (%v)", name, got, c.want, err)
		}
	}
}

// TestTextIsReadable holds every text part to what mail asks of plain text.
func TestTextIsReadable(t *testing.T) {
	for name, m := range samples(t) {
		for line := range strings.SplitSeq(m.Text, "\n") {
			if len([]rune(line)) > textWidth && strings.Contains(strings.TrimSpace(line), " ") && !strings.Contains(line, `\`) {
				t.Errorf("%s: line %q is too long", name, line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("%s: line %q ends in a space", name, line)
			}
		}
		if strings.Contains(m.Text, "\n\n\n") || strings.ContainsAny(m.Text, "\u00a0\t\r") {
			t.Errorf("%s: blank lines or characters that plain text has no use for", name)
		}
	}
}

func TestWords(t *testing.T) {
	now := at("2026-11-24 07:00")
	for d, want := range map[time.Duration]string{
		-time.Hour: "less than a minute", 59 * time.Second: "less than a minute", time.Minute: "1 minute", 59*time.Minute + 59*time.Second: "59 minutes",
		time.Hour: "1 hour", day - 1: "23 hours", day: "1 day", 2*day - 1: "1 day", 41*day + 5*time.Hour: "41 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
	for to, want := range map[string]string{
		"2026-11-30 08:00": "in 6 days", "2027-03-03 07:00": "in 99 days", "2027-03-04 07:00": "in 3 months", "2027-03-24 07:00": "in 4 months",
		"2028-11-24 06:59": "in 23 months", "2028-11-24 07:00": "in 24 months", "2029-11-24 06:59": "in 35 months", "2029-11-24 07:00": "in 3 years", "2036-11-20 07:00": "in 9 years",
	} {
		if got := ahead(at(to), now); got != want {
			t.Errorf("%s is %q, want %q", to, got, want)
		}
	}
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		zone       *time.Location
		at, moment string
	}{
		{time.UTC, "2026-11-30 21:57", "Mon 30 Nov 2026, 21:57 UTC"},
		{helsinki(t), "2026-11-30 21:57", "Mon 30 Nov 2026, 23:57 (21:57 UTC)"},
		{helsinki(t), "2026-11-30 22:57", "Tue 1 Dec 2026, 00:57 (30 Nov 22:57 UTC)"},
		{newYork, "2026-12-31 23:30", "Thu 31 Dec 2026, 18:30 (23:30 UTC)"},
		{newYork, "2027-01-01 02:30", "Thu 31 Dec 2026, 21:30 (1 Jan 02:30 UTC)"},
	} {
		if got := moment(at(c.at), c.zone); got != c.moment {
			t.Errorf("%s is %q, want %q", c.at, got, c.moment)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 18203: "18,203", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := number(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for s, want := range map[string]string{
		"plain": "plain", " two\r\n lines\t": "two lines", "a\x00b\x7fc": "a b c", "li\u202eve\u200b": "live", "\xff": "\ufffd",
		strings.Repeat("é", 2000): strings.Repeat("é", longestText-1) + "…",
	} {
		if got := clean(s); got != want {
			t.Errorf("%q became %q, want %q", s, got, want)
		}
	}
	for s, want := range map[string]string{"": "", "a": "a.", "a.": "a.", "a?": "a?", "a…": "a…", "ä": "ä."} {
		if got := sentence(s); got != want {
			t.Errorf("%q became %q, want %q", s, got, want)
		}
	}
}

// hostile is text that tries to be more than text.
const hostile = "x\r\nBcc: all@acme.example\r\n\r\n</p><script>alert(1)</script><img src=x onerror=alert(1)> {{.Why}} \u202egnp.exe \x00 `code` & \"quoted\""

// TestHostileTextStaysText holds it in every place where somebody else's text can stand.
func TestHostileTextStaysText(t *testing.T) {
	r := NewRenderer()
	e := event(app.EventRenewalAcknowledged)
	e.Message, e.Remedy, e.Renewal.Acknowledger = hostile, hostile, hostile
	d := acme(t)
	d.Why = hostile
	var mails []app.Mail
	for _, make := range []func() (app.Mail, error){
		func() (app.Mail, error) { return r.Event(e, "ilse@acme.example", 1) },
		func() (app.Mail, error) { return r.Digest(d, 1) },
		func() (app.Mail, error) {
			return r.Invitation("acme-prod", "new@acme.example", hostile, "https://segue.acme.example/invitation/x", at("2026-12-01 10:00"))
		},
	} {
		m, err := make()
		if err != nil {
			t.Fatal(err)
		}
		mails = append(mails, m)
	}
	for _, m := range mails {
		for _, evil := range []string{"<script", "<img", "\u202e", "\x00"} {
			if strings.Contains(m.HTML, evil) {
				t.Errorf("%s: the HTML holds %q", m.Subject, evil)
			}
		}
		if !strings.Contains(m.Text, "<script>alert(1)</script>") || strings.Contains(m.Text, "\nBcc:") || strings.ContainsAny(m.Text, "\u202e\x00\r") {
			t.Errorf("%s: the text is not what was written, on one line:\n%s", m.Subject, m.Text)
		}
		if strings.ContainsAny(m.Subject+m.MessageID+m.ThreadID, "\r\n\x00") {
			t.Errorf("a header with more than one line: %q", m.Subject)
		}
	}
}

// TestInvitation holds that the link stands in both bodies and nowhere else, and
// that only a web address becomes one.
func TestInvitation(t *testing.T) {
	const link = "https://segue.acme.example/invitation/sgi_one-time?x=%3D&y"
	r := NewRenderer()
	m, err := r.Invitation("acme-prod", "new@acme.example", "ilse@acme.example", link, at("2026-12-01 10:00"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.Text, link) || !strings.Contains(m.HTML, `href="https://segue.acme.example/invitation/sgi_one-time?x=%3D&amp;y"`) {
		t.Errorf("the link is not whole:\n%s", m.Text)
	}
	if strings.Contains(m.Subject+m.MessageID+m.ThreadID, "one-time") || !isMessageID(m.MessageID) {
		t.Errorf("headers %q %q", m.Subject, m.MessageID)
	}
	again, err := r.Invitation("acme-prod", "new@acme.example", "ilse@acme.example", link, at("2026-12-01 10:00"))
	if err != nil || again.MessageID != m.MessageID {
		t.Errorf("another attempt is %q, not %q", again.MessageID, m.MessageID)
	}
	for _, link := range []string{"", "/invitation/secret", "javascript:alert('secret')", "ftp://x.example/secret", "https://%zz/secret"} {
		_, err := r.Invitation("acme-prod", "new@acme.example", "ilse@acme.example", link, at("2026-12-01 10:00"))
		if err == nil {
			t.Errorf("%q became a link", link)
		}
		checkSilent(t, err, []string{"secret"})
	}
}

// TestEveryEvent holds that each kind of event has words of its own.
func TestEveryEvent(t *testing.T) {
	seen := map[string]bool{}
	for _, typ := range []app.EventType{
		app.EventRenewalCreated, app.EventRenewalReminder, app.EventRenewalAcknowledged, app.EventCertificateLapsed, app.EventCertificateRevoked,
		app.EventRenewalFailed, app.EventDeliveryFailing, app.EventSweepStale, app.EventTest,
	} {
		title := headline(event(typ))
		if title == string(typ) || seen[title] {
			t.Errorf("%s has no title of its own: %q", typ, title)
		}
		seen[title] = true
		m, err := NewRenderer().Event(app.Event{Type: typ, At: at("2026-11-24 07:00"), Message: "x"}, "ilse@acme.example", 1)
		if err != nil || m.Subject == "" || !isMessageID(m.MessageID) || !isMessageID(m.ThreadID) || strings.Contains(m.Text, "segue service") {
			t.Errorf("%s about nothing: %+v, %v", typ, m, err)
		}
	}
}

// Names begin a sentence as they are written; other words with a capital letter.
func TestOpening(t *testing.T) {
	e := event(app.EventRenewalFailed)
	e.Renewal.Acknowledger = "ilse@acme.example"
	for message, want := range map[string]string{
		"the next pair could not be made": "The next pair could not be made.",
		"orders-writer has a new pair":    "orders-writer has a new pair.",
		"ilse@acme.example acknowledged":  "ilse@acme.example acknowledged.",
		"orders-writers are many":         "Orders-writers are many.",
		"":                                "",
	} {
		if e.Message = message; opening(e) != want {
			t.Errorf("%q became %q, want %q", message, opening(e), want)
		}
	}
	if got := phrases("run `segue doctor` now"); len(got) != 3 || !got[1].Code || got[1].Text != "segue doctor" {
		t.Errorf("phrases %+v", got)
	}
	if got := phrases("an odd ` one"); len(got) != 1 || got[0].Code {
		t.Errorf("phrases %+v", got)
	}
}
