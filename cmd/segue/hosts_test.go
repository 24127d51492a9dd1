package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/segue-project/segue/api"
)

// TestHosts: by a name that somebody else points at loopback nothing is reached, and
// by every name of this Segue's own all is.
func TestHosts(t *testing.T) {
	own, err := parseHosts("segue.internal, Other.Example.", "https://Segue.example.com:8443")
	if err != nil {
		t.Fatal(err)
	}
	reached := false
	handler := own.only(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	for host, want := range map[string]bool{
		"127.0.0.1:8420": true, "127.0.0.1": true, "127.8.9.10:1": true, "localhost:8420": true, "LOCALHOST": true, "localhost.": true,
		"segue.localhost:8420": true, "[::1]:8420": true, "[::1]": true, "": true,
		"segue.example.com": true, "segue.example.com:8420": true, "SEGUE.internal:80": true, "other.example": true,

		"evil.example:8420": false, "evil.example": false, "127.0.0.1.evil.example": false, "localhost.evil.example:8420": false,
		"notlocalhost": false, "segue.example.com.evil.example": false, "192.0.2.1:8420": false, "[2001:db8::1]:8420": false, "0.0.0.0:8420": false, "x": false,
	} {
		reached = false
		r := httptest.NewRequest("GET", "/v1/me", nil)
		r.Host = host
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if reached != want {
			t.Errorf("%q: reached %v, want %v", host, reached, want)
		}
		if want {
			continue
		}
		var e api.ErrorReply
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != http.StatusMisdirectedRequest || len(e.Errors) != 1 ||
			!strings.Contains(e.Message, "--allowed-hosts") || strings.Contains(w.Body.String(), host) && len(host) > 1 {
			t.Errorf("%q: %d %s", host, w.Code, w.Body)
		}
	}
	for _, wrong := range []string{"https://segue.example.com", "segue.example.com:443", "*", "a b"} {
		if _, err := parseHosts(wrong, ""); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}
