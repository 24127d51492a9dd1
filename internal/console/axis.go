package console

import (
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// nominal is the width of a list's column, in pixels, for which labels and
// shortest bars are chosen; what is drawn stretches with its column.
const nominal = 260

// labelGap is the least distance between labels, in pixels.
const labelGap = 46

// barHeight is also the shortest bar.
const barHeight = 8

// axis is the time that the bars of one page share.
type axis struct {
	From, To, Now time.Time
	Zone          *time.Location
	Ticks         []tick
	Width         float64 // as nominal; 0: nominal
}

// tick is a line of the axis, with a label where there is room.
type tick struct {
	At    time.Time
	Label string
}

// listAxis is the axis of a list of users: quarters, a year to each side.
func listAxis(now time.Time, zone *time.Location) axis {
	a := axis{Now: now, Zone: zone}
	a.From = quarter(now.In(zone).AddDate(-1, 0, 0))
	a.To = quarter(now.In(zone).AddDate(1, 0, 0)).AddDate(0, 3, 0)
	for t := a.From.AddDate(0, 3, 0); t.Before(a.To); t = t.AddDate(0, 3, 0) {
		label := ""
		switch t.Month() {
		case time.January:
			label = t.Format("Jan 2006")
		case time.July:
			label = "Jul"
		}
		a.add(t, label)
	}
	return a
}

func quarter(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month()-(t.Month()-1)%3, 1, 0, 0, 0, 0, t.Location())
}

// workAxis is the axis of a work list: months, from 120 days ago to 95 days ahead.
func workAxis(now time.Time, zone *time.Location) axis {
	a := axis{Now: now, Zone: zone}
	a.From = month(now.In(zone).AddDate(0, 0, -120))
	a.To = month(now.In(zone).AddDate(0, 0, 95)).AddDate(0, 1, 0)
	for t := a.From.AddDate(0, 1, 0); t.Before(a.To); t = t.AddDate(0, 1, 0) {
		label := t.Format("Jan")
		if t.Month() == time.January {
			label = t.Format("Jan 2006")
		}
		a.add(t, label)
	}
	return a
}

func month(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())
}

// add adds a line, without its label where that would touch another or "today".
func (a *axis) add(t time.Time, label string) {
	if label != "" {
		x := a.pixel(t)
		if x < labelGap/2 || x > a.width()-labelGap/2 || abs(x-a.pixel(a.Now)) < labelGap {
			label = ""
		}
		for _, other := range a.Ticks {
			if other.Label != "" && x-a.pixel(other.At) < labelGap {
				label = ""
			}
		}
	}
	a.Ticks = append(a.Ticks, tick{t, label})
}

// within is the axis for a column of another width than nominal: labels that would
// touch there are left out.
func (a axis) within(width float64) axis {
	kept := axis{From: a.From, To: a.To, Now: a.Now, Zone: a.Zone}
	scale, last := width/nominal, -labelGap*1.0
	for _, t := range a.Ticks {
		x := a.pixel(t.At) * scale
		if t.Label != "" && (x-last < labelGap || abs(x-a.pixel(a.Now)*scale) < labelGap) {
			t.Label = ""
		}
		if t.Label != "" {
			last = x
		}
		kept.Ticks = append(kept.Ticks, t)
	}
	return kept
}

func abs(x float64) float64 { return max(x, -x) }

func (a axis) width() float64 {
	if a.Width == 0 {
		return nominal
	}
	return a.Width
}

func (a axis) pixel(t time.Time) float64 {
	return a.width() * float64(t.Sub(a.From)) / float64(a.To.Sub(a.From))
}

// x is a moment's place, as SVG takes it.
func (a axis) x(t time.Time) string { return percent(a.pixel(t) / a.width()) }

func percent(share float64) string { return fmt.Sprintf("%.2f%%", 100*share) }

// bar is a pair's time on the axis.
type bar struct {
	X, Width          string
	Y                 int
	Class             string // old or new
	Hatched           bool   // ended, or acknowledged
	CutLeft, CutRight bool   // goes on past the edge
}

// bar draws what of a pair's time lies on the axis.
func (a axis) bar(from, to time.Time, y int, class string, hatched bool) bar {
	b := bar{Y: y, Class: class, Hatched: hatched, CutLeft: from.Before(a.From), CutRight: to.After(a.To)}
	left, right := max(a.pixel(from), 0), min(a.pixel(to), a.width())
	if right-left < barHeight {
		if left = right - barHeight; left < 0 {
			left, right = 0, barHeight
		}
	}
	b.X, b.Width = percent(left/a.width()), percent((right-left)/a.width())
	return b
}

// timeline is a user's old and new pair on an axis.
type timeline struct {
	Axis   axis
	Bars   []bar
	Label  string // the same in words
	Lapsed string // where the cross of a lapse stands; empty for none
}

// The places of the bars in a row.
const (
	rowHeight = 26
	yOld      = 3
	yNew      = 14
	yAlone    = 9
)

func timelineOf(a axis, u app.UserRow) timeline {
	return drawn(a, u.Old, u.Current.NotBefore, u.Current.NotAfter, u.State)
}

// drawn is the timeline of an old pair, where there is one, and the new one.
func drawn(a axis, old *app.PairSpan, from, to time.Time, state lifecycle.State) timeline {
	t := timeline{Axis: a}
	if old == nil {
		t.Bars = []bar{a.bar(from, to, yAlone, "new", a.Now.After(to))}
		t.Label = fmt.Sprintf("pair ends %s", day(to, a.Zone))
		return t
	}
	ended := a.Now.After(old.NotAfter)
	t.Bars = []bar{
		a.bar(old.NotBefore, old.NotAfter, yOld, "old", ended || state == lifecycle.Acknowledged),
		a.bar(from, to, yNew, "new", false),
	}
	verb := "ends"
	if ended {
		verb = "ended"
	}
	t.Label = fmt.Sprintf("old pair %s %s, new pair ends %s", verb, day(old.NotAfter, a.Zone), day(to, a.Zone))
	if state == lifecycle.Lapsed {
		t.Lapsed = a.x(old.NotAfter)
	}
	return t
}
