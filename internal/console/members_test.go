package console

import (
	"net/http"
	"strings"
	"testing"
)

const team = demo + "/members"

// TestInvite shows the link once where no mail takes it there; it opens the way in.
func TestInvite(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	done := c.get(team+"/invite").ok().submit(team+"/invite", "email", "Ilse@example.com", "role", "operator").ok()
	done.shows("is invited", "as operator", "It is shown only now")
	if done.Header.Get("Content-Encoding") != "" {
		t.Error("a page with a secret is compressed")
	}
	link := attr(done.one("button", "data-copy", "*"), "data-copy")
	_, token, found := strings.Cut(link, "/invitation/")
	if !found {
		t.Fatalf("the link is %q", link)
	}
	c.get(team).ok().shows("Open invitations 1", "ilse@example.com", "as operator · by "+adminEmail).lacks(token)
	ilse := r.nobody()
	ilse.get("/invitation/"+token).ok().submit("/invitation/"+token, "password", password, "real_name", "Ilse").redirects(demo)
	ilse.get(team).ok().shows("Ilse").lacks("Open invitations")
	holdsNoLink(t, r, token)
}

func holdsNoLink(t *testing.T, r *rig, token string) {
	t.Helper()
	if strings.Contains(r.log.String(), token) {
		t.Error("the log holds the link of an invitation")
	}
}

// TestInviteRefusals keep what was typed and store nothing.
func TestInviteRefusals(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	for email, role := range map[string]string{"not an address": "operator", "<script>@example.com": "developer", "bo@example.com": "emperor", operatorEmail: "read_only"} {
		page := c.get(team+"/invite").ok().submit(team+"/invite", "email", email, "role", role)
		if page.StatusCode < 400 || len(page.all("p", "role", "alert")) != 1 {
			t.Errorf("%s as %s: status %d", email, role, page.StatusCode)
		}
		if got := page.field("email"); got != email {
			t.Errorf("%q is kept as %q", email, got)
		}
		page.lacks("<script>@", "user_email", "member_type")
	}
	if n := r.audited("member.invite"); n != 0 {
		t.Errorf("%d invitations were stored", n)
	}
	r.operator().get(team + "/invite").status(http.StatusForbidden)
	if page := r.operator().get(team).ok(); page.hasLink("Invite somebody") || page.hasLink("Change role…") {
		t.Error("somebody who is no admin is offered to change members")
	}
}

// TestWithdrawInvitation makes the link worthless.
func TestWithdrawInvitation(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	done := c.post(team+"/invite", "email", "bo@example.com", "role", "developer").ok()
	_, token, _ := strings.Cut(attr(done.one("button", "data-copy", "*"), "data-copy"), "/invitation/")
	c.get(team).submit(team + "/withdraw").redirects(team).follow().shows("The invitation of bo@example.com is withdrawn").lacks("Open invitations")
	r.nobody().get("/invitation/" + token).status(http.StatusUnauthorized)
	c.post(team+"/withdraw", "email", "bo@example.com").status(http.StatusNotFound)
}

// TestMemberRole changes what a member may do from the next request on.
func TestMemberRole(t *testing.T) {
	r := newRig(t)
	c, dana := r.admin(), r.developer()
	role := team + "/" + developerEmail + "/role"
	form := c.get(c.get(team).ok().link("Change role…")).ok() // of dana, the first in order
	if got := form.field("role"); got != "developer" {
		t.Errorf("the dialog begins with %s", got)
	}
	dana.get(writer + "/key").ok()
	form.submit(role, "role", "read_only").redirects(team).follow().shows(developerEmail + " is read only now.")
	dana.get(writer + "/key").status(http.StatusForbidden).lacks("PRIVATE KEY")
	c.post(role, "role", "emperor").status(http.StatusUnprocessableEntity)
	c.post(team+"/nobody@example.com/role", "role", "admin").status(http.StatusNotFound)
}

// TestRemoveMember asks first, and leaves no project without an admin.
func TestRemoveMember(t *testing.T) {
	r := newRig(t)
	c, dana := r.admin(), r.developer()
	remove := team + "/" + developerEmail + "/remove"
	c.get(remove).ok().shows("Remove from project", developerEmail).submit(remove).redirects(team).follow().
		shows(developerEmail + " is no member any more.")
	dana.get(demo).status(http.StatusNotFound)
	c.post(team+"/"+operatorEmail+"/role", "role", "admin").redirects(team)
	olga := r.operator()
	olga.post(team + "/" + operatorEmail + "/remove").status(http.StatusConflict).shows("This is the project's only admin")
	olga.post(team+"/"+operatorEmail+"/role", "role", "developer").status(http.StatusConflict)
	olga.get(team + "/invite").ok() // still one
}
