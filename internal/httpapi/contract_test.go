package httpapi

import (
	"slices"
	"testing"
)

// contract are the calls that existing clients make.
var contract = []string{
	"POST /v1/userauth", "GET /v1/me",
	"GET /v1/access_token", "POST /v1/access_token", "PUT " + atAccessToken, "DELETE " + atAccessToken,
	"GET /v1/organization/{organization}",
	"GET /v1/project", "POST /v1/project", "GET " + atProject, "PUT " + atProject, "DELETE " + atProject,
	"GET " + atProject + "/kms/ca", "GET " + atProject + "/vpcs", "GET " + atProject + "/static-ips",
	"GET " + atProject + "/service_types", "GET " + atProject + "/service-types/{type}",
	"GET " + atProject + "/tags", "PUT " + atProject + "/tags", "PATCH " + atProject + "/tags",
	"GET " + atProject + "/users", "POST " + atProject + "/invite", "DELETE " + atProject + "/invite/{email}",
	"PUT " + atProject + "/user/{email}", "DELETE " + atProject + "/user/{email}",
	"GET " + atProject + "/service", "POST " + atProject + "/service",
	"GET " + atService, "PUT " + atService, "DELETE " + atService,
	"GET " + atService + "/tags", "PUT " + atService + "/tags", "PATCH " + atService + "/tags",
	"PUT " + atService + "/credentials/reset",
	"POST " + atService + "/user", "GET " + atUser, "PUT " + atUser, "DELETE " + atUser,
	"PUT " + atUser + "/credentials/reset", "POST " + atUser + "/reset-credentials",
}

// asked are calls that clients make and whose 404 they take as an answer.
var asked = [][2]string{
	{"GET", shop + "/service-types/kafka/plans/business-4"},
	{"DELETE", orders + "/kafka/schema-registry/acl/default"},
}

func TestEveryCallOfTheContract(t *testing.T) {
	r := newRig(t)
	served := r.calls()
	for _, call := range contract {
		if !slices.Contains(served, call) {
			t.Errorf("%s is not served", call)
		}
	}
	c := r.fill()
	for _, call := range asked {
		c.refused(call[0], call[1], "", 404)
	}
}

// The older paths of a reset do what the newer one does, with no body at all.
func TestOlderPathsOfReset(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	for i, call := range [][2]string{{"PUT", writer + "/credentials/reset"}, {"POST", writer + "/reset-credentials"}} {
		before := c.user(writer)
		c.ok(call[0], call[1], "", nil)
		after := c.user(writer)
		if after.Generation != i+2 || *after.AccessKey == *before.AccessKey || after.Password == before.Password {
			t.Errorf("after %s: generation %d", call, after.Generation)
		}
	}
	c.ok("PUT", orders+"/credentials/reset", "", nil)
	if u := c.user(orders + "/user/avnadmin"); u.Generation != 2 {
		t.Errorf("the service's reset left avnadmin at generation %d", u.Generation)
	}
}
