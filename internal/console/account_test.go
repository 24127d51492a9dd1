package console

import (
	"net/http"
	"testing"
	"time"
)

// TestAccount lists one's own browsers and signs another of them out.
func TestAccount(t *testing.T) {
	r := newRig(t)
	other := r.operator()
	r.now = r.now.Add(time.Hour)
	c := r.operator()
	page := c.get("/account").ok().shows(operatorEmail, "2 browsers", "Firefox on Linux", "This browser", other.address, c.address)
	form := page.one("form", "class", "revoke")
	c.post(attr(form, "action")).redirects("/account").follow().shows("That browser is signed out.", "1 browser")
	other.get(demo).status(http.StatusUnauthorized)
	c.get(demo).ok()
	c.post(attr(form, "action")).status(http.StatusNotFound)
}

// TestRevokeOthersSession: somebody else's browser is out of reach.
func TestRevokeOthersSession(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	r.now = r.now.Add(time.Hour)
	id := attr(r.operator().get("/account").one("form", "class", "revoke"), "action") // of c
	r.developer().post(id).status(http.StatusNotFound)
	c.get(demo).ok()
}

// TestLook is kept by the browser alone.
func TestLook(t *testing.T) {
	r := newRig(t)
	c := r.reader()
	c.get("/account").ok().submit("/theme", "theme", "dark").redirects("/account")
	if got := attr(c.get("/account").one("html"), "data-theme"); got != "dark" {
		t.Errorf("the theme is %q", got)
	}
	c.get("/account").submit("/theme", "theme", "").redirects("/account")
	if got := attr(c.get("/account").one("html"), "data-theme"); got != "" {
		t.Errorf("as the system: %q", got)
	}
}

func TestBrowserWords(t *testing.T) {
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0":                                                           "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":    "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":            "Chrome on macOS",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                     "Chrome on Android",
		"curl/8.9": "curl", "": "Unknown browser", "<script>": "Unknown browser",
	} {
		if got := browserWords(userAgent); got != want {
			t.Errorf("%q: %s, want %s", userAgent, got, want)
		}
	}
}
