package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestProxies: a client's address is taken from a trusted proxy alone, and no client
// can choose its own.
func TestProxies(t *testing.T) {
	trusted, err := parseProxies("127.0.0.1, 10.0.0.0/8,fd00::/8")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sender string
		hops   []string
		want   string
	}{
		"no proxy":                       {"203.0.113.9:4000", []string{"198.51.100.1"}, "203.0.113.9:4000"},
		"a proxy":                        {"127.0.0.1:4000", []string{"203.0.113.9"}, "203.0.113.9:0"},
		"a client that says who it is":   {"127.0.0.1:4000", []string{"198.51.100.1, 203.0.113.9"}, "203.0.113.9:0"},
		"two proxies":                    {"127.0.0.1:4000", []string{"198.51.100.1, 203.0.113.9, 10.1.2.3"}, "203.0.113.9:0"},
		"two headers":                    {"10.1.2.3:4000", []string{"198.51.100.1", "203.0.113.9"}, "203.0.113.9:0"},
		"an IPv6 client":                 {"[fd00::1]:4000", []string{"2001:db8::7"}, "[2001:db8::7]:0"},
		"a proxy that says nothing":      {"127.0.0.1:4000", nil, "127.0.0.1:4000"},
		"a proxy that says nonsense":     {"127.0.0.1:4000", []string{"203.0.113.9, unknown"}, "127.0.0.1:4000"},
		"nobody but proxies on the way":  {"127.0.0.1:4000", []string{"10.1.2.3"}, "127.0.0.1:4000"},
		"an IPv4 address in IPv6's form": {"127.0.0.1:4000", []string{"::ffff:203.0.113.9"}, "203.0.113.9:0"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.sender
		for _, hop := range c.hops {
			r.Header.Add("X-Forwarded-For", hop)
		}
		got := ""
		trusted.behind(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr })).ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for _, wrong := range []string{"proxy.example", "10.0.0.0/99", "127.0.0.1;10.0.0.1"} {
		if _, err := parseProxies(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}
