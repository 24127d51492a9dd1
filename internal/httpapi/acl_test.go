package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/segue-project/segue/api"
)

func TestWireOfACLs(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		c := r.fill()
		record := recorder(func(name, method, target, body string) {
			t.Helper()
			c.recorded(name, method, target, body)
		})
		record("acl_add", "POST", orders+"/acl?limit=999", `{"permission":"readwrite","topic":"orders.*","username":"writer"}`)
		record("acl_add_second", "POST", orders+"/acl", `{"permission":"read","topic":"*","username":"*","future":[1]}`)
		record("acl_list", "GET", orders+"/acl", "")
		record("service_get_acl", "GET", orders+"?include_secrets=false", "")
		var reply api.ACLReply
		c.ok("GET", orders+"/acl", "", &reply)
		record("acl_delete", "DELETE", orders+"/acl/"+reply.ACL[0].ID, "")
	})
}

func TestACLsAreRefused(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	row := `{"permission":"read","topic":"orders","username":"writer"}`
	c.ok("POST", orders+"/acl", row, nil)
	if e := c.refused("POST", orders+"/acl", row, http.StatusConflict); !strings.Contains(e.Message, "already exists") {
		t.Errorf("a second row of the same: %q", e.Message)
	}
	for body, field := range map[string]string{
		`{"permission":"own","topic":"t","username":"u"}`:      "permission",
		`{"permission":"read","topic":"a?","username":"u"}`:    "topic",
		`{"permission":"read","topic":"t","username":"dev*"}`:  "username",
		`{"permission":"read","topic":"t"}`:                    "username",
		`{"permission":null,"topic":"t","username":"u"}`:       "permission",
		`{"permission":"read","topic":"*.t","username":"u"}`:   "topic",
		`{"permission":"read","topic":"","username":"writer"}`: "topic",
	} {
		if e := c.refused("POST", orders+"/acl", body, http.StatusBadRequest); !strings.HasPrefix(e.Message, field+" must be") {
			t.Errorf("%s: %q does not name %s", body, e.Message, field)
		}
	}
	// What Terraform deletes of a service that should have no default row.
	for _, path := range []string{"/acl/default", "/kafka/schema-registry/acl/default-sr-admin-config", "/acl/acl0123456789abcdef"} {
		if e := c.refused("DELETE", orders+path, "", http.StatusNotFound); strings.Contains(e.Message, "does not exist") {
			t.Errorf("%s: Go clients try again for a minute after %q", path, e.Message)
		}
	}
	if e := c.refused("GET", orders+"/acl-diff", "", http.StatusConflict); !strings.Contains(e.Message, "broker-kit") {
		t.Errorf("comparing without a kit: %q", e.Message)
	}
}

func TestComponents(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	ways := func(config string) string {
		c.ok("PUT", orders, `{"user_config":{"bootstrap_servers":"k:9092",`+config+`}}`, nil)
		var all []string
		for _, w := range c.service(orders).Components {
			all = append(all, w.KafkaAuthenticationMethod+"@"+w.Host)
		}
		return strings.Join(all, " ")
	}
	for _, w := range []struct{ config, want string }{
		{`"plain":true`, "certificate@k"},
		{`"kafka_authentication_methods":{"sasl":true}`, "certificate@k"}, // it is not known where
		{`"sasl_bootstrap_servers":"s:9097"`, "certificate@k sasl@s"},
		{`"kafka_authentication_methods":{"certificate":false}`, "sasl@s"},
		{`"sasl_bootstrap_servers":null`, "sasl@k"},
		{`"kafka_authentication_methods":{"certificate":null,"sasl":false},"sasl_bootstrap_servers":"s:9097"`, "certificate@k"},
	} {
		if got := ways(w.config); got != w.want {
			t.Errorf("with %s: %s, want %s", w.config, got, w.want)
		}
	}
	c.refused("PUT", orders, `{"user_config":{"sasl_bootstrap_servers":"nowhere"}}`, http.StatusBadRequest)
}
