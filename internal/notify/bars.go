package notify

import (
	"slices"
	"time"
)

// barsWidth is how wide the picture of an item is, in pixels.
const barsWidth = 116

// thinnest is how narrow a pair's bar can get, in pixels.
const thinnest = 2

// axis is the stretch of time that all bars of a mail share: from the month that
// began 120 days ago to the month 95 days ahead, whole.
type axis struct {
	from, to, now time.Time
}

func newAxis(now time.Time, zone *time.Location) axis {
	first, last := now.In(zone).AddDate(0, 0, -120), now.In(zone).AddDate(0, 0, 95)
	return axis{
		from: time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, zone),
		to:   time.Date(last.Year(), last.Month()+1, 1, 0, 0, 0, 0, zone),
		now:  now,
	}
}

// months names the first and the last month.
func (a axis) months() (first, last string) {
	const month = "January 2006"
	return a.from.Format(month), a.to.AddDate(0, -1, 0).Format(month)
}

// at is the pixel of a moment, within the axis.
func (a axis) at(t time.Time) int {
	x := int(int64(barsWidth) * int64(t.Sub(a.from)/time.Second) / int64(a.to.Sub(a.from)/time.Second))
	return min(max(x, 0), barsWidth)
}

// bar is the pixels from start to end, the end not included.
func (a axis) bar(start, end time.Time) (from, to int) {
	from, to = a.at(start), a.at(end)
	if to-from < thinnest {
		to = min(from+thinnest, barsWidth)
		from = to - thinnest
	}
	return from, to
}

// bars is the picture of one renewal as one table: a row for the old pair, one
// between, one for the new pair, cut into columns where anything begins or ends.
type bars struct {
	Columns []column
	// Before and After are how many columns lie beside the line at today.
	Before, After int
}

// column is a stretch of the picture.
type column struct {
	Width    int
	Today    bool // the line, across all rows
	Old, New bool // covered by that pair
}

// draw lays out the bars of an item; a new pair that ends at no time is not made yet.
func (a axis) draw(oldFrom, oldTo, newFrom, newTo time.Time) bars {
	o0, o1 := a.bar(oldFrom, oldTo)
	n0, n1 := 0, 0
	if !newTo.IsZero() {
		n0, n1 = a.bar(newFrom, newTo)
	}
	today := min(a.at(a.now), barsWidth-1)
	cuts := []int{0, o0, o1, n0, n1, today, today + 1, barsWidth}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var b bars
	for i, x := range cuts[:len(cuts)-1] {
		c := column{Width: cuts[i+1] - x, Today: x == today, Old: o0 <= x && x < o1, New: n0 <= x && x < n1}
		b.Columns = append(b.Columns, c)
		switch {
		case x < today:
			b.Before++
		case x > today:
			b.After++
		}
	}
	return b
}
