package console

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

func (s *server) calendarRoutes() {
	const calendar = "/projects/{project}"
	s.mux.HandleFunc("GET "+calendar+"/calendar", s.inProject("calendar", (*visit).calendarPage))
	s.mux.HandleFunc("GET "+calendar+"/calendar.ics", s.inProject("calendar", (*visit).calendarFile))
}

// calendarView is a year of ends and renewals.
type calendarView struct {
	frame
	Service  string // the only one shown; empty: all
	Services serviceNames
	Total    int       // users
	From, To time.Time // first moments of months
	Months   []calendarMonth
	Weekdays []calendarWeekday
	Day      calendarDay // the chosen one
	Earlier  time.Time   // the chosen day's neighbours on which something happens; zero for none
	Later    time.Time
	Rows     []app.DateRow // of the chosen day
	NextRows string        // cursor of its next page
	Next     []app.DateRow // ends from now on
	Ends     int           // from now on, within the year
	Busiest  calendarDay
}

// calendarMonth is a month's place over the weeks and its figures.
type calendarMonth struct {
	Label          string
	Weeks          int // how many columns begin in it
	Ends, Renewals int
}

// calendarWeekday is a row of the heat map.
type calendarWeekday struct {
	Name string
	Days []calendarDay // one a week; those outside of the year are zero
}

// calendarDay is a cell of the heat map.
type calendarDay struct {
	app.DayCount
	Today, Chosen bool
}

// Words say what happens on a day: "30 Nov 2026: 1 end, 3 renewals".
func (d calendarDay) Words() string {
	return d.Day.Format("2 Jan 2006") + ": " + endsAndRenewals(d.DayCount)
}

func endsAndRenewals(d app.DayCount) string {
	switch {
	case d.Ends == 0 && d.Renewals == 0:
		return "nothing"
	case d.Renewals == 0:
		return plural(d.Ends, "end")
	case d.Ends == 0:
		return plural(d.Renewals, "renewal")
	}
	return plural(d.Ends, "end") + ", " + plural(d.Renewals, "renewal")
}

// heat is a number's class: 1, 2–4, 5–9, 10 and more.
func heat(n int) string {
	switch {
	case n == 0:
		return "0"
	case n == 1:
		return "1"
	case n < 5:
		return "2"
	case n < 10:
		return "3"
	}
	return "4"
}

func (v *visit) calendarPage() error {
	query, zone := v.r.URL.Query(), v.frame.Zone
	c := calendarView{frame: v.frame, Service: query.Get("service")}
	var err error
	if c.From, err = dateIn("from", "2006-01", query.Get("from"), month(v.now.In(zone)), zone); err != nil {
		return err
	}
	c.To = c.From.AddDate(1, 0, 0)
	counts, err := v.App.CountDates(v.r.Context(), v.actor, v.frame.Project, c.Service, c.From, c.To, zone, v.now)
	if err != nil {
		return err
	}
	chosen, err := dateIn("day", time.DateOnly, query.Get("day"), c.firstDay(counts), zone)
	if err != nil {
		return err
	}
	c.fill(counts, chosen)
	return v.calendarLists(&c, query.Get("after"))
}

// calendarLists adds what is listed beside the heat map.
func (v *visit) calendarLists(c *calendarView, after string) (err error) {
	ctx, project := v.r.Context(), v.frame.Project
	users, err := v.App.CountUsers(ctx, v.actor, project, c.Service, v.now)
	if err != nil {
		return err
	}
	c.Total = users.Total
	if c.Services, err = v.serviceNames(); err != nil {
		return err
	}
	c.Rows, c.NextRows, err = v.App.ListDates(ctx, v.actor, project, c.Service, c.Day.Day, c.Day.Day.AddDate(0, 0, 1), app.Page{After: after, Limit: datesShown}, v.now)
	if err != nil {
		return err
	}
	if from := later(v.now, c.From); from.Before(c.To) {
		if c.Next, err = v.nextEnds(c.Service, from, c.To, nextEndsShown); err != nil {
			return err
		}
	}
	return v.show("Calendar", calendarPage(*c))
}

const (
	datesShown    = 50 // of a day
	nextEndsShown = 5
)

// dateIn reads a date of a query; empty is otherwise.
func dateIn(field, layout, text string, otherwise time.Time, zone *time.Location) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	t, err := time.ParseInLocation(layout, text, zone)
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		return time.Time{}, &app.Error{Code: app.CodeInvalid, Field: field, Message: field + " must be a date such as " + otherwise.Format(layout)}
	}
	return t, nil
}

// firstDay is the day that is chosen where nobody chose one: today, or the next
// on which something happens.
func (c calendarView) firstDay(counts []app.DayCount) time.Time {
	today := startOfDay(c.Now, c.Zone)
	if today.Before(c.From) || !today.Before(c.To) {
		today = c.From
	}
	for _, d := range counts {
		if !d.Day.Before(today) {
			return d.Day
		}
	}
	return today
}

// fill lays the counts of days over weeks and months.
func (c *calendarView) fill(counts []app.DayCount, chosen time.Time) {
	byDay := map[string]app.DayCount{}
	today := startOfDay(c.Now, c.Zone)
	for _, d := range counts {
		byDay[d.Day.In(c.Zone).Format(time.DateOnly)] = d
		if d.Day.Before(chosen) {
			c.Earlier = d.Day
		}
		if d.Day.After(chosen) && c.Later.IsZero() {
			c.Later = d.Day
		}
		if !d.Day.Before(today) {
			c.Ends += d.Ends
			if d.Ends+d.Renewals > c.Busiest.Ends+c.Busiest.Renewals {
				c.Busiest.DayCount = d
			}
		}
	}
	at := func(t time.Time) calendarDay {
		d := calendarDay{DayCount: byDay[t.Format(time.DateOnly)], Today: t.Equal(today), Chosen: t.Equal(chosen)}
		d.Day = t
		return d
	}
	c.Day = at(chosen)
	c.months(at)
}

// months lays out the weeks, which begin on Mondays; a month's label stands over
// the first that begins in it.
func (c *calendarView) months(at func(time.Time) calendarDay) {
	monday := c.From.AddDate(0, 0, -int(c.From.Weekday()+6)%7)
	for i := range 7 {
		c.Weekdays = append(c.Weekdays, calendarWeekday{Name: monday.AddDate(0, 0, i).Format("Mon")})
	}
	c.Months = make([]calendarMonth, 12)
	for i := range c.Months {
		first := c.From.AddDate(0, i, 0)
		c.Months[i].Label = first.Format("Jan")
		if i == 0 || first.Month() == time.January {
			c.Months[i].Label = first.Format("Jan 2006")
		}
	}
	for week := monday; week.Before(c.To); week = week.AddDate(0, 0, 7) {
		if !week.Before(c.From) {
			c.Months[c.monthOf(week)].Weeks++
		}
		for i := range 7 {
			day, cell := week.AddDate(0, 0, i), calendarDay{}
			if !day.Before(c.From) && day.Before(c.To) {
				cell = at(day)
				m := &c.Months[c.monthOf(day)]
				m.Ends, m.Renewals = m.Ends+cell.Ends, m.Renewals+cell.Renewals
			}
			c.Weekdays[i].Days = append(c.Weekdays[i].Days, cell)
		}
	}
}

func (c *calendarView) monthOf(t time.Time) int {
	return 12*(t.Year()-c.From.Year()) + int(t.Month()-c.From.Month())
}

// lead reports whether the first week begins before the year does.
func (c calendarView) lead() bool { return c.Weekdays[0].Days[0].Day.IsZero() }

// nextEnds are the first ends from ≤ t < to, at most n.
func (v *visit) nextEnds(service string, from, to time.Time, n int) ([]app.DateRow, error) {
	var ends []app.DateRow
	for after := ""; ; {
		rows, next, err := v.App.ListDates(v.r.Context(), v.actor, v.frame.Project, service, from, to, app.Page{After: after, Limit: 1000}, v.now)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.What == app.DateEnd && len(ends) < n {
				ends = append(ends, r)
			}
		}
		if after = next; next == "" || len(ends) == n {
			return ends, nil
		}
	}
}

// from is the same calendar of another year.
func (c calendarView) from(t time.Time) string {
	return queried(c.path("calendar"), "from", t.Format("2006-01"), "service", c.Service)
}

// on is the calendar with a day chosen.
func (c calendarView) on(t time.Time) string {
	from := ""
	if !c.From.Equal(month(c.Now.In(c.Zone))) || t.Before(c.From) || !t.Before(c.To) {
		from = c.From.Format("2006-01")
	}
	return queried(c.path("calendar"), "from", from, "day", t.Format(time.DateOnly), "service", c.Service)
}

func (c calendarView) span() string {
	return c.From.Format("Jan 2006") + " to " + c.To.AddDate(0, 0, -1).Format("Jan 2006")
}

// dayLine is what stands beside the chosen day.
func (c calendarView) dayLine() string {
	what := endsAndRenewals(c.Day.DayCount)
	return inDays(c.Day.Day, c.Now, c.Zone) + " · " + what
}

// inDays is when a day is, seen from today: "in 6 days".
func inDays(t, now time.Time, zone *time.Location) string {
	distance := startOfDay(t, zone).Sub(startOfDay(now, zone))
	switch days := int(distance.Round(24*time.Hour) / (24 * time.Hour)); { // some days have 23 or 25 hours
	case days == 0:
		return "today"
	case days == 1:
		return "tomorrow"
	case days < 0:
		return plural(-days, "day") + " ago"
	default:
		return "in " + plural(days, "day")
	}
}

// shortDay is a date with its weekday, without the year where it is this one's.
func shortDay(t, now time.Time, zone *time.Location) string {
	if t.In(zone).Year() == now.In(zone).Year() {
		return t.In(zone).Format("Mon 2 Jan")
	}
	return t.In(zone).Format("Mon 2 Jan 2006")
}

// dateWords say what happens to a user's pair at a date.
func dateWords(r app.DateRow, now time.Time) string {
	verb := "ends"
	if r.At.Before(now) {
		verb = "ended"
	}
	switch overlap := r.State != lifecycle.Valid; {
	case r.What == app.DateRenewal:
		return "Renewal due"
	case overlap && r.At.Equal(r.End):
		return "Old pair " + verb
	case overlap:
		return "New pair " + verb
	}
	return "Pair " + verb
}

// dateThen is what follows from it.
func dateThen(r app.DateRow, f frame) string {
	switch overlap := r.State != lifecycle.Valid; {
	case r.What == app.DateRenewal && !overlap:
		return "old works until " + day(r.End, f.Zone)
	case overlap && r.Acknowledged:
		return "acknowledged"
	case overlap && r.At.Equal(r.End):
		return "not acknowledged"
	}
	return ""
}

// endsInFile is how many ends the calendar file holds.
const endsInFile = 500

// calendarFile is the ends of the next 13 months, for calendar programs.
func (v *visit) calendarFile() error {
	service := v.r.URL.Query().Get("service")
	ends, err := v.nextEnds(service, v.now, v.now.AddDate(0, 13, 0), endsInFile)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := calendarOf(v.frame.Project, ends, v.now).SerializeTo(&b, ics.WithNewLine("\r\n")); err != nil {
		return err
	}
	v.attach("text/calendar; charset=utf-8", v.frame.Project+"-ends.ics")
	v.w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(b.Bytes()) // a client that went away
	return nil
}

// calendarOf writes an entry per end. Its UID is made of whose pair ends when, so
// that the file can be imported again.
func calendarOf(project string, ends []app.DateRow, now time.Time) *ics.Calendar {
	c := ics.NewCalendar()
	c.SetProductId("-//Segue//console//EN")
	c.SetXWRCalName(project + ": ends of access certificates")
	for _, r := range ends {
		e := c.AddEvent("end-" + project + "-" + r.Service + "-" + r.User + "-" + strconv.FormatInt(r.At.Unix(), 10) + "@segue")
		e.SetDtStampTime(now)
		e.SetStartAt(r.At)
		e.SetTimeTransparency(ics.TransparencyTransparent)
		e.SetSummary(r.User + " of " + r.Service + ": " + lowered(dateWords(r, now)))
		e.SetDescription("From then on, clients of " + r.User + " that still use this pair are cut off.")
		alarm := e.AddAlarm()
		alarm.SetAction(ics.ActionDisplay)
		alarm.SetTrigger("-P7D")
		alarm.SetProperty(ics.ComponentPropertyDescription, r.User+": "+lowered(dateWords(r, now))+" in 7 days")
	}
	return c
}

func lowered(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// chosenIn reports whether a date of a list lies on the chosen day.
func (c calendarView) chosenIn(t time.Time) bool {
	return c.Day.Day.Format(time.DateOnly) == t.In(c.Zone).Format(time.DateOnly)
}
