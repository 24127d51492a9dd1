package e2e

import (
	"strings"
	"testing"

	"github.com/segue-project/segue/api"
)

// TestAvnACLs sets an access list with avn, and looks at what it then is.
func TestAvnACLs(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	a := startAvn(t, s)
	a.run(t, "service create main --project demo -t kafka --plan any --cloud any -c bootstrap_servers=127.0.0.1:9092")
	if out := a.run(t, "service acl-add main --project demo --permission readwrite --topic orders.* --username avnadmin"); !strings.Contains(out, "added") {
		t.Errorf("avn service acl-add printed %q", out)
	}
	a.run(t, "service acl-add main --project demo --permission read --topic * --username *")
	var rows []api.ACL
	a.json(t, "service acl-list main --project demo", &rows)
	if len(rows) != 2 || rows[0].Topic != "orders.*" || rows[1].Username != "*" || rows[1].Permission != "read" {
		t.Fatalf("avn service acl-list: %+v", rows)
	}
	if out := a.run(t, "service acl-list main --project demo"); !strings.Contains(out, rows[0].ID) {
		t.Errorf("avn service acl-list printed\n%s", out)
	}
	if out := a.fails(t, "service acl-add main --project demo --permission read --topic * --username *"); !strings.Contains(out, "already exists") {
		t.Errorf("a row twice:\n%s", out)
	}
	if out := a.fails(t, "service acl-add main --project demo --permission read --topic a? --username avnadmin"); !strings.Contains(out, "topic must be") {
		t.Errorf("a topic that no ACL can name:\n%s", out)
	}
	if out := a.run(t, "service acl-delete main --project demo "+rows[0].ID); !strings.Contains(out, "deleted") {
		t.Errorf("avn service acl-delete printed %q", out)
	}
	a.json(t, "service acl-list main --project demo", &rows)
	if len(rows) != 1 || rows[0].Username != "*" {
		t.Errorf("after a deletion: %+v", rows)
	}
	s.doctor(t)
}
