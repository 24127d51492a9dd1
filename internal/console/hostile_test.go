package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
)

// hostile is text that would do something wherever it were taken for markup, script
// or an attribute.
const hostile = `'"><img src=x onerror=alert(1)></textarea></title><script>alert(2)</script>`

// TestHostileText: what people write stays text on every page that shows it.
func TestHostileText(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.get(writer+"/snooze").submit(writer+"/snooze", "until", "2026-11-28", "reason", hostile).redirects("")
	link := r.invite("mallory@example.com", app.RoleOperator)
	r.nobody().get(link).submit(link, "real_name", hostile, "password", password).redirects(demo)
	mallory := r.nobody()
	req := httptest.NewRequest(http.MethodPost, "/signin", strings.NewReader(values([]string{"email", "mallory@example.com", "password", password}).Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	mallory.agent = hostile
	mallory.send(req).redirects("/")
	r.deliver()

	for page, shown := range map[string]string{
		writer + "/snooze": hostile, users: "", writer: "", demo + "/members": hostile, demo + "/activity": "", demo + "/renewals": "",
	} {
		got := c.get(page).ok()
		harmless(t, page, got)
		if shown != "" && !strings.Contains(got.text()+got.fields(), shown) {
			t.Errorf("%s does not show what was written", page)
		}
	}
	harmless(t, "/account", mallory.get("/account").ok())

	// What is typed comes back as it was typed, in every field that keeps it.
	query := "?" + values([]string{
		"search", hostile, "state", hostile, "sort", hostile, "after", hostile, "service", hostile, "user", hostile, "actor", hostile,
		"action", hostile, "day", hostile, "from", hostile, "before", hostile, "back", hostile, "generation", hostile, "next", hostile,
	}).Encode()
	form := values([]string{
		"name", hostile, "username", hostile, "email", hostile, "role", hostile, "url", hostile, "kind", hostile, "contacts", hostile,
		"validity", hostile, "within", hostile, "every", hostile, "time_zone", hostile, "reason", hostile, "until", hostile, "back", hostile,
		"project", hostile, "bootstrap", hostile, "generation", hostile, "renewal", hostile, "next", hostile, "action", hostile,
		"kept_name", hostile, "kept_value", hostile, "real_name", hostile,
	})
	for _, p := range routesOf(t, r) {
		if p.pattern == "POST /signout" {
			continue
		}
		got := c.get(p.path + query)
		if p.method == http.MethodPost {
			got = c.postForm(p.path, form)
		}
		served(t, p, got)
		harmless(t, p.pattern, got)
	}
}

// harmless demands that nothing of a page was made by what people wrote.
func harmless(t *testing.T, what string, got *reply) {
	t.Helper()
	if !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		return
	}
	sealedPage(t, what, got)
	if n := len(got.all("img")); n > 0 {
		t.Errorf("%s: %d pictures, which no page has", what, n)
	}
	for _, s := range got.all("script") {
		if !strings.HasPrefix(attr(s, "src"), "/assets/") {
			t.Errorf("%s: a script from %q", what, attr(s, "src"))
		}
	}
}
