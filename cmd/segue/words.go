package main

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/words"
)

const day = 24 * time.Hour

// span is a duration, and a moment where it is less than a second.
func span(d time.Duration) string {
	if d < time.Second {
		return "a moment"
	}
	return words.Span(d)
}

// relative is how far t is from now: "in 6 days", "4 days ago".
func relative(t, now time.Time) string {
	if t.Before(now) {
		return span(now.Sub(t)) + " ago"
	}
	return "in " + span(t.Sub(now))
}

// moment is a time for people, absolute and relative.
func moment(t, now time.Time) string {
	return t.UTC().Format("2006-01-02 15:04:05 UTC") + " (" + relative(t, now) + ")"
}

// date is a time for a table that says beside it how far that is: the day, and
// the minute too where it is less than a day away.
func date(t, now time.Time) string {
	if left := t.Sub(now); left > -day && left < day {
		return t.UTC().Format("2006-01-02 15:04 UTC")
	}
	return t.UTC().Format("2006-01-02")
}

// validTo says how long a pair that needs nobody's attention still goes.
func validTo(end, now time.Time) string {
	switch left := end.Sub(now); {
	case left >= 60*day:
		return "Valid to " + end.UTC().Format("Jan 2006")
	case left >= day:
		return "Valid to " + end.UTC().Format("2 Jan 2006")
	default:
		return "Valid for " + span(left)
	}
}

// userState says how a user's pairs stand. The old pair's end counts while its
// renewal awaits acknowledgement; else the current pair's.
func userState(u api.User, now time.Time) cell {
	end := u.AccessCertNotValidAfterTime
	if u.ExpiringCertNotValidAfterTime != nil {
		end = *u.ExpiringCertNotValidAfterTime
	}
	return stateWords(u.State, end, now)
}

func stateWords(state string, end, now time.Time) cell {
	switch {
	case state == "expiring" && end.After(now):
		return cell{span(end.Sub(now)) + " left", warning}
	case state == "expiring", state == "lapsed":
		return cell{"Lapsed " + relative(minTime(end, now), now), bad}
	case state == "acknowledged":
		return cell{"Acknowledged", good}
	}
	return cell{validTo(end, now), plain}
}

// minTime keeps a server's clock that is a little ahead from making a lapse a
// thing of the future.
func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// printable makes text of several lines from elsewhere fit for a terminal: no
// control character gets through.
func printable(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.Map(printed, strings.TrimRight(line, "\r"))
	}
	return strings.Join(lines, "\n")
}

func printed(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case !unicode.IsPrint(r):
		return unicode.ReplacementChar
	}
	return r
}

// oneLine makes text from elsewhere fit for a terminal: no control character
// gets through, and lines are joined.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(printed, s)), " ")
}

// sentence begins with a capital letter.
func sentence(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
