package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
)

func (c caller) createToken(body string) api.AccessTokenCreated {
	c.t.Helper()
	var made api.AccessTokenCreated
	c.ok("POST", "/v1/access_token", body, &made)
	return made
}

func (c caller) tokens() []api.AccessToken {
	c.t.Helper()
	var reply api.AccessTokensReply
	c.ok("GET", "/v1/access_token?limit=999", "", &reply)
	return reply.Tokens
}

// tokenFor is the prefix of the token with the description.
func (c caller) tokenFor(description string) string {
	c.t.Helper()
	for _, t := range c.tokens() {
		if t.Description == description {
			return t.TokenPrefix
		}
	}
	c.t.Fatalf("no token is for %q", description)
	return ""
}

// as is the caller with another token.
func (c caller) as(token string) caller {
	c.token = token
	return c
}

func TestAccessTokens(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		c := r.admin()
		forever := c.createToken(`{"description":"nightly","extend_when_used":true,"max_age_seconds":null}`)
		hour := c.createToken(`{"description":"for an hour","max_age_seconds":3600}`)
		if forever.ExpiryTime != nil || forever.ExtendWhenUsed || hour.ExpiryTime == nil || !hour.ExpiryTime.Equal(r.now.Add(time.Hour)) {
			t.Errorf("made %+v and %+v", forever, hour)
		}
		if got := c.tokens(); len(got) != 3 || strings.Contains(string(c.ok("GET", "/v1/access_token", "", nil)), forever.FullToken) {
			t.Errorf("listed %+v, want three tokens and none whole", got)
		}
		c.as(hour.FullToken).ok("GET", "/v1/me", "", nil)
		r.now = r.now.Add(time.Hour + time.Second)
		c.as(hour.FullToken).refused("GET", "/v1/me", "", http.StatusUnauthorized)
		c.as(forever.FullToken).ok("GET", "/v1/me", "", nil)
		c.refused("DELETE", "/v1/access_token/"+hour.TokenPrefix, "", http.StatusNotFound) // ended by itself

		r.account("stranger@example.com", false)
		stranger := r.signIn("stranger@example.com")
		for _, name := range []string{forever.TokenPrefix, forever.FullToken} {
			stranger.refused("DELETE", "/v1/access_token/"+name, "", http.StatusNotFound)
			stranger.refused("PUT", "/v1/access_token/"+name, `{"description":"mine"}`, http.StatusNotFound)
		}
		if got := stranger.tokens(); len(got) != 1 || !got[0].CurrentlyActive {
			t.Errorf("a stranger sees %+v", got)
		}
		c.ok("DELETE", "/v1/access_token/"+forever.TokenPrefix, "", nil)
		c.as(forever.FullToken).refused("GET", "/v1/me", "", http.StatusUnauthorized)
		c.ok("DELETE", "/v1/access_token/"+c.token, "", nil) // as avn user logout does
		c.refused("GET", "/v1/me", "", http.StatusUnauthorized)
		r.tokensAreAudited(forever.TokenPrefix)
		for _, secret := range []string{c.token, forever.FullToken} {
			if strings.Contains(r.log.String(), secret) {
				t.Error("the log holds a whole token")
			}
		}
	})
}

func (r *rig) tokensAreAudited(prefix string) {
	r.t.Helper()
	var actions []string
	for _, e := range r.audit("") {
		if e.Action == "token.create" && !strings.Contains(e.Detail, `"by":"sgu_`) {
			r.t.Errorf("what made a token is not audited: %s", e.Detail)
		}
		if strings.Contains(e.Detail, `"token":"`+prefix) && e.Actor == ownerEmail {
			actions = append(actions, e.Action)
		}
	}
	if strings.Join(actions, " ") != "token.create token.revoke" {
		r.t.Errorf("a token's life is audited as %v", actions)
	}
}

// A token that use extends ends max_age after its last use, and not before.
func TestTokenExtendedByUse(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	for _, age := range []struct {
		seconds string
		gap     time.Duration
	}{{"60", 40 * time.Second}, {"86400", 20 * time.Hour}} {
		made := c.createToken(`{"description":"agent","max_age_seconds":` + age.seconds + `,"extend_when_used":true}`)
		for range 5 {
			r.now = r.now.Add(age.gap)
			c.as(made.FullToken).ok("GET", "/v1/me", "", nil)
		}
		r.now = r.now.Add(2 * age.gap)
		c.as(made.FullToken).refused("GET", "/v1/me", "", http.StatusUnauthorized)
	}
}

func TestTokensPage(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	for range 4 {
		r.now = r.now.Add(time.Second)
		c.createToken(`{"description":"one of many"}`)
	}
	var seen []string
	for after, page := "", 0; page == 0 || after != ""; page++ {
		var reply api.AccessTokensReply
		c.ok("GET", "/v1/access_token?limit=2&after="+after, "", &reply)
		for _, t := range reply.Tokens {
			seen = append(seen, t.TokenPrefix)
		}
		after = ""
		if reply.Next != nil {
			after = *reply.Next
		}
		if page > 4 {
			t.Fatal("the pages do not end")
		}
	}
	whole := c.tokens()
	if len(seen) != 5 || len(whole) != 5 {
		t.Fatalf("%d tokens in pages, %d at once, want 5", len(seen), len(whole))
	}
	for i, token := range whole {
		if token.TokenPrefix != seen[i] {
			t.Errorf("token %d is %s in a page, %s at once", i, seen[i], token.TokenPrefix)
		}
	}
}
