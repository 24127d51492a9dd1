package notify

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/segue-project/segue/internal/words"
)

const (
	day = 24 * time.Hour
	// monthsFrom is where a distance is told in months instead of days.
	monthsFrom = 100 * day
	// longestText bounds, in characters, what others wrote and a message repeats.
	longestText = 1000
)

// span is a distance in whole units, rounded down; what is under a minute has no number.
func span(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute"
	}
	return words.Span(d)
}

// ahead is when t comes, seen from now: "in 6 days", "in 23 months".
func ahead(t, now time.Time) string {
	d := t.Sub(now)
	if d < monthsFrom {
		return "in " + span(d)
	}
	months := monthsBetween(now, t)
	if months < 36 {
		return "in " + words.Plural(months, "month")
	}
	return "in " + words.Plural(months/12, "year")
}

// ago is how long t has been over.
func ago(t, now time.Time) string { return span(now.Sub(t)) + " ago" }

// monthsBetween counts whole calendar months.
func monthsBetween(from, to time.Time) int {
	from, to = from.UTC(), to.UTC()
	months := 12*(to.Year()-from.Year()) + int(to.Month()) - int(from.Month())
	if from.AddDate(0, months, 0).After(to) {
		months--
	}
	return months
}

// moment is an exact time for people: in the zone, and in UTC where that differs.
func moment(t time.Time, zone *time.Location) string {
	return stamp("Mon 2 Jan 2006, ", t, zone)
}

// distant is an exact time so far off that its weekday says nothing.
func distant(t time.Time, zone *time.Location) string {
	return stamp("2 Jan 2006, ", t, zone)
}

func stamp(date string, t time.Time, zone *time.Location) string {
	const clock = "15:04"
	local, utc := t.In(zone), t.UTC()
	_, offset := local.Zone()
	switch {
	case offset == 0:
		return utc.Format(date + clock + " UTC")
	case local.YearDay() == utc.YearDay():
		return local.Format(date+clock) + utc.Format(" ("+clock+" UTC)")
	}
	return local.Format(date+clock) + utc.Format(" (2 Jan "+clock+" UTC)")
}

// orUTC is the zone, or UTC where none is known.
func orUTC(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// clean makes one bounded line of what others wrote. Line breaks and other
// control characters become spaces, so that no text can begin a header or a line
// of its own; characters that turn the direction of writing, or show nothing, are
// left out, so that no text can look like another.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) || unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > longestText {
		s = string([]rune(s)[:longestText-1]) + "…"
	}
	return s
}

// sentence ends a clean text with a full stop, as another follows it.
func sentence(s string) string { return words.Stop(clean(s)) }
