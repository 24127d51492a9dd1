// Package words puts numbers and spans of time into English, in one way for
// terminals, mails and pages. What only one of them says stays there.
package words

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const day = 24 * time.Hour

// Number writes n with a comma between thousands: "18,204".
func Number[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Count is a number with its word: "1 person", "2 people", "12,400 people".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

// Plural is Count of a word whose plural is regular: "2 users", "2 policies".
func Plural(n int, word string) string { return Count(n, word, plural(word)) }

func plural(word string) string {
	switch stem, y := strings.CutSuffix(word, "y"); {
	case strings.HasSuffix(word, "s"):
		return word + "es"
	case y && stem != "" && !strings.ContainsAny(stem[len(stem)-1:], "aeiou"):
		return stem + "ies"
	}
	return word + "s"
}

// Span is a duration in the largest unit of which it holds one, rounded down:
// "41 days", "23 hours", "1 minute", "0 seconds".
func Span(d time.Duration) string {
	switch {
	case d >= day:
		return Plural(int(d/day), "day")
	case d >= time.Hour:
		return Plural(int(d/time.Hour), "hour")
	case d >= time.Minute:
		return Plural(int(d/time.Minute), "minute")
	}
	return Plural(int(max(d, 0)/time.Second), "second")
}

// List is a list in a sentence: "a", "a and b", "a, b and c".
func List(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}

// Capital writes the first letter large.
func Capital(s string) string {
	if s == "" {
		return ""
	}
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// Stop ends a text with a full stop where nothing else ends it.
func Stop(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}
