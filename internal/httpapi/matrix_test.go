package httpapi

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

// asker is somebody who makes calls: from who may the least to who may the most.
type asker int

const (
	asNobody asker = iota
	asStranger
	asReader
	asDeveloper
	asOperator
	asAdmin
	asAdministrator
)

// askers are all of them, with the role that each has in project shop.
var askers = []struct {
	name string // at the head of its column of docs/roles.md
	role app.Role
}{
	asNobody:        {"no token", ""},
	asStranger:      {"no role", ""},
	asReader:        {"`read_only`", app.RoleReadOnly},
	asDeveloper:     {"`developer`", app.RoleDeveloper},
	asOperator:      {"`operator`", app.RoleOperator},
	asAdmin:         {"`admin`", app.RoleAdmin},
	asAdministrator: {"administrator", ""},
}

// beyond are the calls that are about no project, and who may make them at least.
var beyond = map[string]struct {
	body   string
	least  asker
	status int
}{
	"GET /livez":                             {"", asNobody, http.StatusOK},
	"GET /readyz":                            {"", asNobody, http.StatusOK},
	"GET /crl/{file}":                        {"", asNobody, http.StatusOK},
	"POST /v1/userauth":                      {`{"email":"` + ownerEmail + `","password":"` + password + `"}`, asNobody, http.StatusOK},
	"POST /v1/setup":                         {`{"token":"of no link","password":"` + password + `"}`, asNobody, http.StatusUnauthorized},
	"POST /v1/invitation/accept":             {`{"token":"of no invitation","password":"` + password + `"}`, asNobody, http.StatusUnauthorized},
	"GET /v1/me":                             {"", asStranger, http.StatusOK},
	"GET /v1/organization/{organization}":    {"", asStranger, http.StatusOK},
	"GET /v1/project":                        {"", asStranger, http.StatusOK},
	"POST /v1/project":                       {`{"project":"NEW"}`, asAdministrator, http.StatusOK},
	"GET /v1/access_token":                   {"", asStranger, http.StatusOK},
	"POST /v1/access_token":                  {`{"description":"laptop"}`, asStranger, http.StatusOK},
	"PUT /v1/access_token/{token_prefix}":    {`{"description":"laptop"}`, asStranger, http.StatusOK},
	"DELETE /v1/access_token/{token_prefix}": {"", asStranger, http.StatusOK},
}

// right is who may make a call, and what a try of it looks like.
type right struct {
	call   string // "METHOD path"
	body   string
	least  asker
	status int // what whoever may gets
}

// leastOf is who may make the calls that are for the first n roles.
func leastOf(who []app.Role) asker { return asAdministrator - asker(len(who)) }

// rights are the tables of who may make which call, in the order of the calls.
func rights() (all []right) {
	for call, p := range permitted {
		all = append(all, right{strings.TrimSpace(call), p.body, leastOf(p.who), http.StatusOK})
	}
	for call, p := range missing {
		all = append(all, right{strings.TrimSpace(call), p.body, leastOf(p.who), p.status})
	}
	for call, p := range beyond {
		all = append(all, right{call, p.body, p.least, p.status})
	}
	slices.SortFunc(all, func(a, b right) int { return cmp.Or(cmp.Compare(a.call, b.call), cmp.Compare(a.body, b.body)) })
	return all
}

// refusal is what an asker gets who may not make the call; 0 for one who may.
func (r right) refusal(who asker) int {
	switch {
	case who >= r.least:
		return 0
	case who == asNobody:
		return http.StatusUnauthorized
	case who == asStranger && strings.Contains(r.call, "{project}"):
		return http.StatusNotFound
	}
	return http.StatusForbidden
}

// TestEveryCallHasARight: a new call needs a row that says who may make it.
func TestEveryCallHasARight(t *testing.T) {
	calls := newRig(t).calls()
	known := map[string]bool{}
	for _, r := range rights() {
		if known[r.call] = true; !slices.Contains(calls, r.call) {
			t.Errorf("%s has a row, and is no call", r.call)
		}
	}
	for _, call := range calls {
		if !known[call] {
			t.Errorf("%s: no row of permitted, missing or beyond says who may make it", call)
		}
	}
}

// TestRoles makes every call as everybody: it is done; or it is refused, the audit
// log says so, and the refusal tells nobody more than they may know.
func TestRoles(t *testing.T) {
	r := newRig(t)
	r.fill().ok("PUT", shop+"/policy", `{"validity":"1d","renew_before":"1h","spread":"0s"}`, nil)
	admin := r.admin() // and a renewal that awaits, so that there is something to preview
	admin.ok("POST", orders+"/user", `{"username":"renewed"}`, nil)
	r.now = r.now.Add(2 * time.Hour)
	r.admin().ok("POST", orders+"/user/renewed/renew", "", nil)
	for who := range askers {
		r.tryAll(asker(who))
	}
}

// emailOf is the address of an asker's account.
func emailOf(who asker) string {
	switch who {
	case asStranger:
		return "stranger@example.com"
	case asAdministrator:
		return ownerEmail
	}
	return string(askers[who].role) + "@example.com"
}

// as makes the asker's account and an access token of it.
func (r *rig) as(who asker) caller {
	r.t.Helper()
	switch who {
	case asNobody:
		return r.nobody()
	case asStranger:
		r.account(emailOf(who), false)
	case asAdministrator:
	default:
		r.member(emailOf(who), askers[who].role)
	}
	c := r.signIn(emailOf(who))
	var made api.AccessTokenCreated
	c.ok("POST", "/v1/access_token", `{"description":"roles"}`, &made)
	c.token = made.FullToken
	return c
}

// prepared is a try with what it needs: services of its own, and a token to name.
type prepared struct {
	right
	target  string
	body    string
	secrets []string // that whoever reads alone must not see
}

// tryAll makes every call as one asker.
func (r *rig) tryAll(who asker) {
	r.t.Helper()
	admin, c := r.admin(), r.as(who)
	var tries []prepared
	for i, call := range rights() {
		tries = append(tries, admin.prepare(call, c, fmt.Sprintf("try-%d-%d", who, i)))
	}
	r.now = r.now.Add(2 * time.Hour) // old enough to be renewed
	for _, try := range tries {
		r.now = r.now.Add(61 * time.Second) // a denial is audited once a minute
		c.try(who, try)
	}
}

func (c caller) prepare(call right, asking caller, name string) prepared {
	c.t.Helper()
	p := prepared{right: call}
	method, path, _ := strings.Cut(call.call, " ")
	if strings.Contains(path, "{service}") {
		c.ok("POST", shop+"/service", `{"service_name":"`+name+`","user_config":{"bootstrap_servers":"kafka-1.example.com:9093"}}`, nil)
		c.ok("POST", shop+"/service/"+name+"/user", `{"username":"writer"}`, nil)
		u := c.user(shop + "/service/" + name + "/user/writer")
		p.secrets = []string{u.Password, firstLine(*u.AccessCert)}
	}
	p.target = withPath(path, func(part string) string {
		switch part {
		case "service":
			return name
		case "file":
			return c.crlFile()
		case "token_prefix":
			return asking.tokenToName()
		}
		return existing(part)
	})
	if method == http.MethodGet { // clients send parameters and fields that Segue does not know
		p.target += "?limit=999&include_secrets=true"
	} else {
		p.target += "?future=%7B%7D"
	}
	p.body = strings.Replace(strings.NewReplacer("NEW", "new-"+name, `"CSR"`, newCSR(c.t, "")).Replace(call.body), "{", `{"future":{"a":[1]},`, 1)
	return p
}

// tokenToName is the prefix of another token of the caller's.
func (c caller) tokenToName() string {
	c.t.Helper()
	if c.token == "" {
		return existing("token_prefix")
	}
	var made api.AccessTokenCreated
	c.ok("POST", "/v1/access_token", `{"description":"to be named"}`, &made)
	return made.TokenPrefix
}

// crlFile is the revocation list of project shop's authority.
func (c caller) crlFile() string {
	c.t.Helper()
	var id int64
	err := c.store.Read(c.t.Context(), func(rd app.Reader) error {
		p, err := rd.ProjectByName(c.t.Context(), "shop")
		if err != nil {
			return err
		}
		ca, err := rd.ActiveCA(c.t.Context(), p.ID, 0, app.ProjectCA)
		id = ca.ID
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return fmt.Sprintf("%016x.crl", uint64(id))
}

// try makes a call and holds the reply, and what is audited, to the asker's right.
func (c caller) try(who asker, p prepared) {
	c.t.Helper()
	log := ""
	if strings.Contains(p.call, "{project}") {
		log = "shop"
	}
	before := len(denials(c.audit(log)))
	method, _, _ := strings.Cut(p.call, " ")
	res := c.do(method, p.target, p.body)
	denied := denials(c.audit(log))[before:]
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	want := cmp.Or(p.refusal(who), p.status)
	if res.StatusCode != want {
		c.t.Errorf("%s by %s: %d, want %d: %.300s", p.call, askers[who].name, res.StatusCode, want, text)
	}
	audited := 0
	if p.refusal(who) != 0 && who != asNobody {
		audited = 1
	}
	if len(denied) != audited || audited == 1 && denied[0].Actor != emailOf(who) {
		c.t.Errorf("%s by %s is audited as %+v, want %d denials", p.call, askers[who].name, denied, audited)
	}
	if who > asReader {
		return
	}
	for _, secret := range append(p.secrets, "PRIVATE KEY") {
		if strings.Contains(string(text), secret) {
			c.t.Errorf("%s shows %s a secret", p.call, askers[who].name)
		}
	}
}

// TestKindsOfTokens: each call that needs a token refuses what is none in the same
// words, before it looks at anything else, and takes an access token as it takes one
// of signing in.
func TestKindsOfTokens(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	access := func(age string) string {
		var made api.AccessTokenCreated
		c.ok("POST", "/v1/access_token", `{"description":"t"`+age+`}`, &made)
		return made.FullToken
	}
	revoked := access("")
	c.ok("DELETE", "/v1/access_token/"+revoked, "", nil)
	ended := access(`,"max_age_seconds":60`)
	session, _, err := r.server.App.OpenSession(t.Context(), ownerEmail, password, "10.9.9.9", "browser", r.now)
	if err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(2 * time.Minute)
	kinds := map[string]string{"none": "", "another's": "sgu_" + strings.Repeat("x", 49), "a revoked one": revoked, "one that ended": ended, "a browser's session": session}
	for _, call := range rights() {
		if call.least == asNobody {
			continue
		}
		method, path, _ := strings.Cut(call.call, " ")
		messages := map[string]bool{}
		for kind, token := range kinds {
			bad := caller{rig: r, token: token, address: "10.9.9.9"}
			res := bad.do(method, withPath(path, existing), call.body)
			if e := envelope(t, res); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s with %s: %d", call.call, kind, res.StatusCode)
			} else {
				messages[e.Message] = true
			}
		}
		if len(messages) > 1 {
			t.Errorf("%s tells bad tokens apart: %v", call.call, slices.Collect(maps.Keys(messages)))
		}
	}
	for _, token := range []string{c.token, access(""), access(`,"max_age_seconds":60`)} {
		caller{rig: r, token: token, address: "10.9.9.9"}.ok("GET", writer, "", nil)
	}
}

// rolesPage is for users; its tables are written here.
const (
	rolesPage  = "../../docs/roles.md"
	tablesFrom = "<!-- The tables below are written by go test ./internal/httpapi -run TestRolesPage -update -->\n"
	tablesTo   = "<!-- The tables end here. -->\n"
)

// TestRolesPage holds the page of roles to the rights that TestRoles tries; with
// -update it writes the page's tables again.
func TestRolesPage(t *testing.T) {
	page, err := os.ReadFile(rolesPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), tablesFrom)
	_, after, ends := strings.Cut(rest, tablesTo)
	if !begins || !ends {
		t.Fatalf("%s has lost the place of its tables", rolesPage)
	}
	want := before + tablesFrom + rightTables(newRig(t)) + tablesTo + after
	switch {
	case want == string(page):
	case !*update:
		t.Errorf("docs/roles.md is not what the API does: go test ./internal/httpapi -run TestRolesPage -update")
	default:
		if err := os.WriteFile(rolesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// rightTables are a table for each group of calls.
func rightTables(r *rig) string {
	least := map[string]right{}
	for _, right := range rights() {
		least[right.call] = right
	}
	spec := r.server.api.OpenAPI()
	var b strings.Builder
	for _, tag := range spec.Tags {
		fmt.Fprintf(&b, "\n### %s\n\n| Call |", tag.Name)
		for _, a := range askers {
			fmt.Fprintf(&b, " %s |", a.name)
		}
		b.WriteString("\n|---" + strings.Repeat("|---", len(askers)) + "|\n")
		for _, path := range slices.Sorted(maps.Keys(spec.Paths)) {
			item := spec.Paths[path]
			for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
				if op != nil && op.Tags[0] == tag.Name {
					writeRight(&b, op, least[op.Method+" "+path])
				}
			}
		}
	}
	b.WriteString("\n")
	return b.String()
}

func writeRight(w io.Writer, op *huma.Operation, right right) {
	fmt.Fprintf(w, "| %s<br>`%s %s` |", op.Summary, op.Method, op.Path)
	for who := range askers {
		if status := right.refusal(asker(who)); status != 0 {
			fmt.Fprintf(w, " %d |", status)
		} else {
			io.WriteString(w, " yes |")
		}
	}
	io.WriteString(w, "\n")
}
