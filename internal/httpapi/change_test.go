package httpapi

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"github.com/segue-project/segue/api"
)

// config is user_config to the last digit.
func (c caller) config(target string) string {
	c.t.Helper()
	var reply struct {
		Service struct {
			UserConfig json.RawMessage `json:"user_config"`
		} `json:"service"`
	}
	c.ok("GET", target, "", &reply)
	return string(reply.Service.UserConfig)
}

// user_config is merged key by key into nested objects, null takes a key away, and
// what is not named stays.
func TestUserConfigIsMerged(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		c := r.admin()
		c.ok("POST", "/v1/project", `{"project":"shop"}`, nil)
		c.ok("POST", shop+"/service", `{"service_name":"orders","user_config":{"gone":null,"kafka":{"a":1}}}`, nil)
		for _, step := range []struct{ patch, want string }{
			{`{}`, `{"kafka":{"a":1}}`},
			{`{"kafka":{"b":12345678901234567890}}`, `{"kafka":{"a":1,"b":12345678901234567890}}`},
			{`{"kafka":{"a":null,"c":{"d":null,"e":[null]}}}`, `{"kafka":{"b":12345678901234567890,"c":{"e":[null]}}}`},
			{`{"kafka":{"c":7},"never":null}`, `{"kafka":{"b":12345678901234567890,"c":7}}`},
			{`{"kafka":{"c":{"x":true}}}`, `{"kafka":{"b":12345678901234567890,"c":{"x":true}}}`},
			{`{"kafka":null}`, `{}`},
		} {
			c.ok("PUT", orders, `{"user_config":`+step.patch+`}`, nil)
			if got := c.config(orders); got != step.want {
				t.Errorf("after %s: %s, want %s", step.patch, got, step.want)
			}
		}
		c.ok("PUT", orders, `{"user_config":null,"plan":null,"tech_emails":null,"termination_protection":null}`, nil)
		if s := c.service(orders); s.Plan != "" || len(s.TechEmails) != 0 || s.TerminationProtection {
			t.Errorf("null changed %+v", s)
		}
	})
}

// Every update of avn names user_config: {}: what changes nothing is no change.
func TestUpdateThatChangesNothing(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	before := len(r.audit("shop"))
	r.now = r.now.AddDate(0, 0, 1)
	c.ok("PUT", orders, `{"user_config":{},"plan":"business-4","powered":true}`, nil)
	updates := 0
	for _, e := range r.audit("shop")[before:] {
		if e.Action == "service.update" {
			updates++
		}
	}
	if s := c.service(orders); updates != 0 || s.UpdateTime.Equal(r.now) {
		t.Errorf("nothing changed, but %d audit entries and update_time %s", updates, s.UpdateTime)
	}
}

func TestTerminationProtection(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		c := r.fill()
		c.ok("PUT", orders, `{"termination_protection":true}`, nil)
		c.refused("DELETE", orders, "", http.StatusConflict)
		if !c.service(orders).TerminationProtection {
			t.Error("the service does not say that it is protected")
		}
		c.ok("PUT", orders, `{"termination_protection":false}`, nil)
		c.ok("DELETE", orders, "", nil)
	})
}

// Terraform has no field for an address; its tags come after the service runs.
func TestAddressByTag(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.ok("POST", "/v1/project", `{"project":"shop"}`, nil)
	c.ok("POST", shop+"/service", `{"service_name":"orders"}`, nil)
	c.ok("PUT", orders+"/tags", `{"tags":{"segue_bootstrap_servers":"kafka-1.example.com:9093"}}`, nil)
	if s := c.service(orders); s.ServiceURI != "kafka-1.example.com:9093" {
		t.Errorf("by its tag the address is %s", s.ServiceURI)
	}
	c.ok("PUT", orders, `{"user_config":{"bootstrap_servers":"kafka-2.example.com:9093"}}`, nil)
	if s := c.service(orders); s.ServiceURI != "kafka-2.example.com:9093" {
		t.Errorf("user_config comes first, but the address is %s", s.ServiceURI)
	}
	c.ok("PUT", orders, `{"user_config":{"bootstrap_servers":null}}`, nil)
	c.ok("PUT", orders+"/tags", `{"tags":{}}`, nil)
	if s := c.service(orders); s.ServiceURI != noAddress {
		t.Errorf("without any the address is %s", s.ServiceURI)
	}
}

// organizationOf is the first name of the project that a certificate is for.
func organizationOf(t *testing.T, certPEM string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(certPEM))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert.Subject.Organization[0]
}

// A rename changes no certificate, and the name it leaves can be taken, but never
// be mistaken for the one before.
func TestRenamedProject(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		c := r.fill()
		var renamed api.ProjectReply
		c.ok("PUT", shop, `{"project_name":"store"}`, &renamed)
		if renamed.Project.ProjectName != "store" {
			t.Errorf("renamed to %+v", renamed.Project)
		}
		c.refused("GET", shop, "", http.StatusNotFound)
		const store = "/v1/project/store"
		c.ok("POST", store+"/service/orders/user", `{"username":"reader"}`, nil)
		if org := organizationOf(t, *c.user(store + "/service/orders/user/reader").AccessCert); org != "shop" {
			t.Errorf("after the rename a certificate is for %q", org)
		}
		c.ok("POST", "/v1/project", `{"project":"shop"}`, nil)
		c.refused("PUT", store, `{"project_name":"shop"}`, http.StatusConflict)
		c.ok("POST", shop+"/service", `{"service_name":"orders"}`, nil)
		if org := organizationOf(t, *c.user(orders + "/user/avnadmin").AccessCert); org != "shop-2" {
			t.Errorf("a certificate of the new project is for %q, want shop-2", org)
		}
		r.clean()
	})
}

func TestDeletedProject(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		c := r.fill()
		cert := *c.user(writer).AccessCert
		e := c.refused("DELETE", shop, "", http.StatusConflict)
		if !strings.Contains(e.Message, "orders") {
			t.Errorf("%q does not say what is left", e.Message)
		}
		token := c.invite("ada@example.com", "admin")
		c.ok("DELETE", orders, "", nil)
		c.ok("DELETE", shop, "", nil)
		c.refused("GET", shop, "", http.StatusNotFound)
		c.refused("DELETE", shop, "", http.StatusNotFound)
		r.nobody().refused("POST", "/v1/invitation/accept", `{"token":"`+token+`","password":"`+password+`","real_name":""}`, http.StatusUnauthorized)
		var list api.ProjectsReply
		if c.ok("GET", "/v1/project", "", &list); len(list.Projects) != 0 {
			t.Errorf("a deleted project is listed: %+v", list.Projects)
		}
		if revoked := revokedIn(t, fetchCRL(t, r, cert)); revoked != 2 {
			t.Errorf("the list of the deleted project's authority revokes %d pairs, want 2", revoked)
		}
		c.ok("POST", "/v1/project", `{"project":"shop"}`, nil)
		c.ok("POST", shop+"/service", `{"service_name":"orders"}`, nil)
		if org := organizationOf(t, *c.user(orders + "/user/avnadmin").AccessCert); org != "shop-2" {
			t.Errorf("a certificate of the new project is for %q, want shop-2", org)
		}
		r.clean()
	})
}

func fetchCRL(t *testing.T, r *rig, certPEM string) []byte {
	t.Helper()
	var b strings.Builder
	if _, err := copyTo(&b, r.nobody().do("GET", crlPathOf(t, certPEM), "")); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}
