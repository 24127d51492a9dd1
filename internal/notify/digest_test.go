package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/segue-project/segue/internal/app"
)

// longestMail is where a large mail provider cuts a mail's HTML, in bytes.
const longestMail = 102_000

// TestSubjects holds what is said first, in the subject and in the heading.
func TestSubjects(t *testing.T) {
	now := at("2026-11-24 07:00")
	item := func(user string, left time.Duration) app.DigestItem {
		return renewal(user, 2, now, now.Add(left), now.Add(left+730*day))
	}
	for _, c := range []struct {
		name                               string
		items                              []app.DigestItem
		lapsed, awaiting, renewed, snoozed int
		more                               int
		subject, heading                   string
	}{
		{"one, far", []app.DigestItem{item("a", 41*day+time.Hour)}, 0, 1, 1, 0, 0, "a ends in 41 days", "1 new pair awaits acknowledgement"},
		{"one, near", []app.DigestItem{item("a", 6*day+23*time.Hour)}, 0, 1, 0, 0, 0, "a ends in 6 days", "1 pair stops working in 6 days"},
		{"the brief's", []app.DigestItem{item("orders-writer", 6*day), item("b", 10*day), item("c", 80*day)}, 0, 3, 0, 0, 0,
			"orders-writer ends in 6 days, 2 more await acknowledgement", "1 pair stops working in 6 days"},
		{"one more", []app.DigestItem{item("a", 5*day), item("b", 10*day)}, 0, 2, 0, 0, 0, "a ends in 5 days, 1 more awaits acknowledgement", "1 pair stops working in 5 days"},
		{"a day", []app.DigestItem{item("a", day)}, 0, 1, 0, 0, 0, "a ends in 1 day", "1 pair stops working in 1 day"},
		{"hours", []app.DigestItem{item("a", day-time.Second)}, 0, 1, 0, 0, 0, "a ends in 23 hours", "1 pair stops working in 23 hours"},
		{"seconds", []app.DigestItem{item("a", 9*time.Second)}, 0, 1, 0, 0, 0, "a ends in less than a minute", "1 pair stops working in less than a minute"},
		{"exactly a week", []app.DigestItem{item("a", 7*day)}, 0, 1, 0, 0, 0, "a ends in 7 days", "1 new pair awaits acknowledgement"},
		{"two near", []app.DigestItem{item("a", 2*day), item("b", 3*day)}, 0, 2, 0, 0, 0, "a ends in 2 days, 1 more awaits acknowledgement", "2 pairs stop working within 7 days"},
		{"near ones that are not listed", []app.DigestItem{item("a", 2*day), item("b", 3*day)}, 0, 1500, 0, 0, 1498,
			"a ends in 2 days, 1,499 more await acknowledgement", "at least 2 pairs stop working within 7 days"},
		{"lapsed", []app.DigestItem{item("a", -4*day)}, 1, 0, 0, 0, 0, "a lapsed 4 days ago", "1 pair has lapsed"},
		{"lapsed, rest far", []app.DigestItem{item("a", -4*day), item("b", 20*day)}, 1, 1, 0, 0, 0, "a lapsed 4 days ago, 1 more awaits acknowledgement", "1 pair has lapsed"},
		{"lapsed, one near", []app.DigestItem{item("a", -4*day), item("b", 5*day), item("c", 30*day)}, 1, 2, 0, 0, 0,
			"a lapsed 4 days ago, b ends in 5 days, 1 more awaits acknowledgement", "1 pair has lapsed, 1 stops working in 5 days"},
		{"many lapsed", []app.DigestItem{item("a", -4*day), item("b", -3*day), item("c", 5*day)}, 2, 1, 0, 0, 0, "2 lapsed, c ends in 5 days", "2 pairs have lapsed, 1 stops working in 5 days"},
		{"more lapsed than listed", []app.DigestItem{item("a", -4*day)}, 70, 100, 0, 0, 169, "70 lapsed, 100 more await acknowledgement", "70 pairs have lapsed"},
		{"nothing", nil, 0, 0, 3, 1, 0, "Nothing awaits acknowledgement, 3 renewed", "Nothing awaits acknowledgement"},
		{"nothing at all", nil, 0, 0, 0, 0, 0, "Nothing awaits acknowledgement", "Nothing awaits acknowledgement"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := NewRenderer().Digest(app.Digest{
				Project: "acme-prod", Recipient: "ilse@acme.example", Now: now,
				Lapsed: c.lapsed, Awaiting: c.awaiting, Renewed: c.renewed, Snoozed: c.snoozed,
				Sections: []app.DigestSection{{ServiceSummary: app.ServiceSummary{Service: "orders"}, Items: c.items, More: c.more}},
			}, 1)
			if err != nil {
				t.Fatal(err)
			}
			if m.Subject != c.subject+": acme-prod" {
				t.Errorf("subject %q, want %q", m.Subject, c.subject)
			}
			if heading, _, _ := strings.Cut(m.Text, "\n"); heading != c.heading {
				t.Errorf("heading %q, want %q", heading, c.heading)
			}
		})
	}
}

// TestMessageIDs holds what makes two mails one, and one mail two.
func TestMessageIDs(t *testing.T) {
	id := func(change func(*app.Digest), message int64) app.Mail {
		d := acme(t)
		if change != nil {
			change(&d)
		}
		m, err := NewRenderer().Digest(d, message)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := id(nil, 7)
	later := id(func(d *app.Digest) { d.Now, d.Awaiting, d.AuditSeq = d.Now.Add(3*time.Hour), 2, 99999 }, 7)
	if first.MessageID != later.MessageID {
		t.Errorf("two attempts at one message are %q and %q", first.MessageID, later.MessageID)
	}
	for name, other := range map[string]app.Mail{
		"another message":        id(nil, 8),
		"another project":        id(func(d *app.Digest) { d.Project = "acme-test" }, 7),
		"another moment":         id(func(d *app.Digest) { d.Recorded = d.Recorded.Add(time.Second) }, 7),
		"another instance":       id(func(d *app.Digest) { d.PublicURL = "https://segue.other.example" }, 7),
		"no public URL":          id(func(d *app.Digest) { d.PublicURL = "" }, 7),
		"a project with a dot":   id(func(d *app.Digest) { d.Project = "acme.prod" }, 7),
		"one with two of them":   id(func(d *app.Digest) { d.Project = "acme..prod." }, 7),
		"a public URL in IPv6":   id(func(d *app.Digest) { d.PublicURL = "https://[2001:db8::1]:8420" }, 7),
		"one with a strange one": id(func(d *app.Digest) { d.PublicURL = "https://a_b..c/" }, 7),
	} {
		if other.MessageID == first.MessageID {
			t.Errorf("%s has the same Message-ID", name)
		}
		for _, id := range []string{other.MessageID, other.ThreadID} {
			if !isMessageID(id) {
				t.Errorf("%s: %q is no Message-ID", name, id)
			}
		}
	}
	if second := id(nil, 8); second.ThreadID != first.ThreadID {
		t.Errorf("threads %q and %q of one project", first.ThreadID, second.ThreadID)
	}
}

// isMessageID reports whether both sides of the '@' are a dot-atom (RFC 5322).
func isMessageID(id string) bool {
	left, right, ok := strings.Cut(id, "@")
	for _, side := range []string{left, right} {
		for atom := range strings.SplitSeq(side, ".") {
			if atom == "" || strings.Trim(atom, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=-_") != "" {
				return false
			}
		}
	}
	return ok
}

func TestCalendar(t *testing.T) {
	d := acme(t)
	m, err := NewRenderer().Digest(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(m.Calendar), "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("line %q is too long, or ends alone", line)
		}
	}
	entry := func(m app.Mail) *ics.VEvent {
		c, err := ics.ParseCalendar(strings.NewReader(string(m.Calendar)))
		if err != nil || len(c.Events()) != 1 {
			t.Fatalf("calendar %q: %v", m.Calendar, err)
		}
		return c.Events()[0]
	}
	first := entry(m)
	begins, err := first.GetStartAt()
	if want := at("2026-11-30 21:57"); err != nil || !begins.Equal(want) {
		t.Errorf("begins %s, want the first end still ahead, %s (%v)", begins, want, err)
	}
	d.Now = d.Now.Add(day)
	if m, err = NewRenderer().Digest(d, 2); err != nil {
		t.Fatal(err)
	}
	if a, b := first.Id(), entry(m).Id(); a != b || !strings.Contains(a, "orders-writer") {
		t.Errorf("the next day's entry is %q, not %q", b, a)
	}
	d.Sections = []app.DigestSection{{ServiceSummary: app.ServiceSummary{Service: "orders"}, Items: d.Sections[0].Items[:1]}}
	if m, err = NewRenderer().Digest(d, 3); err != nil || m.Calendar != nil || strings.Contains(m.Text, "Attached") {
		t.Errorf("an entry though nothing is ahead: %q, %v", m.Calendar, err)
	}
}

// TestLargeDigest holds what fifty items with the longest names weigh, and that
// the rest is counted.
func TestLargeDigest(t *testing.T) {
	long := func(i int) string { return fmt.Sprintf("%s-%03d", strings.Repeat("n", 60), i) }
	d := large(t, 10, 50, long)
	d.Project = long(999)
	d.ConsoleURL = "https://segue.acme.example/projects/" + d.Project
	m, err := NewRenderer().Digest(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.HTML) > longestMail {
		t.Errorf("the HTML has %d bytes, and is cut from %d", len(m.HTML), longestMail)
	}
	if got := strings.Count(m.Text, "and 9,995 more:"); got != 10 {
		t.Errorf("the rest is counted %d times, want once in each section", got)
	}
	if got := strings.Count(m.Text, "[Lapsed "); got == 0 || !strings.Contains(m.Text, "Open 100,000 renewals in the console") {
		t.Errorf("%d lapsed ones are listed", got)
	}
	t.Logf("%d bytes of HTML, %d of text", len(m.HTML), len(m.Text))
}

// TestWordsBesideBars holds that a picture never speaks alone: each row with bars
// says in words when both pairs end, and the bars are hidden from who cannot see them.
func TestWordsBesideBars(t *testing.T) {
	m, err := NewRenderer().Digest(acmeWithConsole(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(m.HTML))
	if err != nil {
		t.Fatal(err)
	}
	pictures := 0
	for n := range root.Descendants() {
		if n.Data != "td" || attribute(n, "class") != "brs" {
			continue
		}
		pictures++
		if attribute(n, "aria-hidden") != "true" || strings.TrimSpace(content(n)) != "" {
			t.Error("bars are not hidden from a screen reader")
		}
		words := content(n.Parent)
		if !strings.Contains(words, "Old pair end") || !strings.Contains(words, "New pair (generation") {
			t.Errorf("beside bars stands %q", words)
		}
	}
	if pictures != 6 {
		t.Errorf("%d items have bars, want 6", pictures)
	}
}

// TestStyles holds that the one list of styles and the templates fit: no class
// without a style, and no style without a use.
func TestStyles(t *testing.T) {
	used, styled := map[string]bool{}, map[string]bool{}
	for _, m := range samples(t) {
		root, err := html.Parse(strings.NewReader(m.HTML))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			for class := range strings.FieldsSeq(attribute(n, "class")) {
				used[class] = true
			}
			if n.Data == "style" {
				for _, word := range strings.FieldsFunc(content(n), func(r rune) bool { return strings.ContainsRune("{}(),;: \n", r) }) {
					for i, class := range strings.Split(word, ".") {
						if i > 0 && class != "" && class[0] >= 'a' && class[0] <= 'z' && !strings.HasSuffix(class, "em") {
							styled[class] = true
						}
					}
				}
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || n.Data == "script" {
					t.Errorf("<%s %s>: mails run nothing and load nothing", n.Data, a.Key)
				}
			}
		}
	}
	for class := range used {
		if !styled[class] && class != "c" {
			t.Errorf("class %s has no style", class)
		}
	}
	for class := range styled {
		if !used[class] {
			t.Errorf("the style of class %s is used nowhere", class)
		}
	}
}

func TestBars(t *testing.T) {
	zone := helsinki(t)
	now := at("2026-11-24 07:00")
	a := newAxis(now, zone)
	if first, last := a.months(); first != "July 2026" || last != "February 2027" {
		t.Errorf("axis from %s to %s", first, last)
	}
	rapid.Check(t, func(t *rapid.T) {
		moment := func(name string) time.Time {
			return now.Add(time.Duration(rapid.Int64Range(-900*24*3600, 900*24*3600).Draw(t, name)) * time.Second)
		}
		oldFrom, oldTo, newFrom, newTo := moment("old from"), moment("old to"), moment("new from"), moment("new to")
		if oldTo.Before(oldFrom) {
			oldFrom, oldTo = oldTo, oldFrom
		}
		if newTo.Before(newFrom) {
			newFrom, newTo = newTo, newFrom
		}
		b := a.draw(oldFrom, oldTo, newFrom, newTo)
		width, today, oldWidth, newWidth, x := 0, 0, 0, 0, 0
		for _, c := range b.Columns {
			if c.Width < 1 {
				t.Fatalf("a column of %d pixels: %+v", c.Width, b)
			}
			if c.Today {
				today++
				if x != a.at(now) || c.Width != 1 {
					t.Fatalf("today is at %d, %d wide", x, c.Width)
				}
			}
			if c.Old {
				oldWidth += c.Width
			}
			if c.New {
				newWidth += c.Width
			}
			width += c.Width
			x = width
		}
		o0, o1 := a.bar(oldFrom, oldTo)
		n0, n1 := a.bar(newFrom, newTo)
		switch {
		case width != barsWidth || today != 1 || b.Before+b.After+1 != len(b.Columns):
			t.Fatalf("%d wide, %d lines at today, %d and %d columns beside it: %+v", width, today, b.Before, b.After, b)
		case oldWidth != o1-o0 || newWidth != n1-n0:
			t.Fatalf("bars of %d and %d pixels, want %d and %d", oldWidth, newWidth, o1-o0, n1-n0)
		case oldWidth < thinnest || newWidth < thinnest:
			t.Fatalf("bars of %d and %d pixels cannot be seen", oldWidth, newWidth)
		}
	})
}

func BenchmarkDigest(b *testing.B) {
	d := large(b, 10, 50, names("orders"))
	r := NewRenderer()
	b.ReportAllocs()
	for b.Loop() {
		m, err := r.Digest(d, 1)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(m.HTML)+len(m.Text)), "bytes/mail")
	}
}
