package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

// member adds an account with a role in project shop.
func (r *rig) member(email string, role app.Role) {
	r.t.Helper()
	a := r.account(email, false)
	r.write(func(tx app.Tx) error {
		p, err := tx.ProjectByName(r.t.Context(), "shop")
		if err != nil {
			return err
		}
		return tx.SetRole(r.t.Context(), p.ID, a.ID, role, r.now)
	})
}

var roles = []app.Role{app.RoleAdmin, app.RoleOperator, app.RoleDeveloper, app.RoleReadOnly}

// Which roles may make each call; every call of a project is here.
var permitted = map[string]struct {
	body string
	who  []app.Role
}{
	"GET " + atProject + "/users":                 {"", roles},
	"GET " + atProject + "/contacts":              {"", roles},
	"GET " + atProject + "/channels":              {"", roles},
	"GET " + atProject + "/deliveries":            {"", roles},
	"GET " + atProject + "/notify/preview":        {"", roles},
	"GET " + atProject + "/audit":                 {"", roles},
	"GET " + atProject + "/audit/export":          {"", roles},
	"GET " + atProject + "/audit/verify":          {"", roles},
	"GET " + atService + "/users":                 {"", roles},
	"GET " + atService + "/contacts":              {"", roles},
	"GET " + atService + "/recipients":            {"", roles},
	"DELETE " + atUser + "/snooze":                {"", roles[:3]},
	"PUT " + atProject + "/contacts":              {`{"tech_emails":[]}`, roles[:2]},
	"PUT " + atService + "/contacts":              {`{"tech_emails":[]}`, roles[:2]},
	"POST " + atProject + "/channels":             {`{"name":"NEW","kind":"webhook","url":"https://hooks.example.com/segue"}`, roles[:2]},
	"POST " + atProject + "/invite":               {`{"user_email":"NEW@example.com"}`, roles[:1]},
	"GET " + atProject:                            {"", roles},
	"GET " + atProject + "/kms/ca":                {"", roles},
	"GET " + atProject + "/vpcs":                  {"", roles},
	"GET " + atProject + "/service_types":         {"", roles},
	"GET " + atProject + "/service-types/{type}":  {"", roles},
	"GET " + atProject + "/renewals":              {"", roles},
	"GET " + atProject + "/policy":                {"", roles},
	"GET " + atProject + "/service":               {"", roles},
	"GET " + atService:                            {"", roles},
	"GET " + atService + "/policy":                {"", roles},
	"GET " + atUser:                               {"", roles},
	"GET " + atProject + "/static-ips":            {"", roles},
	"PUT " + atUser + "/credentials/reset":        {"", roles[:3]},
	"POST " + atUser + "/reset-credentials":       {"", roles[:3]},
	"PUT " + atService + "/credentials/reset":     {"", roles[:3]},
	"PUT " + atProject:                            {`{"tech_emails":[]}`, roles[:2]},
	"GET " + atProject + "/tags":                  {"", roles},
	"PUT " + atProject + "/tags":                  {`{"tags":{"team":"orders"}}`, roles[:2]},
	"PATCH " + atProject + "/tags":                {`{"tags":{"team":null}}`, roles[:2]},
	"PUT " + atService:                            {`{"user_config":{},"plan":"business-8"}`, roles[:2]},
	"GET " + atService + "/tags":                  {"", roles},
	"PUT " + atService + "/tags":                  {`{"tags":{"team":"orders"}}`, roles[:2]},
	"PATCH " + atService + "/tags":                {`{"tags":{"team":null}}`, roles[:2]},
	"GET " + atUser + "/generations":              {"", roles},
	"GET " + atUser + "/generations/{generation}": {"", roles[:3]},
	"POST " + atService + "/user":                 {`{"username":"NEW"}`, roles[:3]},
	"PUT " + atUser:                               {`{"operation":"acknowledge-renewal"}`, roles[:3]},
	"PUT " + atUser + " ":                         {`{"operation":"reset-credentials"}`, roles[:3]},
	"PUT " + atUser + "  ":                        {`{"operation":"reset-credentials","new_password":"12345678"}`, roles[:3]},
	"POST " + atUser + "/renew":                   {"", roles[:3]},
	"POST " + atUser + "/csr":                     {`{"csr":"CSR"}`, roles[:3]},
	"PUT " + atUser + "   ":                       {`{"operation":"reset-credentials","csr":"CSR"}`, roles[:3]},
	"POST " + atService + "/user ":                {`{"username":"NEW","csr":"CSR"}`, roles[:3]},
	"POST " + atUser + "/bundle":                  {`{"format":"pkcs12"}`, roles[:3]},
	"DELETE " + atUser:                            {"", roles[:3]},
	"POST " + atProject + "/service":              {`{"service_name":"NEW"}`, roles[:2]},
	"DELETE " + atService:                         {"", roles[:2]},
	"PUT " + atProject + "/policy":                {`{"spread":"1m","confirm":true}`, roles[:2]},
	"PUT " + atService + "/policy":                {`{"spread":"1m","confirm":true}`, roles[:2]},
	"GET " + atService + "/acl":                   {"", roles},
	"POST " + atService + "/acl":                  {`{"permission":"readwrite","topic":"orders.*","username":"writer"}`, roles[:3]},
	"POST " + atService + "/broker-kit":           {`{"brokers":[{"id":1,"host":"kafka-1.example.com"}]}`, roles[:1]},
}

// missing are calls about something that is not there: whoever may make them is
// told that, or what stands in the way, and everybody else learns only 403.
var missing = map[string]struct {
	body   string
	who    []app.Role
	status int
}{
	"GET " + atProject + "/deliveries/{delivery}":              {"", roles, http.StatusNotFound},
	"POST " + atProject + "/deliveries/{delivery}/retry":       {"", roles[:2], http.StatusNotFound},
	"DELETE " + atProject + "/channels/{channel}":              {"", roles[:2], http.StatusNotFound},
	"POST " + atProject + "/channels/{channel}/test":           {"", roles[:2], http.StatusNotFound},
	"POST " + atProject + "/notify/test":                       {"", roles[:2], http.StatusConflict},
	"POST " + atUser + "/snooze":                               {`{"until":"2040-01-01T00:00:00Z","reason":"holiday"}`, roles[:3], http.StatusConflict},
	"GET " + atService + "/acl-diff":                           {"", roles, http.StatusConflict}, // no kit was made
	"DELETE " + atService + "/acl/{acl}":                       {"", roles[:3], http.StatusNotFound},
	"DELETE " + atService + "/kafka/schema-registry/acl/{acl}": {"", roles, http.StatusNotFound},
	"DELETE " + atProject + "/invite/{email}":                  {"", roles[:1], http.StatusNotFound},
	"DELETE " + atProject:                                      {"", roles[:1], http.StatusConflict},
	"PUT " + atProject + "/user/{email}":                       {`{"member_type":"operator"}`, roles[:1], http.StatusNotFound},
	"DELETE " + atProject + "/user/{email}":                    {"", roles[:1], http.StatusNotFound},
}

func denials(log []app.AuditEntry) (denied []app.AuditEntry) {
	for _, e := range log {
		if e.Action == "denied" {
			denied = append(denied, e)
		}
	}
	return denied
}

// read_only sees no secret anywhere, and yet every key that clients need.
func TestReadOnlySeesNoSecret(t *testing.T) {
	r := newRig(t)
	admin := r.fill()
	secret := admin.user(writer)
	r.member("auditor@example.com", app.RoleReadOnly)
	c := r.signIn("auditor@example.com")
	for _, call := range r.calls() {
		method, path, _ := strings.Cut(call, " ")
		if method != "GET" || strings.HasPrefix(path, "/crl") {
			continue
		}
		res := c.do(method, withPath(path, existing)+"?include_secrets=true", "")
		var b strings.Builder
		if _, err := copyTo(&b, res); err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string]string{
			"a private key": "PRIVATE KEY", "the password": secret.Password, "a user's certificate": firstLine(*secret.AccessCert),
		} {
			if strings.Contains(b.String(), text) {
				t.Errorf("%s shows %s to read_only", call, what)
			}
		}
	}
	u := c.user(writer)
	if u.Password != api.Redacted || u.AccessCert != nil || u.AccessKey != nil || u.AccessCertNotValidAfterTime.IsZero() {
		t.Errorf("read_only sees the user as %+v", u)
	}
	if info := c.service(orders).ConnectionInfo; info.KafkaAccessCert != "" || info.KafkaAccessKey != "" || len(info.Kafka) != 2 {
		t.Errorf("read_only sees connection_info %+v", info)
	}
}

// Somebody without a role is told what somebody is told whose project does not exist.
func TestStrangersLearnNothing(t *testing.T) {
	r := newRig(t)
	r.fill()
	r.account("stranger@example.com", false)
	c := r.signIn("stranger@example.com")
	is := c.refused("GET", orders, "", http.StatusNotFound)
	isNot := c.refused("GET", "/v1/project/nothing/service/orders", "", http.StatusNotFound)
	if is.Message != isNot.Message {
		t.Errorf("%q and %q tell them apart", is.Message, isNot.Message)
	}
	var list api.ProjectsReply
	if c.ok("GET", "/v1/project", "", &list); len(list.Projects) != 0 {
		t.Errorf("a stranger sees %+v", list.Projects)
	}
	c.refused("POST", "/v1/project", `{"project":"mine"}`, http.StatusForbidden)
	if denied := denials(r.audit("")); len(denied) != 1 {
		t.Errorf("making a project is audited as %+v", denied)
	}
}

// Reading keys is audited once a request, with their number.
func TestSightOfKeysIsAudited(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	sights := func() (details []string) {
		for _, e := range r.audit("shop") {
			if e.Action == "keys.read" {
				details = append(details, e.Detail)
			}
		}
		return details
	}
	before := len(sights())
	c.service(orders)
	c.user(writer)
	c.ok("GET", writer+"/generations/1", "", nil)
	c.ok("POST", writer+"/bundle", `{"format":"pem"}`, nil)
	c.ok("GET", writer+"/generations", "", nil) // holds no key
	c.ok("GET", shop+"/service", "", nil)       // neither
	c.ok("GET", orders+"/users", "", nil)
	c.ok("GET", orders+"?include_secrets=false", "", nil)
	c.ok("GET", writer+"?include_secrets=false", "", nil)
	got := sights()[before:]
	if len(got) != 4 || !strings.Contains(got[0], `"keys":2`) || !strings.Contains(got[1], `"keys":1`) || !strings.Contains(got[2], c.address) || got[3] != got[2] {
		t.Errorf("sights of keys: %v", got)
	}
}
