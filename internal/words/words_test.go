package words

import (
	"testing"
	"time"
)

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 18203: "18,203", 1234567: "1,234,567", -123: "-123", -1234: "-1,234", -123456: "-123,456",
	} {
		if got := Number(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for want, got := range map[string]string{
		"1 user": Plural(1, "user"), "0 users": Plural(0, "user"), "12,400 users": Plural(12400, "user"), "1 day": Plural(1, "day"),
		"2 days": Plural(2, "day"), "2 policies": Plural(2, "policy"), "3 accesses": Plural(3, "access"), "2 ys": Plural(2, "y"),
		"1 renewal awaits": Count(1, "renewal awaits", "renewals await"), "1,000 renewals await": Count(1000, "renewal awaits", "renewals await"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "0 seconds", 0: "0 seconds", time.Second: "1 second", time.Minute - 1: "59 seconds", time.Minute: "1 minute",
		time.Hour - 1: "59 minutes", time.Hour: "1 hour", day - 1: "23 hours", day: "1 day", 2*day - 1: "1 day", 820 * day: "820 days", 1200 * day: "1,200 days",
	} {
		if got := Span(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestSentences(t *testing.T) {
	for want, got := range map[string]string{
		"": List(nil), "a": List([]string{"a"}), "a and b": List([]string{"a", "b"}), "a, b and c": List([]string{"a", "b", "c"}),
		"Éa": Capital("éa"), "1 a": Capital("1 a"), "a.": Stop("a"), "b.": Stop("b."), "c?": Stop("c?"), "d…": Stop("d…"), "ä.": Stop("ä"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if Capital("") != "" || Stop("") != "" {
		t.Error("nothing becomes something")
	}
}
