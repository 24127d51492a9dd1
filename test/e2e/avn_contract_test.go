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

// TestAvnChanges changes projects and services with avn, and what they hold then.
func TestAvnChanges(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	a := startAvn(t, s)
	a.run(t, "service create main --project demo -t kafka --plan any --cloud any -c bootstrap_servers=127.0.0.1:9092")
	a.run(t, "service update main --project demo --plan other -c kafka_authentication_methods.sasl=true --enable-termination-protection")
	service := func() api.Service {
		t.Helper()
		got, err := s.api.DescribeService(t.Context(), "demo", "main")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := service(); got.Plan != "other" || !got.TerminationProtection || got.ServiceURI != "127.0.0.1:9092" {
		t.Errorf("after avn service update: %+v", got)
	}
	if out := a.fails(t, "service terminate main --project demo --force"); !strings.Contains(out, "termination protection") {
		t.Errorf("avn service terminate printed\n%s", out)
	}
	a.run(t, "service update main --project demo --remove-option bootstrap_servers --disable-termination-protection --power-off")
	if got := service(); len(got.ConnectionInfo.Kafka) != 0 || got.State != "RUNNING" {
		t.Errorf("after avn service update --remove-option: %+v", got.ConnectionInfo)
	}
	a.run(t, "service tags replace main --project demo --tag team=orders")
	a.run(t, "service tags update main --project demo --add-tag tier=1 --remove-tag team")
	if out := a.run(t, "service tags list main --project demo"); !strings.Contains(out, "tier") || strings.Contains(out, "team") {
		t.Errorf("avn service tags list printed\n%s", out)
	}
	a.run(t, "project tags replace --project demo --tag team=shop")
	if out := a.run(t, "project tags list --project demo"); !strings.Contains(out, "team") {
		t.Errorf("avn project tags list printed\n%s", out)
	}
	a.run(t, "project update --project demo --name store --tech-email ada@example.com")
	if out := a.run(t, "project details --project store"); !strings.Contains(out, "store") {
		t.Errorf("avn project details printed\n%s", out)
	}
	if out := a.fails(t, "project delete store"); !strings.Contains(out, "its service main is still there") {
		t.Errorf("avn project delete printed\n%s", out)
	}
	a.run(t, "service terminate main --project store --force")
	a.run(t, "project delete store")
	if out := a.run(t, "project list"); strings.Contains(out, "store") {
		t.Errorf("avn project list printed\n%s", out)
	}
	s.doctor(t)
}
