package console

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
)

// need is what a route asks of who opens it.
type need struct {
	public     bool           // nobody need be signed in
	permission app.Permission // in the project; empty: being signed in is enough
}

var (
	anybody  = need{public: true}
	somebody = need{}
	members  = need{permission: app.ReadProject}
)

func with(p app.Permission) need { return need{permission: p} }

// needs is every route of the console and who may open it; a route that is missing
// fails the tests.
var needs = map[string]need{
	"GET /assets/{file}":       anybody,
	"GET /signin":              anybody,
	"POST /signin":             anybody,
	"POST /theme":              anybody,
	"GET /setup/{token}":       anybody,
	"POST /setup/{token}":      anybody,
	"GET /invitation/{token}":  anybody,
	"POST /invitation/{token}": anybody,

	"GET /{$}":       somebody,
	"POST /signout":  somebody,
	"GET /projects":  somebody,
	"POST /projects": somebody, // the instance's administrator alone: see TestMakeProject

	"GET /account":                            somebody,
	"GET /account/tokens/new":                 somebody,
	"POST /account/tokens":                    somebody,
	"GET /account/tokens/revoke":              somebody,
	"POST /account/tokens/revoke":             somebody,
	"POST /account/sessions/{session}/revoke": somebody,

	"GET " + inProject:                                          members,
	"GET " + inProject + "/activity":                            members,
	"GET " + inProject + "/activity/export":                     members,
	"GET " + inProject + "/calendar":                            members,
	"GET " + inProject + "/calendar.ics":                        members,
	"GET " + inProject + "/outbox":                              members,
	"GET " + inProject + "/outbox/digest":                       members,
	"GET " + inProject + "/outbox/{message}":                    members,
	"POST " + inProject + "/outbox/{message}/retry":             with(app.ManageNotices),
	"GET " + inProject + "/renewals":                            members,
	"POST " + inProject + "/renewals/acknowledge":               with(app.ManageUsers),
	"GET " + inProject + "/members":                             members,
	"GET " + inProject + "/members/invite":                      with(app.ManageMembers),
	"POST " + inProject + "/members/invite":                     with(app.ManageMembers),
	"POST " + inProject + "/members/withdraw":                   with(app.ManageMembers),
	"GET " + inProject + "/members/{email}/role":                with(app.ManageMembers),
	"POST " + inProject + "/members/{email}/role":               with(app.ManageMembers),
	"GET " + inProject + "/members/{email}/remove":              with(app.ManageMembers),
	"POST " + inProject + "/members/{email}/remove":             with(app.ManageMembers),
	"GET " + inProject + "/settings":                            members,
	"GET " + inProject + "/settings/ca.pem":                     members,
	"POST " + inProject + "/settings/policy":                    with(app.ManagePolicy),
	"POST " + inProject + "/settings/contacts":                  with(app.ManageNotices),
	"POST " + inProject + "/settings/test-mail":                 with(app.ManageNotices),
	"GET " + inProject + "/settings/channels/new":               with(app.ManageNotices),
	"POST " + inProject + "/settings/channels/new":              with(app.ManageNotices),
	"GET " + inProject + "/settings/channels/{channel}/delete":  with(app.ManageNotices),
	"POST " + inProject + "/settings/channels/{channel}/delete": with(app.ManageNotices),
	"POST " + inProject + "/settings/channels/{channel}/test":   with(app.ManageNotices),

	"GET " + inProject + "/services":             members,
	"GET " + inProject + "/new-service":          with(app.ManageServices),
	"POST " + inProject + "/new-service":         with(app.ManageServices),
	"GET " + inService:                           members,
	"GET " + inService + "/access":               members,
	"GET " + inService + "/access/new":           with(app.ManageACLs),
	"POST " + inService + "/access/new":          with(app.ManageACLs),
	"GET " + inService + "/access/{acl}/delete":  with(app.ManageACLs),
	"POST " + inService + "/access/{acl}/delete": with(app.ManageACLs),
	"GET " + inService + "/activity":             members,
	"GET " + inService + "/banner":               members,
	"GET " + inService + "/ca.pem":               members,
	"GET " + inService + "/change":               with(app.ManageServices),
	"POST " + inService + "/change":              with(app.ManageServices),
	"GET " + inService + "/delete":               with(app.ManageServices),
	"POST " + inService + "/delete":              with(app.ManageServices),
	"GET " + inService + "/notifications":        members,
	"POST " + inService + "/notifications":       with(app.ManageNotices),
	"GET " + inService + "/users":                members,
	"GET " + ofUser:                              members,
	"GET " + ofUser + "/acknowledge":             with(app.ManageUsers),
	"POST " + ofUser + "/acknowledge":            with(app.ManageUsers),
	"GET " + ofUser + "/cert":                    with(app.ReadSecrets),
	"GET " + ofUser + "/key":                     with(app.ReadSecrets),
	"POST " + ofUser + "/key":                    with(app.ReadSecrets),

	"GET " + inService + "/new-user":        with(app.ManageUsers),
	"POST " + inService + "/new-user":       with(app.ManageUsers),
	"GET " + ofUser + "/files/ca.pem":       members,
	"GET " + ofUser + "/files/service.cert": with(app.ReadSecrets),
	"POST " + ofUser + "/files/service.key": with(app.ReadSecrets),
	"GET " + ofUser + "/bundle":             with(app.ReadSecrets),
	"POST " + ofUser + "/bundle":            with(app.ReadSecrets),
	"GET " + ofUser + "/compare":            members,
	"GET " + ofUser + "/renew":              with(app.ManageUsers),
	"POST " + ofUser + "/renew":             with(app.ManageUsers),
	"GET " + ofUser + "/snooze":             with(app.ManageUsers),
	"POST " + ofUser + "/snooze":            with(app.ManageUsers),
	"GET " + ofUser + "/reset":              with(app.ManageUsers),
	"POST " + ofUser + "/reset":             with(app.ManageUsers),
	"GET " + ofUser + "/delete":             with(app.ManageUsers),
	"POST " + ofUser + "/delete":            with(app.ManageUsers),
}

const (
	inProject = "/projects/{project}"
	inService = inProject + "/services/{service}"
	ofUser    = inService + "/users/{user}"
)

// places fills the parts of a route in with what the demo has.
func (r *rig) places() *strings.Replacer {
	r.t.Helper()
	r.deliver()
	messages, _, err := r.app.ListMessages(r.t.Context(), app.System(), app.DemoProject, "", app.Page{Limit: 1}, r.now)
	if err != nil || len(messages) == 0 {
		r.t.Fatalf("the demo's outbox: %d messages, %v", len(messages), err)
	}
	return strings.NewReplacer("{project}", app.DemoProject, "{service}", "kafka-orders", "{user}", "orders-writer",
		"{generation}", "2", "{token}", "0123456789", "{file}", assetNames["app.css"], "{email}", readerEmail, "{$}", "",
		"{channel}", "ops", "{message}", messageID(messages[0].ID), "{acl}", r.someACL(), "{session}", "00")
}

// destroyersLast orders routes so that what one deletes is there for those before.
func destroyersLast(a, b string) int {
	destroys := func(p string) int {
		switch {
		case p == "POST "+inService+"/delete":
			return 2
		case strings.HasPrefix(p, "POST ") && (strings.HasSuffix(p, "/delete") || strings.HasSuffix(p, "/remove")):
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(destroys(a), destroys(b)), cmp.Compare(a, b))
}

// routed is a route as somebody asks for it.
type routed struct {
	pattern, method, path string
	need                  need
}

// routesOf are all routes of the console.
func routesOf(t *testing.T, r *rig) (all []routed) {
	t.Helper()
	patterns := slices.SortedFunc(slices.Values(r.server.mux.patterns), destroyersLast)
	places := r.places()
	for _, pattern := range patterns {
		n, known := needs[pattern]
		if !known {
			continue // see TestRoutesAreKnown
		}
		method, path, found := strings.Cut(pattern, " ")
		if path = places.Replace(path); !found || strings.Contains(path, "{") {
			t.Fatalf("%s: routes name a method, and places fills every part", pattern)
		}
		all = append(all, routed{pattern, method, path, n})
	}
	return all
}

// forms are what is sent to routes whose use case is reached with a filled form
// alone; the others get an empty one.
var forms = map[string]string{
	"POST " + inProject + "/renewals/acknowledge":  "renewal=kafka-orders/orders-writer/2",
	"POST " + inProject + "/members/invite":        "email=ivy@example.com&role=developer",
	"POST " + inProject + "/members/{email}/role":  "role=developer",
	"POST " + inProject + "/settings/policy":       "validity=800d",
	"POST " + inProject + "/settings/channels/new": "name=chat&kind=webhook&url=https://hooks.example.com/",
	"POST " + inProject + "/new-service":           "name=kafka-new&bootstrap=kafka.example.com:9092",
	"POST " + inService + "/access/new":            "username=orders-writer&topic=orders.*&permission=write",
	"POST " + inService + "/change":                "bootstrap=k1.example.com:9094",
	"POST " + inService + "/delete":                "name=kafka-orders",
	"POST " + ofUser + "/acknowledge":              "generation=2",
	"POST " + ofUser + "/snooze":                   "until=2026-11-28&reason=moved",
}

// TestRoutesAreKnown: needs says of every route who may open it.
func TestRoutesAreKnown(t *testing.T) {
	patterns := newServer(Config{}).mux.patterns
	for _, pattern := range patterns {
		if _, known := needs[pattern]; !known {
			t.Errorf("%s: no line in needs says who may open it", pattern)
		}
	}
	for pattern := range needs {
		if !slices.Contains(patterns, pattern) {
			t.Errorf("needs has %s, which is no route", pattern)
		}
	}
}

// request is the route's request as a browser on a page of this console sends it.
func (p routed) request() *http.Request {
	r := httptest.NewRequest(p.method, p.path, strings.NewReader(forms[p.pattern]))
	if p.method != http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

// served demands what holds of every reply, whoever asks.
func served(t *testing.T, p routed, got *reply) {
	t.Helper()
	if got.StatusCode >= 500 {
		t.Errorf("%s: status %d", p.pattern, got.StatusCode)
	}
	h := got.Header
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
			"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if h.Get(name) != want {
			t.Errorf("%s: %s is %q, want %q", p.pattern, name, h.Get(name), want)
		}
	}
	if cache := h.Get("Cache-Control"); cache != "no-store" && !(p.pattern == "GET /assets/{file}" && got.StatusCode == http.StatusOK) {
		t.Errorf("%s: Cache-Control is %q: pages are kept nowhere", p.pattern, cache)
	}
}

// sealedPage demands that a page is what the content security policy allows: no
// inline script, style or handler, and nothing from elsewhere.
func sealedPage(t *testing.T, what string, got *reply) {
	t.Helper()
	if !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		return
	}
	for _, n := range got.all("") {
		if (n.Data == "script" && attr(n, "src") == "") || n.Data == "style" {
			t.Errorf("%s: an inline <%s>: %q", what, n.Data, rawText(n))
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", strings.HasPrefix(a.Key, "hx-on"):
				t.Errorf("%s: attribute %s of <%s>", what, a.Key, n.Data)
			case slices.Contains([]string{"href", "src", "action", "formaction", "hx-get", "hx-post"}, a.Key) && !within(a.Val):
				t.Errorf("%s: %s=%q of <%s> leads elsewhere", what, a.Key, a.Val, n.Data)
			}
		}
	}
}

// within reports whether a link stays in the console, or opens nothing that runs.
func within(link string) bool {
	return safePath(link) || link == "" || link[0] == '#' || link[0] == '?' || strings.HasPrefix(link, "mailto:")
}

// TestRoles opens every route as each role, and as nobody.
func TestRoles(t *testing.T) {
	for _, role := range []app.Role{app.RoleAdmin, app.RoleOperator, app.RoleDeveloper, app.RoleReadOnly} {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			c := r.as(roleEmails[role])
			for _, p := range routesOf(t, r) {
				got := c.copyOf().send(p.request())
				if p.pattern == "POST /signout" {
					c = r.as(roleEmails[role])
				}
				served(t, p, got)
				sealedPage(t, p.pattern, got)
				allowed := p.need.public || p.need.permission == "" || role.May(p.need.permission)
				switch refused := got.StatusCode == http.StatusForbidden || got.StatusCode == http.StatusUnauthorized; {
				case !allowed && got.StatusCode != http.StatusForbidden:
					t.Errorf("%s: status %d, want 403", p.pattern, got.StatusCode)
				case allowed && refused && !p.need.public && (p.pattern != "POST /projects" || role == app.RoleAdmin):
					t.Errorf("%s: status %d:\n%s", p.pattern, got.StatusCode, cutText(got.text()))
				}
				if role == app.RoleReadOnly {
					holdsNoSecret(t, p.pattern, got)
				}
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		routes := routesOf(t, r) // adds what they are about
		before := len(r.audit())
		for _, p := range routes {
			got := r.nobody().send(p.request())
			served(t, p, got)
			sealedPage(t, p.pattern, got)
			holdsNoSecret(t, p.pattern, got)
			switch asks := got.StatusCode == http.StatusUnauthorized && strings.Contains(got.body, `action="/signin"`); {
			case p.need.public && asks && p.pattern != "POST /signin":
				t.Errorf("%s: asks to sign in", p.pattern)
			case !p.need.public && !asks:
				t.Errorf("%s: status %d, want the page to sign in", p.pattern, got.StatusCode)
			}
		}
		if n := len(r.audit()); n != before {
			t.Errorf("nobody left %d entries in the audit log", n-before)
		}
	})
}

func holdsNoSecret(t *testing.T, what string, got *reply) {
	t.Helper()
	for _, secret := range []string{"PRIVATE KEY", "sgu_"} {
		if strings.Contains(got.body, secret) {
			t.Errorf("%s holds %q", what, secret)
		}
	}
}

// TestStrangerToTheProject sees nothing of it, and nothing that it exists.
func TestStrangerToTheProject(t *testing.T) {
	r := newRig(t)
	r.account("sam@example.com", false)
	c := r.as("sam@example.com")
	for _, p := range routesOf(t, r) {
		if p.need.permission == "" {
			continue
		}
		got := c.send(p.request())
		served(t, p, got)
		if got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", p.pattern, got.StatusCode)
		}
		unknown := routed{p.pattern, p.method, strings.Replace(p.path, app.DemoProject, "other", 1), p.need}
		if other := c.send(unknown.request()); other.text() != got.text() {
			t.Errorf("%s tells a project that exists from one that does not:\n%s\n%s", p.pattern, got.text(), other.text())
		}
	}
}

// TestCrossOrigin: a form that another site has a signed-in browser send is
// refused, on every route that changes something, and nothing is stored.
func TestCrossOrigin(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	routes := routesOf(t, r)
	before := r.everything()
	hostile := []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
		{"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://other.example.com"}},
		{"Origin": {"https://evil.example"}}, // a browser too old for Sec-Fetch-Site
		{"Origin": {"null"}},                 // a sandboxed frame
	}
	posts := 0
	for _, p := range routes {
		if p.method == http.MethodGet {
			continue
		}
		posts++
		for _, headers := range hostile {
			req := p.request()
			req.Header.Del("Sec-Fetch-Site")
			for name, value := range headers {
				req.Header[name] = value
			}
			got := c.copyOf().send(req)
			served(t, p, got)
			if got.StatusCode != http.StatusForbidden || !strings.Contains(got.text(), "another site") {
				t.Errorf("%s with %v: status %d, want 403", p.pattern, headers, got.StatusCode)
			}
			if len(got.Cookies()) != 0 {
				t.Errorf("%s with %v sets a cookie", p.pattern, headers)
			}
		}
	}
	if posts < 5 {
		t.Fatalf("only %d routes that change something", posts)
	}
	if after := r.everything(); after != before {
		t.Errorf("something was stored:\n%s\nbefore:\n%s", after, before)
	}
	// The same forms from this console are not refused for where they come from.
	for _, site := range []string{"same-origin", "none"} {
		req := httptest.NewRequest(http.MethodPost, "/theme", strings.NewReader("theme=dark"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", site)
		c.send(req).redirects("/")
	}
}

// everything sums up what the store holds: what a refused request must not change.
func (r *rig) everything() string {
	r.t.Helper()
	entries := r.audit()
	last := entries[len(entries)-1]
	users := ""
	for _, service := range []string{"kafka-orders", "kafka-clickstream"} {
		rows, _, err := r.app.FindUsers(r.t.Context(), app.System(), app.DemoProject, service, app.UserFilter{}, app.Page{Limit: 100}, t0)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, u := range rows {
			users += fmt.Sprintf("%s %d %s\n", u.Name, u.Current.Generation, u.State)
		}
	}
	return fmt.Sprintf("%d entries, last %d %s\n%s", len(entries), last.Seq, last.Action, users)
}

// formless are the routes that read no form.
var formless = []string{
	"POST /signout", "POST " + inProject + "/settings/test-mail", "POST " + inProject + "/outbox/{message}/retry",
}

// TestLargeForms: a form beyond the limit is refused everywhere, and a page says so.
func TestLargeForms(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	routes := routesOf(t, r) // adds what they are about
	before := r.everything()
	large := "x=" + strings.Repeat("a", maxForm)
	for _, p := range routes {
		if p.method == http.MethodGet || slices.Contains(formless, p.pattern) {
			continue
		}
		req := httptest.NewRequest(p.method, p.path, strings.NewReader(large))
		req.Header = p.request().Header
		got := c.send(req)
		served(t, p, got)
		if got.StatusCode < 400 {
			t.Errorf("%s: status %d for a form of %d bytes", p.pattern, got.StatusCode, len(large))
		}
	}
	if after := r.everything(); after != before {
		t.Errorf("something was stored:\n%s\nbefore:\n%s", after, before)
	}
}

// TestNoSuchPage: what does not exist is a page that leads on, and a method that a
// page does not take is refused as such.
func TestNoSuchPage(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	for _, path := range []string{
		"/nowhere", demo + "/nowhere", "/projects/nowhere", demo + "/services/nowhere/users", "/assets/nowhere.js",
		demo + "/services/kafka-orders/users/nobody-here/x/y/z", "/index.php", "/.git/config",
	} {
		got := c.get(path).status(http.StatusNotFound)
		served(t, routed{pattern: path}, got)
	}
	for method, path := range map[string]string{
		http.MethodPost: "/projects/demo", http.MethodDelete: users, http.MethodPut: "/signin", http.MethodPatch: "/theme",
	} {
		req := httptest.NewRequest(method, path, nil)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		got := c.send(req).status(http.StatusMethodNotAllowed)
		served(t, routed{pattern: method + " " + path}, got)
		if got.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", method, path)
		}
	}
}

// TestMakeProject: the instance's administrator alone makes projects; a name that
// is refused is kept.
func TestMakeProject(t *testing.T) {
	r := newRig(t)
	admin := r.admin()
	kept := admin.get("/projects").ok().submit("/projects", "project", "no spaces here").status(http.StatusUnprocessableEntity)
	if kept.field("project") != "no spaces here" {
		t.Error("the name is not kept")
	}
	kept.submit("/projects", "project", app.DemoProject).status(http.StatusConflict)
	kept.submit("/projects", "project", "shop").redirects("/projects/shop/services").follow().ok().shows("Project shop is made", "No service yet")
	operator := r.operator()
	operator.get("/projects").ok().lacks("New project", "shop")
	operator.post("/projects", "project", "mine").status(http.StatusForbidden)
	admin.get("/projects").lacks("mine")
}
