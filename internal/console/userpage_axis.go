package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// steps are the units of an axis, the finest first; those of calendars follow in
// months.
var steps = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour,
}

// monthSteps are the units of a longer axis, in months.
var monthSteps = []int{1, 3, 6, 12, 24, 60, 120, 300, 600, 1200}

// spanAxis is the axis of one user's pairs: from a little before from to a little
// after to, with lines at whole units, years where there are that many.
func spanAxis(from, to, now time.Time, zone *time.Location, width float64) axis {
	margin := max(to.Sub(from)/30, time.Second)
	a := axis{From: from.Add(-margin), To: to.Add(margin), Zone: zone, Width: width}
	first, next, label := a.unit()
	for t := first; t.Before(a.To); t = next(t) {
		if t.After(a.From) {
			a.add(t, label(t))
		}
	}
	a.Now = now // only here: "today" stands in a line of its own, above
	return a
}

// most is how many lines an axis has at most, so that labels stand apart.
func (a axis) most() time.Duration { return time.Duration(max(a.width()/(3*labelGap), 2)) }

// unit is the finest unit whose lines fit the axis: its first line, the one after
// a line, and a line's label.
func (a axis) unit() (first time.Time, next func(time.Time) time.Time, label func(time.Time) string) {
	span := a.To.Sub(a.From)
	from := a.From.In(a.Zone)
	for _, step := range steps {
		if span/step > a.most() {
			continue
		}
		midnight := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, a.Zone)
		if step < 24*time.Hour {
			return midnight.Add(from.Sub(midnight) / step * step), func(t time.Time) time.Time { return t.Add(step) }, clockLabel(step)
		}
		days := int(step / (24 * time.Hour))
		if days == 7 { // weeks begin on Mondays
			midnight = midnight.AddDate(0, 0, -(int(midnight.Weekday())+6)%7)
		}
		return midnight, func(t time.Time) time.Time { return t.AddDate(0, 0, days) }, dayLabel
	}
	for _, months := range monthSteps {
		if span/(time.Duration(months)*30*24*time.Hour) > a.most() && months != monthSteps[len(monthSteps)-1] {
			continue
		}
		year, m := from.Year(), from.Month()
		if months >= 12 {
			years := months / 12
			year, m = year/years*years, time.January
		} else {
			m -= (m - 1) % time.Month(months)
		}
		return time.Date(year, m, 1, 0, 0, 0, 0, a.Zone), func(t time.Time) time.Time { return t.AddDate(0, months, 0) }, monthLabel(months)
	}
	panic("unreachable: the longest unit always fits")
}

func clockLabel(step time.Duration) func(time.Time) string {
	return func(t time.Time) string {
		switch {
		case t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0:
			return dayLabel(t)
		case step < time.Minute:
			return t.Format("15:04:05")
		}
		return t.Format("15:04")
	}
}

func dayLabel(t time.Time) string { return t.Format("2 Jan") }

func monthLabel(months int) func(time.Time) string {
	return func(t time.Time) string {
		switch {
		case months >= 12:
			return t.Format("2006")
		case t.Month() == time.January:
			return t.Format("Jan 2006")
		}
		return t.Format("Jan")
	}
}

// A picture has a line for "today", a row for each pair, its label above its bar,
// and a line for the labels of the axis.
const (
	todayHeight = 14
	pairHeight  = 36
	axisHeight  = 22
)

// drawnPair is a generation's row in a picture.
type drawnPair struct {
	bar
	Words, Fact    string // label: "Generation 3, new", "works until 28 Nov 2028"
	LabelX, Anchor string
	LabelY         int
	Renewed        *drawnRenewal
}

// drawnRenewal is the dot between a pair and the one it replaced.
type drawnRenewal struct {
	X            string
	Y            int
	Acknowledged bool
	Words        string // empty where there is no room beside the dot
}

// pairPicture is several generations on one axis, the oldest above.
type pairPicture struct {
	Axis   axis
	Pairs  []drawnPair
	Tint   *bar // the overlap
	Label  string
	Height int
}

// letter is the mean width of a letter of a label, in pixels.
const letter = 6.0

// pictureOf draws generations, with the renewals between them where withRenewals
// says so.
func (u userView) pictureOf(shown []app.GenerationView, width float64, withRenewals bool) pairPicture {
	p := pairPicture{Height: todayHeight + pairHeight*len(shown) + axisHeight}
	if len(shown) == 0 {
		return p
	}
	from, to := shown[0].NotBefore, shown[0].NotAfter
	for _, g := range shown {
		from, to = earlier(from, g.CreatedAt), later(to, g.NotAfter)
	}
	p.Axis = spanAxis(earlier(from, u.Now), later(to, u.Now), u.Now, u.Zone, width)
	var said []string
	for i, g := range shown {
		d := u.drawPair(p.Axis, g, todayHeight+22+pairHeight*i)
		said = append(said, d.Words+" "+d.Fact)
		if r, ok := u.renewal(g.Generation); ok && withRenewals && i > 0 {
			d.Renewed = u.drawRenewal(p.Axis, r.CreatedAt, u.renewalWords(r), d.Y-pairHeight/2+barHeight/2, !r.AcknowledgedAt.IsZero())
			said = append(said, u.renewalWords(r))
		}
		p.Pairs = append(p.Pairs, d)
	}
	p.Label = strings.Join(said, "; ")
	p.Tint = u.tint(p.Axis, p.Height-todayHeight-axisHeight)
	return p
}

func (u userView) drawPair(a axis, g app.GenerationView, y int) drawnPair {
	d := drawnPair{Words: u.generationWords(g), Fact: u.endWords(g), LabelY: y - 6, Anchor: "start"}
	class := "new"
	if !g.Current {
		class = "old"
	}
	ended := u.Now.After(g.NotAfter) || !g.RevokedAt.IsZero()
	end := g.NotAfter
	if !g.RevokedAt.IsZero() {
		end = earlier(end, g.RevokedAt)
	}
	hatched := ended || (!g.Current && u.History.State == lifecycle.Acknowledged)
	d.bar = a.bar(g.CreatedAt, end, y, class, hatched && !g.Current)
	x, length := a.pixel(g.CreatedAt), float64(len(d.Words)+len(d.Fact)+2)*letter
	if g.Generation > 1 { // beside the dot of its renewal, and beside the overlap
		x += 12
	}
	if g.Current && live(g, a.Now) {
		x = max(x, min(a.pixel(a.Now)+8, a.width()-length))
	}
	if x+length > a.width() { // no room to the right: the label ends where the bar does
		x, d.Anchor = max(a.pixel(end), length), "end"
	}
	d.LabelX = percent(x / a.width())
	return d
}

func (u userView) drawRenewal(a axis, at time.Time, words string, y int, done bool) *drawnRenewal {
	r := &drawnRenewal{X: a.x(at), Y: y, Acknowledged: done, Words: words}
	if float64(len(words))*letter+12 > a.pixel(at) {
		r.Words = ""
	}
	return r
}

// tint is the time in which the current pair and the one before both work.
func (u userView) tint(a axis, height int) *bar {
	old, ok := u.old()
	if !ok {
		return nil
	}
	x, end := a.pixel(u.current().CreatedAt), a.pixel(old.NotAfter)
	if end <= x {
		return nil
	}
	return &bar{X: percent(x / a.width()), Width: percent((end - x) / a.width()), Y: height}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// short is the first and last digits of a serial: "7DAB0DCB…9C39".
func short(serial string) string {
	if len(serial) <= 16 {
		return strings.ToUpper(serial)
	}
	return strings.ToUpper(serial[:8] + "…" + serial[len(serial)-4:])
}

// fingerprint is a digest in hexadecimal, in two lines of sixteen octets.
func fingerprint(sum [32]byte) string {
	octets := make([]string, len(sum))
	for i, b := range sum {
		octets[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(octets[:16], ":") + "\n" + strings.Join(octets[16:], ":")
}

// The places of what the enlarged overlap shows, in pixels from its top.
const (
	overlapOldY   = 24
	overlapNewY   = 40
	messagesY     = 68
	sightsY       = 92
	overlapHeight = 132
)

// overlapPicture is the time in which two pairs work, with what was sent in it and
// who saw a key.
type overlapPicture struct {
	Axis             axis
	Tint             bar
	Bars             []bar
	Edges            []tick // its first and last day, where there is room
	Messages, Sights []mark
	Told             int  // messages that left in it
	Today            bool // today lies on the axis
	Label            string
}

// mark is a moment on an axis.
type mark struct {
	X, Title       string
	Planned        bool // it is still to come
	Words          string
	WordsX, Anchor string
}

// drawOverlap draws the overlap of the current pair and the one before; nil where
// there is none. seen are the sights of keys.
func (p userPageView) drawOverlap(seen []app.AuditEntry) *overlapPicture {
	old, ok := p.old()
	current := p.current()
	if !ok || !current.CreatedAt.Before(old.NotAfter) {
		return nil
	}
	from, to := current.CreatedAt, old.NotAfter
	room := to.Sub(from) / 11 // for the names of the rows, and for a lapse to be seen
	o := &overlapPicture{Axis: spanAxis(from.Add(-room), to.Add(room/2), p.Now, p.Zone, pageWidth)}
	a := o.Axis
	o.Today = !p.Now.Before(a.From) && !p.Now.After(a.To)
	o.Tint = bar{X: a.x(from), Width: percent((a.pixel(to) - a.pixel(from)) / a.width())}
	done := p.History.State == lifecycle.Acknowledged
	o.Bars = []bar{
		a.bar(old.CreatedAt, to, overlapOldY, "old", done || p.Now.After(to)),
		a.bar(from, current.NotAfter, overlapNewY, "new", false),
	}
	o.edges(from, to)
	for _, s := range p.Sent {
		if s.left() && inSpan(s.At, from, to) {
			o.Told++
			o.Messages = append(o.Messages, mark{X: a.x(s.At), Title: s.What + ", " + s.At.In(p.Zone).Format("2 Jan 2006 15:04") + ", to " + plural(len(s.To), "recipient")})
		}
	}
	for _, t := range p.Upcoming {
		o.Messages = append(o.Messages, mark{X: a.x(t), Planned: true, Title: "Reminder to come, " + t.In(p.Zone).Format("2 Jan 2006 15:04")})
	}
	o.sights(seen, from, to, p.Now, p.Zone)
	o.Label = fmt.Sprintf("The overlap from %s to %s, with %s and %s of a key", day(from, p.Zone), day(to, p.Zone), plural(o.Told, "message"), plural(len(o.Sights), "sight"))
	return o
}

func inSpan(t, from, to time.Time) bool { return !t.Before(from) && !t.After(to) }

// edges names the first and the last day, apart from "today" and one another.
func (o *overlapPicture) edges(from, to time.Time) {
	a := o.Axis
	for _, t := range []time.Time{from, to} {
		if o.Today && abs(a.pixel(t)-a.pixel(a.Now)) < labelGap {
			continue
		}
		if len(o.Edges) > 0 && a.pixel(t)-a.pixel(o.Edges[0].At) < labelGap {
			continue
		}
		o.Edges = append(o.Edges, tick{t, dayLabel(t.In(a.Zone))})
	}
}

// sights marks who saw a key; the newest is said beside its mark. seen is in the
// order of the newest first.
func (o *overlapPicture) sights(seen []app.AuditEntry, from, to, now time.Time, zone *time.Location) {
	for _, e := range seen {
		if !inSpan(e.At, from, later(to, now)) || e.At.After(o.Axis.To) {
			continue
		}
		m := mark{X: o.Axis.x(e.At), Title: fmt.Sprintf("Key seen by %s, %s, entry %s", actorWords(e.Actor), e.At.In(zone).Format("2 Jan 2006 15:04"), number(int(e.Seq)))}
		if len(o.Sights) == 0 {
			m.Words = "seen by " + actorWords(e.Actor) + ", " + dayLabel(e.At.In(zone))
			m.WordsX, m.Anchor = "-11", "end"
			if float64(len(m.Words))*letter+2*labelGap > o.Axis.pixel(e.At) {
				m.WordsX, m.Anchor = "11", "start"
			}
		}
		o.Sights = append(o.Sights, m)
	}
}
