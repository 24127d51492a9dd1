package console

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// soon is how long before an end a colour changes.
const soon = 7 * 24 * time.Hour

// tone is the colour that goes with words.
type tone string

const (
	good  tone = "ok"
	warn  tone = "warn"
	bad   tone = "bad"
	quiet tone = "quiet"
)

// said is a state in words, and its colour.
type said struct {
	Words string
	Tone  tone
}

// stateOf says how a user's pairs stand; end is the old pair's end while a renewal
// awaits acknowledgement, else the current pair's.
func stateOf(state lifecycle.State, end, now time.Time, zone *time.Location) said {
	switch {
	case state == lifecycle.Lapsed:
		return said{"Lapsed " + ago(end, now), bad}
	case state == lifecycle.Expiring && end.Sub(now) < soon:
		return said{left(end, now), bad}
	case state == lifecycle.Expiring:
		return said{"Expiring in " + span(end.Sub(now)), warn}
	case state == lifecycle.Acknowledged:
		return said{"Acknowledged", quiet}
	case now.After(end):
		return said{"Ended " + ago(end, now), bad}
	case end.Sub(now) < soon:
		return said{left(end, now), bad}
	}
	return said{"Valid to " + end.In(zone).Format("Jan 2006"), good}
}

// rowState is stateOf of a row of a list.
func rowState(u app.UserRow, now time.Time, zone *time.Location) said {
	end := u.Current.NotAfter
	if u.Old != nil && (u.State == lifecycle.Lapsed || u.State == lifecycle.Expiring) {
		end = u.Old.NotAfter
	}
	return stateOf(u.State, end, now, zone)
}

// span is a duration in the unit that people would use, rounded down.
func span(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return plural(int(d/(24*time.Hour)), "day")
	case d >= time.Hour:
		return plural(int(d/time.Hour), "hour")
	case d >= time.Minute:
		return plural(int(d/time.Minute), "minute")
	}
	return plural(int(max(d, 0)/time.Second), "second")
}

func left(end, now time.Time) string { return span(end.Sub(now)) + " left" }
func ago(t, now time.Time) string    { return span(now.Sub(t)) + " ago" }

// in is when something happens, seen from now: "in 6 days", "4 days ago".
func in(t, now time.Time) string {
	if t.Before(now) {
		return ago(t, now)
	}
	return "in " + span(t.Sub(now))
}

// plural is a number with its word: "1 user", "2 users", "12,400 users".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	switch stem, y := strings.CutSuffix(word, "y"); {
	case strings.HasSuffix(word, "s"):
		return number(n) + " " + word + "es"
	case y && !strings.ContainsAny(stem[len(stem)-1:], "aeiou"):
		return number(n) + " " + stem + "ies"
	}
	return number(n) + " " + word + "s"
}

// number groups thousands: 18,204.
func number(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// unlessZero is a number that says nothing where there is nothing.
func unlessZero(n int) string {
	if n == 0 {
		return ""
	}
	return number(n)
}

// day is a date as people write it: "30 Nov 2026".
func day(t time.Time, zone *time.Location) string { return t.In(zone).Format("2 Jan 2006") }

// moment is a date with its time, without the year where it is this one's.
func moment(t, now time.Time, zone *time.Location) string {
	if t.In(zone).Year() == now.In(zone).Year() {
		return t.In(zone).Format("2 Jan, 15:04")
	}
	return t.In(zone).Format("2 Jan 2006, 15:04")
}

// exact is a moment in UTC and in the project's zone, for who points at it.
func exact(t time.Time, zone *time.Location) string {
	text := t.UTC().Format("2006-01-02 15:04:05") + " UTC"
	if zone == time.UTC {
		return text
	}
	return text + " · " + t.In(zone).Format("2 Jan 2006, 15:04") + " " + zone.String()
}

// sentence begins with a capital and ends with a stop.
func sentence(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[n:]
	if s != "" && !strings.ContainsAny(s[len(s)-1:], ".?!") {
		s += "."
	}
	return s
}

// agree is the verb that goes with a number: "1 certificate is", "3 certificates are".
func agree(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// firstSentence splits a text after its first sentence; the rest keeps the space
// before it.
func firstSentence(text string) (first, rest string) {
	if i := strings.Index(text, ". "); i >= 0 {
		return text[:i+1], text[i+1:]
	}
	return text, ""
}
