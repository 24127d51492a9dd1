package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func copyTo(w io.Writer, res *http.Response) (int64, error) { return io.Copy(w, res.Body) }

func firstLine(certPEM string) string { return strings.Split(certPEM, "\n")[1] }

func TestSignInLimits(t *testing.T) {
	r := newRig(t)
	c := r.nobody()
	try := func(from caller, email, with string) int {
		return from.do("POST", "/v1/userauth", `{"email":"`+email+`","password":"`+with+`"}`).StatusCode
	}
	for i := range 10 {
		if got := try(c, ownerEmail, "wrong"); got != http.StatusUnauthorized {
			t.Fatalf("attempt %d: %d, want 401", i+1, got)
		}
	}
	if r.passwords.verified != 10 {
		t.Errorf("%d hashes for 10 attempts", r.passwords.verified)
	}
	if got := try(c, ownerEmail, password); got != http.StatusTooManyRequests {
		t.Errorf("attempt 11: %d, want 429", got)
	}
	if r.passwords.verified != 10 {
		t.Error("a refused attempt was hashed all the same")
	}
	r.admin() // the owner, elsewhere, gets in
	r.now = r.now.Add(10 * time.Second)
	if got := try(c, ownerEmail, password); got != http.StatusOK {
		t.Errorf("after 10 s: %d, want 200", got)
	}
}

// An unknown address costs a hash like a known one, and gets the same answer.
func TestUnknownAccountCostsTheSame(t *testing.T) {
	r := newRig(t)
	c := r.nobody()
	known := c.refused("POST", "/v1/userauth", `{"email":"owner@example.com","password":"wrong"}`, http.StatusUnauthorized)
	unknown := c.refused("POST", "/v1/userauth", `{"email":"somebody@example.com","password":"wrong"}`, http.StatusUnauthorized)
	if r.passwords.verified != 2 {
		t.Errorf("%d hashes, want one each", r.passwords.verified)
	}
	if known.Message != unknown.Message {
		t.Errorf("%q and %q tell them apart", known.Message, unknown.Message)
	}
}

func TestTokens(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	asked := func(header string) int {
		t.Helper()
		req := httptest.NewRequest("GET", "/v1/me", nil)
		req.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		r.server.ServeHTTP(w, req)
		res := w.Result()
		if res.StatusCode != http.StatusOK {
			envelope(t, res)
		}
		return res.StatusCode
	}
	for header, want := range map[string]int{
		"aivenv1 " + c.token: 200, "Bearer " + c.token: 200, "bearer " + c.token: 200,
		"": 401, "Basic " + c.token: 401, c.token: 401, "Bearer ": 401, "Bearer sgu_x": 401, "Bearer " + c.token + "x": 401,
		"Bearer " + strings.Repeat("x", 10_000): 401, "aivenv1 \xff\xfe": 401,
	} {
		if got := asked(header); got != want {
			t.Errorf("Authorization %.20q: %d, want %d", header, got, want)
		}
	}
	for _, call := range r.calls() { // nothing but the public calls answers without a token
		method, path, _ := strings.Cut(call, " ")
		res := r.nobody().do(method, withPath(path, existing), "")
		public := strings.HasPrefix(path, "/crl/") || path == "/livez" || path == "/readyz" || path == "/v1/userauth" || path == "/v1/setup" || path == "/v1/invitation/accept"
		if (res.StatusCode == http.StatusUnauthorized) == public {
			t.Errorf("%s without a token: %d", call, res.StatusCode)
		}
	}
	if strings.Contains(r.log.String(), c.token) || strings.Contains(r.log.String(), c.token[4:30]) {
		t.Error("the log holds a token")
	}

	r.now = r.now.Add(app.SignInTokenLife + time.Second)
	if got := asked("Bearer " + c.token); got != 401 {
		t.Errorf("an expired token: %d", got)
	}
	again := r.admin()
	r.revoke(again.token)
	if got := asked("Bearer " + again.token); got != 401 {
		t.Errorf("a revoked token: %d", got)
	}
}

func (r *rig) revoke(token string) {
	r.t.Helper()
	hash, ok := r.server.App.Tokens.Hash(token)
	if !ok {
		r.t.Fatal("not a token")
	}
	r.write(func(tx app.Tx) error {
		found, err := tx.TokenByHash(r.t.Context(), hash)
		if err != nil {
			return err
		}
		return tx.RevokeToken(r.t.Context(), found.ID, r.now)
	})
}

func TestMe(t *testing.T) {
	r := newRig(t)
	r.fill()
	r.member("dev@example.com", app.RoleDeveloper)
	var me api.MeReply
	r.signIn("DEV@example.com ").ok("GET", "/v1/me", "", &me)
	if me.User.User != "dev@example.com" || len(me.User.Projects) != 1 || me.User.Projects[0] != "shop" || me.User.TokenValidityBegin == nil {
		t.Errorf("me is %+v", me.User)
	}
}

// The log names who, which route and how it ended; never a path, query or value.
func TestAccessLog(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	c.ok("GET", writer+"?after=hunter2", "", nil)
	c.refused("GET", shop+"/service/hunter2", "", http.StatusNotFound)
	log := r.log.String()
	for _, want := range []string{
		`"method":"GET","route":"GET /v1/project/{project}/service/{service}/user/{user}","status":200`,
		`"route":"GET /v1/project/{project}/service/{service}","status":404`,
		`"address":"` + c.address + `"`, `"account_id":1`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s", want)
		}
	}
	for _, never := range []string{"hunter2", "/v1/project/shop", password, c.token, "PRIVATE KEY"} {
		if strings.Contains(log, never) {
			t.Errorf("the log holds %.20q", never)
		}
	}
}
