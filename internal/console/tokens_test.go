package console

import (
	"net/http"
	"testing"
	"time"
)

// TestTokens makes a token, which is shown once and works, and revokes it.
func TestTokens(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	c.get("/account").ok().shows("Access tokens", "None.")
	made := c.get("/account/tokens/new").ok().submit("/account/tokens", "description", "nightly <build>", "days", "90").ok()
	made.shows("nightly <build>", "It is shown only now")
	token := rawText(made.one("code"))
	actor, err := r.app.Authenticate(t.Context(), token, "192.0.2.1", "curl/8", r.now)
	if err != nil || actor.Email != operatorEmail {
		t.Fatalf("the token is %s's, %v", actor.Email, err)
	}
	c.get("/account").ok().shows("nightly <build>", token[:10]+"…", "last used", "192.0.2.1").lacks(token)
	revoke := "/account/tokens/revoke"
	c.get(revoke+"?token="+token[:10]).ok().submit(revoke).redirects("/account").follow().shows("opens nothing any more", "None.")
	if _, err := r.app.Authenticate(t.Context(), token, "192.0.2.1", "curl/8", r.now); err == nil {
		t.Error("a revoked token opens")
	}
	c.post(revoke, "token", token[:10]).status(http.StatusNotFound).shows("You have no such token")
}

// TestTokensRefused: what is wrong is said in the form, which keeps what was typed.
func TestTokensRefused(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	c.post("/account/tokens", "description", "", "days", "30").status(http.StatusUnprocessableEntity).shows("Description must say")
	for _, days := range []string{"", "-1", "9999999", "soon"} {
		page := c.post("/account/tokens", "description", "nightly", "days", days).status(http.StatusUnprocessableEntity)
		if got := attr(page.one("input", "name", "description"), "value"); got != "nightly" {
			t.Errorf("after %q days the description is %q", days, got)
		}
	}
	made := rawText(c.post("/account/tokens", "description", "nightly", "days", "0").ok().one("code"))
	r.developer().post("/account/tokens/revoke", "token", made).status(http.StatusNotFound)
	if _, err := r.app.Authenticate(t.Context(), made, "192.0.2.1", "curl/8", r.now.AddDate(9, 0, 0)); err != nil {
		t.Errorf("a token without an end: %v", err)
	}
}

// TestTokensPage: more tokens than a page holds are all to be found.
func TestTokensPage(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	for range tokensShown + 1 {
		r.now = r.now.Add(time.Second)
		c.post("/account/tokens", "description", "one of many", "days", "0").ok()
	}
	first := c.get("/account").ok()
	second := c.get(first.link("Older tokens")).ok()
	for i, page := range []*reply{first, second} {
		if n, want := len(page.all("a", "hx-get", "*"))-1, []int{tokensShown, 1}[i]; n != want {
			t.Errorf("page %d shows %d tokens, want %d", i+1, n, want)
		}
	}
}
