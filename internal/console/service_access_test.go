package console

import (
	"net/http"
	"testing"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// someACL is the id of a row of the access list of kafka-orders, which it adds
// where there is none.
func (r *rig) someACL() string {
	r.t.Helper()
	list, err := r.app.ListACL(r.t.Context(), app.System(), app.DemoProject, "kafka-orders", r.now)
	if err == nil && len(list.Rows) == 0 {
		g := lifecycle.Grant{Permission: lifecycle.PermissionRead, Topic: "orders", Username: "orders-writer"}
		list, err = r.app.AddACL(r.t.Context(), app.System(), app.DemoProject, "kafka-orders", g, r.now)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return app.ACLID(list.Rows[0].ID)
}

func TestAccessList(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	const access = demo + "/services/kafka-orders/access"
	c.get(access).ok().shows("No row yet: no user may do anything")
	c.post(access+"/new", "username", "orders-writer", "topic", " orders.* ", "permission", "readwrite").
		redirects(access).follow().shows("The row is added. Not applied yet: Segue does not know how to reach the brokers", "orders.*", "Not applied yet")
	c.post(access+"/new", "username", "*", "topic", "audit", "permission", "read").redirects(access).follow().shows("every user")
	c.post(access+"/new", "username", "*", "topic", "audit", "permission", "read").status(http.StatusConflict).shows("already exists")
	c.post(access+"/new", "username", "a*", "topic", "audit", "permission", "read").status(http.StatusUnprocessableEntity).shows("Username must be")

	id := r.someACL() // the oldest
	c.get(access+"/"+id+"/delete").ok().shows("orders-writer", "orders.*")
	c.post(access + "/" + id + "/delete").redirects(access)
	c.get(access + "/" + id + "/delete").status(http.StatusNotFound)
	if page := c.get(access).ok(); len(page.all("tr", "data-row", "*")) != 1 {
		t.Errorf("%d rows are left", len(page.all("tr", "data-row", "*")))
	}
}
