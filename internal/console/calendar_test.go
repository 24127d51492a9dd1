package console

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

const calendar = demo + "/calendar"

// TestCalendar shows each day of a year with what happens, and one day's list.
func TestCalendar(t *testing.T) {
	r := newRig(t)
	page := r.reader().get(calendar).ok()
	days := page.all("a", "data-day", "*")
	if len(days) != 365 {
		t.Fatalf("the year has %d days", len(days))
	}
	page.shows("Nov 2026 to Oct 2027", "Tuesday 24 November 2026", "today · 1 end", "inventory-cdc", "Old pair ends", "not acknowledged")
	for _, want := range []string{"30 Nov 2026: 1 end", "2 Dec 2026: nothing"} {
		if !page.hasLink(want) {
			t.Errorf("no day says %q", want)
		}
	}
	chosen := r.reader().get(page.link("30 Nov 2026: 1 end")).ok()
	chosen.shows("Monday 30 November 2026", "in 6 days · 1 end", "orders-writer", "kafka-orders", "6 days left")
	if day := attr(chosen.one("a", "aria-current", "date"), "data-day"); day != "2026-11-30" {
		t.Errorf("%s is chosen", day)
	}
	r.reader().get(calendar + "?day=2026-11-30&service=kafka-clickstream").ok().shows("Nothing ends and nothing is renewed on this day.")
	r.reader().get(page.link("A year later")).ok().shows("Nov 2027 to Oct 2028")
	for _, bad := range []string{"?from=soon", "?day=2026-13-01", "?from=99999-01", "?day=1000-01-01"} {
		r.reader().get(calendar + bad).status(http.StatusUnprocessableEntity)
	}
	r.reader().get(calendar + "?service=nowhere").status(http.StatusNotFound)
}

// TestCalendarFile holds the next ends, one entry each, also when it is made again.
func TestCalendarFile(t *testing.T) {
	r := newRig(t)
	got := r.reader().get(demo + "/calendar.ics").ok()
	if kind := got.Header.Get("Content-Type"); kind != "text/calendar; charset=utf-8" {
		t.Errorf("it is %s", kind)
	}
	for _, want := range []string{"BEGIN:VCALENDAR\r\n", "SUMMARY:orders-writer of kafka-orders: old pair ends\r\n", "TRIGGER:-P7D"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("it lacks %q:\n%s", want, got.body)
		}
	}
	uids := func(body string) (found []string) {
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, "UID:") {
				found = append(found, line)
			}
		}
		return found
	}
	r.now = r.now.Add(time.Minute)
	again := uids(r.reader().get(demo + "/calendar.ics").ok().body)
	if first := uids(got.body); len(first) < 5 || !slices.Equal(first, again) {
		t.Errorf("entries are named %v, then %v", first, again)
	}
	if n := len(uids(r.reader().get(demo + "/calendar.ics?service=kafka-clickstream").ok().body)); n >= len(again) {
		t.Errorf("kafka-clickstream alone has %d ends of %d", n, len(again))
	}
}

// TestCalendarLayout lays out years that begin on any weekday and with leap days,
// and days where clocks change.
func TestCalendarLayout(t *testing.T) {
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	for from := time.Date(2026, 1, 1, 0, 0, 0, 0, helsinki); from.Year() < 2030; from = from.AddDate(0, 1, 0) {
		c := calendarView{frame: frame{Now: from.Add(12 * time.Hour), Zone: helsinki}, From: from, To: from.AddDate(1, 0, 0)}
		var counts []app.DayCount
		for day := from; day.Before(c.To); day = day.AddDate(0, 0, 1) {
			counts = append(counts, app.DayCount{Day: day, Ends: 1, Renewals: 2})
		}
		c.fill(counts, from)
		ends, weeks := 0, 0
		for _, m := range c.Months {
			ends, weeks = ends+m.Ends, weeks+m.Weeks
		}
		if c.lead() {
			weeks++
		}
		if ends != len(counts) || weeks != len(c.Weekdays[0].Days) {
			t.Errorf("%s: %d of %d days, months over %d of %d weeks", from.Format("Jan 2006"), ends, len(counts), weeks, len(c.Weekdays[0].Days))
		}
		for i, w := range c.Weekdays {
			for _, d := range w.Days {
				if !d.Day.IsZero() && (int(d.Day.Weekday())+6)%7 != i {
					t.Fatalf("%s stands among the days called %s", d.Day, w.Name)
				}
			}
		}
	}
	if got := inDays(time.Date(2026, 3, 30, 0, 0, 0, 0, helsinki), time.Date(2026, 3, 28, 23, 0, 0, 0, helsinki), helsinki); got != "in 2 days" {
		t.Errorf("over the night when clocks change: %s", got)
	}
}

func TestHeat(t *testing.T) {
	for n, want := range map[int]string{0: "0", 1: "1", 2: "2", 4: "2", 5: "3", 9: "3", 10: "4", 12_000: "4"} {
		if got := heat(n); got != want {
			t.Errorf("heat(%d) is %s, want %s", n, got, want)
		}
	}
}
