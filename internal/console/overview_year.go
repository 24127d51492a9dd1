package console

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// year is the twelve months from today, with what ends and what is renewed.
type year struct {
	From, To time.Time
	Zone     *time.Location
	Months   []monthCount
	First    time.Time // the first day with a renewal; zero for none
	Busiest  string    // a sentence about a day that stands out; empty for none
}

type monthCount struct {
	From           time.Time
	Label, Short   string
	Ends, Renewals int
}

// monthsShown is how many months a year of bars has.
const monthsShown = 12

// emptyYear begins today, with what is left of the month, and ends with a month.
func emptyYear(now time.Time, zone *time.Location) year {
	y := year{From: startOfDay(now, zone), Zone: zone}
	first := month(y.From)
	for i := range monthsShown {
		m := monthCount{From: first.AddDate(0, i, 0)}
		m.Label, m.Short = m.From.Format("Jan"), m.From.Format("Jan")
		switch {
		case i == 0 && y.From.Day() > 1:
			m.Label = rest(y.From)
		case m.From.Month() == time.January:
			m.Label = m.From.Format("Jan 2006")
		}
		y.Months = append(y.Months, m)
	}
	y.To = first.AddDate(0, monthsShown, 0)
	return y
}

// rest is what is left of a month, from a day: "24–30 Nov".
func rest(from time.Time) string {
	last := month(from).AddDate(0, 1, -1)
	if last.Day() == from.Day() {
		return from.Format("2 Jan")
	}
	return from.Format("2") + "–" + last.Format("2 Jan")
}

func (y *year) fill(days []app.DayCount) {
	for _, d := range days {
		at := d.Day.In(y.Zone)
		for i := range y.Months {
			if m := &y.Months[i]; m.From.Year() == at.Year() && m.From.Month() == at.Month() {
				m.Ends += d.Ends
				m.Renewals += d.Renewals
			}
		}
		if d.Renewals > 0 && (y.First.IsZero() || d.Day.Before(y.First)) {
			y.First = d.Day
		}
	}
	y.Busiest = busiest(days, y.Zone)
}

// A day stands out when it has at least so much, and so many times what is usual.
const (
	busyAtLeast = 5
	busyTimes   = 3
)

// busiest is a sentence about the day with the most ends or renewals, where it
// stands out among the days that have any.
func busiest(days []app.DayCount, zone *time.Location) string {
	end, ends := outstanding(days, func(d app.DayCount) int { return d.Ends })
	due, renewals := outstanding(days, func(d app.DayCount) int { return d.Renewals })
	switch {
	case ends == 0 && renewals == 0:
		return ""
	case ends >= renewals:
		return fmt.Sprintf("%s: %s end on one day.", day(end, zone), plural(ends, "pair"))
	}
	return fmt.Sprintf("%s: %s are due on one day.", day(due, zone), plural(renewals, "renewal"))
}

func outstanding(days []app.DayCount, of func(app.DayCount) int) (at time.Time, most int) {
	var with []app.DayCount
	for _, d := range days {
		if of(d) > 0 {
			with = append(with, d)
		}
	}
	if len(with) == 0 {
		return time.Time{}, 0
	}
	slices.SortStableFunc(with, func(x, y app.DayCount) int { return cmp.Compare(of(x), of(y)) })
	top := with[len(with)-1]
	usual := of(with[(len(with)-1)/2])
	if of(top) < busyAtLeast || (len(with) > 1 && of(top) < busyTimes*usual) {
		return time.Time{}, 0
	}
	return top.Day, of(top)
}

// The chart of a year, in pixels of height; widths are shares of its own.
const (
	chartTop    = 10
	chartHeight = 126
	chartBottom = chartTop + chartHeight
)

// gridLine is a round number on the chart's scale.
type gridLine struct {
	Words string
	Y     float64
}

func (l gridLine) y() string    { return fmt.Sprintf("%.1f", l.Y) }
func (l gridLine) text() string { return fmt.Sprintf("%.1f", l.Y+4) }

// scale is the chart's round steps, from 0 to no less than the largest month.
func (y year) scale() (lines []gridLine, top int) {
	most := 1
	for _, m := range y.Months {
		most = max(most, m.Ends, m.Renewals)
	}
	step := roundStep(most)
	top = (most + step - 1) / step * step
	for n := 0; n <= top; n += step {
		lines = append(lines, gridLine{number(n), chartBottom - float64(n)/float64(top)*chartHeight})
	}
	return lines, top
}

// roundStep is the least of 1, 2, 5, 10, 20, 50, … that needs at most four steps.
func roundStep(most int) int {
	for unit := 1; ; unit *= 10 {
		for _, n := range []int{1, 2, 5} {
			if most <= 4*n*unit {
				return n * unit
			}
		}
	}
}

// column is one bar of the chart.
type column struct{ X, Width, Y, Height, Class string }

// The places of the two bars within a month's share of the width.
const (
	endsFrom     = .255
	renewalsFrom = .46
	columnShare  = .285
	least        = 2 // the least height of a bar, in pixels
)

// columns are the chart's bars, renewals in front of ends.
func (y year) columns() []column {
	_, top := y.scale()
	var drawn []column
	add := func(i int, from float64, n int, class string) {
		if n == 0 {
			return
		}
		height := max(float64(n)/float64(top)*chartHeight, least)
		drawn = append(drawn, column{
			X: percent((float64(i) + from) / monthsShown), Width: percent(columnShare / monthsShown),
			Y: fmt.Sprintf("%.1f", chartBottom-height), Height: fmt.Sprintf("%.1f", height), Class: class,
		})
	}
	for i, m := range y.Months {
		add(i, endsFrom, m.Ends, "old")
		add(i, renewalsFrom, m.Renewals, "new edge")
	}
	return drawn
}

// middle is the middle of a month's share of the width.
func middle(i int) string { return percent((float64(i) + .5) / monthsShown) }

func (y year) label() string {
	return fmt.Sprintf("Ends and renewals by month, %s to %s; the table below has the numbers",
		y.From.Format("January 2006"), y.To.AddDate(0, 0, -1).Format("January 2006"))
}
