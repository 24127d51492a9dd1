package main

import (
	"testing"
	"time"

	"github.com/segue-project/segue/api"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                             "a moment",
		999 * time.Millisecond:        "a moment",
		time.Second:                   "1 second",
		59 * time.Second:              "59 seconds",
		time.Minute:                   "1 minute",
		time.Hour - 1:                 "59 minutes",
		time.Hour:                     "1 hour",
		day - 1:                       "23 hours",
		day:                           "1 day",
		2*day - 1:                     "1 day",
		7*day - 1:                     "6 days",
		820 * day:                     "820 days",
		-3 * time.Hour:                "a moment",
		25*time.Hour + 30*time.Minute: "1 day",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestMoment(t *testing.T) {
	for want, at := range map[string]time.Time{
		"2026-11-30 12:00:00 UTC (in 6 days)":   noon.Add(6 * day),
		"2026-11-20 12:00:00 UTC (4 days ago)":  noon.Add(-4 * day),
		"2026-11-24 12:00:00 UTC (in a moment)": noon.In(time.FixedZone("", 3600)),
	} {
		if got := moment(at, noon); got != want {
			t.Errorf("moment(%s) = %q, want %q", at, got, want)
		}
	}
}

func TestDate(t *testing.T) {
	for want, at := range map[string]time.Time{
		"2026-11-25":           noon.Add(day),
		"2026-11-25 11:59 UTC": noon.Add(day - time.Minute),
		"2026-11-23 12:01 UTC": noon.Add(time.Minute - day).In(time.FixedZone("", 3600)),
		"2026-11-23":           noon.Add(-day),
	} {
		if got := date(at, noon); got != want {
			t.Errorf("date(%s) = %q, want %q", at, got, want)
		}
	}
}

func TestStates(t *testing.T) {
	at := func(d time.Duration) *time.Time {
		end := noon.Add(d)
		return &end
	}
	for _, c := range []struct {
		state string
		end   time.Duration // of the current pair
		old   *time.Time    // while a renewal awaits
		want  cell
	}{
		{"valid", 300 * day, nil, cell{"Valid to Sep 2027", plain}},
		{"valid", 59 * day, nil, cell{"Valid to 22 Jan 2027", plain}},
		{"valid", 5 * time.Hour, nil, cell{"Valid for 5 hours", plain}},
		{"acknowledged", 300 * day, nil, cell{"Acknowledged", good}},
		{"expiring", 820 * day, at(7*day - 1), cell{"6 days left", warning}},
		{"expiring", 820 * day, at(time.Hour), cell{"1 hour left", warning}},
		{"expiring", 820 * day, at(-time.Minute), cell{"Lapsed 1 minute ago", bad}}, // while the reply was under way
		{"lapsed", 820 * day, at(-4 * day), cell{"Lapsed 4 days ago", bad}},
		{"lapsed", 820 * day, at(2 * time.Second), cell{"Lapsed in a moment", bad}},
		{"lapsed", -time.Hour, nil, cell{"Lapsed 1 hour ago", bad}}, // nothing renewed it
	} {
		got := userState(api.User{
			State: c.state, AccessCertNotValidAfterTime: noon.Add(c.end), ExpiringCertNotValidAfterTime: c.old,
		}, noon)
		if got != c.want {
			t.Errorf("%s, end %s, old %v: %v, want %v", c.state, c.end, c.old, got, c.want)
		}
	}
}

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain words":            "plain words",
		"two\nlines\r\n\tof it ": "two lines of it",
		"\x1b[31mred\x07":        "\uFFFD[31mred\uFFFD",
		"\u202eback":             "\uFFFDback",
		"größe 6 d":              "größe 6 d",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("oneLine(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"two\nlines\r\n\tof it ":       "two\nlines\n of it ",
		"\x1b]0;title\x07\n\u202eback": "\uFFFD]0;title\uFFFD\n\uFFFDback",
		"  indented, größe 6\u00a0d":   "  indented, größe 6 d",
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}
