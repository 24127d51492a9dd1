package e2e

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/segue-project/segue/api"
)

// withToken is a client of the server by another token.
func (s *segue) withToken(t *testing.T, token string) *api.Client {
	t.Helper()
	c, err := api.New(s.url, token)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func opens(t *testing.T, c *api.Client) bool {
	t.Helper()
	_, err := c.Me(t.Context())
	var refused *api.Error
	if err != nil && (!errors.As(err, &refused) || refused.Status != http.StatusUnauthorized) {
		t.Fatal(err)
	}
	return err == nil
}

// TestAvnAccessTokens does with avn what people do with access tokens.
func TestAvnAccessTokens(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	a := startAvn(t, s)
	var made []api.AccessTokenCreated
	a.json(t, "user access-token create --description nightly --max-age-seconds 86400 --extend-when-used", &made)
	if len(made) != 1 || !opens(t, s.withToken(t, made[0].FullToken)) {
		t.Fatalf("avn made %d tokens, or one that does not open", len(made))
	}
	a.run(t, "user access-token create --description forever")
	if out := a.run(t, "user access-token list"); !strings.Contains(out, "nightly") || !strings.Contains(out, "forever") || strings.Contains(out, made[0].FullToken) {
		t.Errorf("avn user access-token list printed\n%s", out)
	}
	a.run(t, "user access-token update "+made[0].TokenPrefix+" --description weekly")
	var listed []api.AccessToken
	a.json(t, "user access-token list", &listed)
	var own string
	for _, token := range listed {
		if token.CurrentlyActive {
			own = token.TokenPrefix
		}
	}
	if len(listed) != 5 || own == "" { // two sign-ins of startSegue, avn's own, and two
		t.Errorf("avn listed %+v", listed)
	}
	a.run(t, "user access-token revoke "+made[0].TokenPrefix)
	if opens(t, s.withToken(t, made[0].FullToken)) {
		t.Error("a token that avn revoked still opens")
	}
	a.run(t, "user logout")
	if out := s.run(t, "user access-token list"); strings.Contains(out, own) {
		t.Errorf("avn user logout left its token:\n%s", out)
	}
	s.doctor(t)
}
