package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

const sessionCookie = "segue_session"

// TestSignIn: a wrong password keeps the email, the right one leads on.
func TestSignIn(t *testing.T) {
	r := newRig(t)
	c := r.nobody()
	// Whoever asks for a page is asked who it is, and led there afterwards.
	asked := c.get(users + "?state=lapsed").status(http.StatusUnauthorized).shows("Sign in")
	refused := asked.submit("/signin", "email", operatorEmail, "password", "wrong horse battery").status(http.StatusUnauthorized)
	refused.shows("This email and password do not belong together. Your email is kept; type the password again.")
	if got := refused.field("email"); got != operatorEmail {
		t.Errorf("the email kept is %q", got)
	}
	if got := refused.field("password"); got != "" {
		t.Errorf("the page holds the password %q", got)
	}
	refused.lacks("wrong horse battery")
	if len(c.cookies) != 0 {
		t.Errorf("a refused sign-in sets cookies: %v", c.cookies)
	}
	refused.submit("/signin", "password", password).redirects(users + "?state=lapsed").follow().ok().shows("fraud-scoring")
	for _, unknown := range []string{"nobody@example.com", "", "not an address", strings.Repeat("a", 300) + "@example.com"} {
		got := r.nobody().post("/signin", "email", unknown, "password", password)
		if got.StatusCode < 400 || got.field("email") != unknown {
			t.Errorf("%.20q: status %d, email kept %.20q", unknown, got.StatusCode, got.field("email"))
		}
	}
	holdsNoPassword(t, r)
}

// holdsNoPassword: neither log nor audit entries hold what was typed.
func holdsNoPassword(t *testing.T, r *rig) {
	t.Helper()
	for _, secret := range []string{password, "wrong horse battery"} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log holds a password")
		}
	}
}

// TestSignInLimits: guessing is slowed down, with words that say so, and does not
// lock the owner out.
func TestSignInLimits(t *testing.T) {
	r := newRig(t)
	owner := r.operator() // has signed in from there before
	owner.post("/signout").redirects("/signin")
	guesser := r.nobody()
	last := guesser.get("/signin")
	tries := 0
	for last.StatusCode != http.StatusTooManyRequests {
		if tries++; tries > 30 {
			t.Fatal("30 guesses in a moment and no end")
		}
		last = last.submit("/signin", "email", operatorEmail, "password", "wrong horse battery")
	}
	last.shows("Too many attempts to sign in: wait a minute, then try again.")
	if got := last.field("email"); got != operatorEmail {
		t.Errorf("the email kept is %q", got)
	}
	last.submit("/signin", "password", password).status(http.StatusTooManyRequests) // right, but no sooner
	owner.post("/signin", "email", operatorEmail, "password", password).redirects("/")
	r.now = r.now.Add(time.Minute)
	last.submit("/signin", "password", password).redirects("/")
}

// TestSessionCookie: its attributes, and that signing in makes it anew.
func TestSessionCookie(t *testing.T) {
	r := newRig(t)
	c := r.nobody()
	c.cookies[sessionCookie] = "chosen-by-an-attacker"
	cookie := signedIn(t, c)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" {
		t.Errorf("the session's cookie is %s", cookie.Raw)
	}
	if want := int(app.SessionLife.Seconds()); cookie.MaxAge != want {
		t.Errorf("the cookie is kept for %d s, want %d", cookie.MaxAge, want)
	}
	if cookie.Value == "chosen-by-an-attacker" || len(cookie.Value) < 32 {
		t.Errorf("a session has the value %q", cookie.Value)
	}
	if again := signedIn(t, c); again.Value == cookie.Value {
		t.Error("signing in again keeps the session's value")
	}
	c.get("/projects").ok().lacks(cookie.Value)

	// Behind HTTPS the cookie is bound to it and to this host.
	r.server.Secure = true
	secure := signedIn(t, r.nobody())
	if secure.Name != "__Host-"+sessionCookie || !secure.Secure {
		t.Errorf("behind HTTPS the cookie is %s", secure.Raw)
	}
}

func signedIn(t *testing.T, c *client) *http.Cookie {
	t.Helper()
	got := c.get("/signin").submit("/signin", "email", operatorEmail, "password", password).redirects("/")
	if len(got.Cookies()) != 1 {
		t.Fatalf("signing in sets %v", got.Cookies())
	}
	return got.Cookies()[0]
}

// TestSessionEnds: by signing out, by being revoked elsewhere, unused, and of age.
func TestSessionEnds(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	first, second := r.operator(), r.operator()
	ended := func(c *client, why string) {
		t.Helper()
		if got := c.get(demo); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("a session that ended (%s) gets status %d", why, got.StatusCode)
		}
	}

	out := first.copyOf()
	first.post("/signout").redirects("/signin")
	if _, kept := first.cookies[sessionCookie]; kept {
		t.Error("signing out keeps the cookie")
	}
	ended(out, "signed out, and the cookie sent again")
	second.get(demo).ok()

	actor, err := r.app.AuthenticateSession(ctx, second.cookies[sessionCookie], second.address, "", r.now)
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := r.app.ListSessions(ctx, actor, r.now)
	if err != nil || len(sessions) != 1 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	if err := r.app.RevokeSession(ctx, actor, sessions[0].ID, r.now); err != nil {
		t.Fatal(err)
	}
	ended(second, "revoked")

	idle, used := r.operator(), r.operator()
	r.now = r.now.Add(app.SessionIdle - time.Hour)
	used.get(demo).ok()
	r.now = r.now.Add(time.Hour + time.Minute)
	ended(idle, "unused for a day")
	for age := 2 * app.SessionIdle; age < app.SessionLife; age += app.SessionIdle / 2 {
		used.get(demo).ok()
		r.now = r.now.Add(app.SessionIdle / 2)
	}
	r.now = t0.Add(app.SessionLife + time.Minute)
	ended(used, "two weeks old")
}

// TestRoleTaken: somebody who is no longer a member sees nothing from then on.
func TestRoleTaken(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	c.get(users).ok()
	if err := r.app.RemoveMember(t.Context(), app.System(), app.DemoProject, developerEmail, r.now); err != nil {
		t.Fatal(err)
	}
	c.get(users).status(http.StatusNotFound).lacks("orders-writer")
	c.get("/").redirects("/projects")
}

// TestSetUp: the first administrator comes by a link that works once.
func TestSetUp(t *testing.T) {
	r := newEmptyRig(t)
	offer := func() string {
		t.Helper()
		token, err := r.app.OfferSetup(t.Context(), "First@Example.com", r.now)
		if err != nil || token == "" {
			t.Fatalf("%q, %v", token, err)
		}
		return "/setup/" + token
	}
	worthless, link := offer(), offer()
	unusable := func(link, why string) {
		t.Helper()
		got := r.nobody().get(link)
		if got.StatusCode < 400 || len(got.all("input", "type", "password")) != 0 {
			t.Errorf("a link that is %s gets status %d", why, got.StatusCode)
		}
		if got := r.nobody().post(link, "password", password); got.StatusCode < 400 || len(got.Cookies()) != 0 {
			t.Errorf("a form of a link that is %s gets status %d", why, got.StatusCode)
		}
	}
	unusable(worthless, "replaced by a newer one")
	unusable("/setup/0123456789", "made up")

	c := r.nobody()
	page := c.get(link).ok().shows("Set up Segue", "This link works once.")
	refused := page.submit(link, "real_name", "Ada Lovelace", "password", "short").status(http.StatusUnprocessableEntity)
	refused.shows("10").lacks(`value="short"`)
	if refused.field("real_name") != "Ada Lovelace" {
		t.Error("the name is not kept")
	}
	refused.submit(link, "password", password).redirects("/").follow().redirects("/projects").follow().ok().shows("first@example.com")
	unusable(link, "used")
	if token, err := r.app.OfferSetup(t.Context(), "first@example.com", r.now); err != nil || token != "" {
		t.Errorf("a second administrator is offered: %q, %v", token, err)
	}
	r.as("first@example.com").post("/projects", "project", "shop").redirects("/projects/shop/services")
	holdsNoPassword(t, r)
	if token := strings.TrimPrefix(link, "/setup/"); strings.Contains(r.log.String(), token) {
		t.Error("the log holds the link's secret")
	}
}

func TestSetUpLinkAges(t *testing.T) {
	r := newEmptyRig(t)
	token, err := r.app.OfferSetup(t.Context(), "first@example.com", r.now)
	if err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(app.SetupLife + time.Minute)
	if got := r.nobody().get("/setup/" + token); got.StatusCode < 400 {
		t.Errorf("a link past its life gets status %d", got.StatusCode)
	}
}

// invite makes a link that asks somebody into project demo.
func (r *rig) invite(email string, role app.Role) string {
	r.t.Helper()
	link, err := r.app.InviteMember(r.t.Context(), app.System(), app.DemoProject, email, role, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	_, token, found := strings.Cut(link, "/invitation/")
	if !found {
		r.t.Fatalf("the invitation of %s has the link %q", email, link)
	}
	return "/invitation/" + token
}

// TestInvitation: somebody new chooses a password, somebody known gives theirs.
func TestInvitation(t *testing.T) {
	r := newRig(t)
	link := r.invite("new@example.com", app.RoleDeveloper)
	c := r.nobody()
	page := c.get(link).ok().shows("Join demo", "as developer", "Choose a password")
	refused := page.submit(link, "real_name", "Nils", "password", "short").status(http.StatusUnprocessableEntity)
	if refused.field("real_name") != "Nils" {
		t.Error("the name is not kept")
	}
	refused.submit(link, "password", password).redirects(demo).follow().ok().shows("You are a member of demo now.", "new@example.com")
	if got := r.nobody().get(link); got.StatusCode < 400 {
		t.Errorf("a used invitation gets status %d", got.StatusCode)
	}

	r.account("known@example.com", false)
	link = r.invite("known@example.com", app.RoleReadOnly)
	page = r.nobody().get(link).ok().shows("Password of your account").lacks("Choose a password")
	page.submit(link, "password", "wrong horse battery").shows("password")
	if _, err := r.app.ListMembers(t.Context(), app.System(), app.DemoProject, app.Page{}, r.now); err != nil {
		t.Fatal(err)
	}
	r.as("known@example.com").get(demo).status(http.StatusNotFound) // a wrong password makes nobody a member
	page.submit(link, "password", password).redirects(demo).follow().ok()

	link = r.invite("late@example.com", app.RoleReadOnly)
	if err := r.app.WithdrawInvitation(t.Context(), app.System(), app.DemoProject, "late@example.com", r.now); err != nil {
		t.Fatal(err)
	}
	if got := r.nobody().post(link, "password", password, "real_name", "Late"); got.StatusCode < 400 || len(got.Cookies()) != 0 {
		t.Errorf("a withdrawn invitation gets status %d", got.StatusCode)
	}
	holdsNoPassword(t, r)
}

// TestSessionEndsInAForm: what somebody typed is kept while they sign in again,
// and sent when they say so; nothing is stored before.
func TestSessionEndsInAForm(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	here := users + "?state=awaiting"
	form := c.get(here).ok().form(demo + "/renewals/acknowledge")
	form.Add("renewal", "kafka-orders/orders-writer/2")
	form.Add("renewal", "kafka-orders/billing-sink/2")
	before, acknowledgedBefore := r.everything(), r.audited("renewal.acknowledge")
	r.now = r.now.Add(app.SessionIdle + time.Minute)

	asked := c.postForm(demo+"/renewals/acknowledge", form).status(http.StatusUnauthorized)
	asked.shows("Your session ended. Nothing was stored; what you typed is kept. Sign in, then send it.")
	again := asked.submit("/signin", "email", operatorEmail, "password", "wrong horse battery").status(http.StatusUnauthorized)
	resumed := again.submit("/signin", "password", password).ok().shows("Go on where you were", "nothing of it is stored yet")
	if after := r.everything(); after != before {
		t.Fatalf("signing in stored:\n%s\nbefore:\n%s", after, before)
	}
	if to := resumed.link("Leave it, and go back"); to != here {
		t.Errorf("leaving the form leads to %q, want %q", to, here)
	}
	if got := resumed.form(demo + "/renewals/acknowledge")["renewal"]; len(got) != 2 {
		t.Fatalf("kept were %v", got)
	}
	resumed.submit(demo + "/renewals/acknowledge").redirects(here).follow().shows("2 renewals are acknowledged")
	if n := r.audited("renewal.acknowledge") - acknowledgedBefore; n != 2 {
		t.Errorf("%d acknowledgements more in the audit log", n)
	}
}

// TestPasswordIsNotKept: a form with a password waits without it.
func TestPasswordIsNotKept(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	r.now = r.now.Add(app.SessionIdle + time.Minute)
	got := c.post(demo+"/renewals/acknowledge", "password", password, "new_password", password, "note", "kept words")
	got.status(http.StatusUnauthorized).lacks(password)
	if !strings.Contains(got.body, "kept words") {
		t.Error("the rest of the form is not kept")
	}
}

// TestDialogAfterTheSessionEnded: a dialog that was to open leads the whole page to
// sign in and back; one whose form was sent asks there, and keeps the form.
func TestDialogAfterTheSessionEnded(t *testing.T) {
	r := newRig(t)
	asked := func(method, path, from, body string) *reply {
		t.Helper()
		req := httptest.NewRequest(method, path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("HX-Request", "true")
		req.Header.Set("HX-Target", "div#dialog-body")
		req.Header.Set("HX-Current-URL", from)
		return r.nobody().send(req)
	}
	for from, next := range map[string]string{
		"https://segue.example.com" + users + "?state=lapsed": "/signin?next=" + url.QueryEscape(users+"?state=lapsed"),
		"https://segue.example.com//evil.example/":            "/signin?next=%2F",
		"": "/signin?next=%2F",
	} {
		if to := asked(http.MethodGet, writer+"/cert", from, "").ok().Header.Get("HX-Redirect"); to != next {
			t.Errorf("above %q it leads to %q, want %q", from, to, next)
		}
	}
	dialog := asked(http.MethodPost, writer+"/snooze", "https://segue.example.com"+users, "until=2026-11-28&reason=kept+words")
	dialog.status(http.StatusUnauthorized).shows("Your session ended.")
	if len(dialog.all("link")) != 0 {
		t.Error("the dialog holds a whole page")
	}
	resumed := dialog.submit("/signin", "email", operatorEmail, "password", password).ok()
	resumed.submit(writer + "/snooze").redirects("").follow().shows("Reminders of orders-writer go on from 28 Nov 2026.")
}

// elsewhere are addresses that must never be led to.
var elsewhere = []string{
	"https://evil.example/", "//evil.example/", `/\evil.example/`, `\\evil.example`, "javascript:alert(1)", "http:evil.example",
	"/\t/evil.example", "/\n/evil.example", "///evil.example", "https:/evil.example", "data:text/html,x", " https://evil.example", "evil.example",
}

// TestOpenRedirects: next, back and action lead within the console alone.
func TestOpenRedirects(t *testing.T) {
	r := newRig(t)
	for _, to := range elsewhere {
		got := r.nobody().post("/signin", "email", readerEmail, "password", password, "next", to)
		got.redirects("/")
		r.nobody().post("/theme", "theme", "dark", "back", to).redirects("/")
		got = r.nobody().post("/signin", "email", operatorEmail, "password", password, "action", to, "kept_name", "a", "kept_value", "b")
		got.redirects("/")
		page := r.nobody().get("/signin?next=" + strings.NewReplacer("\t", "%09", "\n", "%0A", " ", "%20").Replace(to)).ok()
		sealedPage(t, "next "+to, page)
		r.now = r.now.Add(time.Hour) // the limits of signing in are not what is tried here
	}
	for _, to := range []string{"/", users + "?search=a&state=lapsed", "/projects/demo/"} {
		r.nobody().post("/theme", "theme", "dark", "back", to).redirects(to)
	}
}

// TestTheme: one's own choice stands in every page, and can be given back.
func TestTheme(t *testing.T) {
	r := newRig(t)
	c := r.nobody()
	chosen := func() string { t.Helper(); return attr(c.get("/signin").one("html"), "data-theme") }
	for _, theme := range []string{"dark", "light"} {
		c.post("/theme", "theme", theme, "back", "/signin").redirects("/signin")
		if got := chosen(); got != theme {
			t.Errorf("chose %s, the page has %q", theme, got)
		}
	}
	c.post("/theme", "theme", "").redirects("/")
	if got := chosen(); got != "" {
		t.Errorf("gave the choice back, the page has %q", got)
	}
	c.cookies[themeCookie] = "><script>alert(1)</script>"
	if got := chosen(); got != "" {
		t.Errorf("a made-up theme gives %q", got)
	}
}

// TestHostileFlash: the line that says what just happened is text, whatever a
// cookie holds.
func TestHostileFlash(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	for _, value := range []string{"!!!", "bm90IGpzb24", "IjxzY3JpcHQ+YWxlcnQoMSk8L3NjcmlwdD4i"} { // the last: "<script>alert(1)</script>"
		c.cookies[flashCookie] = value
		got := c.get(users).ok()
		sealedPage(t, "a page with a made-up cookie", got)
		if len(got.all("script")) != 2 {
			t.Errorf("%d scripts", len(got.all("script")))
		}
	}
	if _, kept := c.cookies[flashCookie]; kept {
		t.Error("the line is shown twice")
	}
}

// TestTokenIsNoSession: a token of the API is no cookie, and a cookie no token.
func TestTokenIsNoSession(t *testing.T) {
	r := newRig(t)
	token, _, err := r.app.SignIn(t.Context(), operatorEmail, password, "10.9.9.9", "", r.now)
	if err != nil {
		t.Fatal(err)
	}
	c := r.nobody()
	c.cookies[sessionCookie] = token
	c.get(demo).status(http.StatusUnauthorized)
	req := httptest.NewRequest(http.MethodGet, demo, nil)
	req.Header.Set("Authorization", "aivenv1 "+token)
	r.nobody().send(req).status(http.StatusUnauthorized)
	session := r.operator().cookies[sessionCookie]
	if _, err := r.app.Authenticate(t.Context(), session, "10.9.9.9", "", r.now); err == nil {
		t.Error("a session's cookie works as a token of the API")
	}
}
