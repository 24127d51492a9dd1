package console

import (
	"net/http"
	"strings"

	"github.com/segue-project/segue/internal/app"
)

func (s *server) memberRoutes() {
	const members = "/projects/{project}/members"
	in := func(p page) http.HandlerFunc { return s.inProject("members", p) }
	s.mux.HandleFunc("GET "+members, in((*visit).membersPage))
	s.mux.HandleFunc("GET "+members+"/invite", in((*visit).invitePage))
	s.mux.HandleFunc("POST "+members+"/invite", in((*visit).invite))
	s.mux.HandleFunc("POST "+members+"/withdraw", in((*visit).withdrawInvitation))
	s.mux.HandleFunc("GET "+members+"/{email}/role", in((*visit).memberRolePage))
	s.mux.HandleFunc("POST "+members+"/{email}/role", in((*visit).setMemberRole))
	s.mux.HandleFunc("GET "+members+"/{email}/remove", in((*visit).removeMemberPage))
	s.mux.HandleFunc("POST "+members+"/{email}/remove", in((*visit).removeMember))
}

// membersView is who belongs to a project and who is invited.
type membersView struct {
	frame
	app.MembersView
	After string
}

func (v *visit) membersPage() error {
	m := membersView{frame: v.frame, After: v.r.URL.Query().Get("after")}
	var err error
	m.MembersView, err = v.App.ListMembers(v.r.Context(), v.actor, v.frame.Project, app.Page{After: m.After, Limit: membersShown}, v.now)
	if err != nil {
		return err
	}
	return v.show("Members", membersPage(m))
}

const membersShown = 100

// manages refuses a dialog whose form would be refused.
func (v *visit) manages(p app.Permission) error {
	if v.frame.may(p) {
		return nil
	}
	return &app.Error{
		Code: app.CodeForbidden, Message: "your role in this project, " + roleWords(v.frame.Role) + ", does not allow this: ask one of its admins",
	}
}

// roleChoice is a role and what it lets somebody do.
type roleChoice struct {
	Role app.Role
	May  string
}

var roleChoices = []roleChoice{
	{app.RoleAdmin, "Everything, members and broker kits included."},
	{app.RoleOperator, "All but members, deleting the project and broker kits."},
	{app.RoleDeveloper, "Users, their keys and certificates; acknowledges and snoozes."},
	{app.RoleReadOnly, "Looks, and sees no secret."},
}

// inviteForm is the dialog that invites somebody.
type inviteForm struct {
	frame
	Email, Message string
	Role           app.Role
}

func (v *visit) invitePage() error {
	if err := v.manages(app.ManageMembers); err != nil {
		return err
	}
	return v.dialog(http.StatusOK, "Invite somebody", inviteDialog(inviteForm{frame: v.frame, Role: app.RoleDeveloper}))
}

func (v *visit) invite() error {
	if err := v.form(); err != nil {
		return err
	}
	f := inviteForm{frame: v.frame, Email: v.r.PostForm.Get("email"), Role: app.Role(v.r.PostForm.Get("role"))}
	role, err := app.CheckRole(string(f.Role))
	link := ""
	if err == nil {
		link, err = v.App.InviteMember(v.r.Context(), v.actor, v.frame.Project, f.Email, role, v.now)
	}
	if err != nil {
		status, e := v.refusal(err)
		f.Message = inForm(e.Message)
		return v.dialog(status, "Invite somebody", inviteDialog(f))
	}
	if link != "" {
		v.secret = true
		return v.dialog(http.StatusOK, "Invited", invitedDialog(f, v.whole(link)))
	}
	return v.done(v.frame.path("members"), f.Email+" is invited as "+roleWords(role)+"; a mail with a one-time link is on its way.")
}

// whole is a link with the address by which this Segue was reached, where no public
// URL is set.
func (v *visit) whole(link string) string {
	switch {
	case !strings.HasPrefix(link, "/"):
		return link
	case v.Secure:
		return "https://" + v.r.Host + link
	}
	return "http://" + v.r.Host + link
}

func (v *visit) withdrawInvitation() error {
	if err := v.form(); err != nil {
		return err
	}
	email := v.r.PostForm.Get("email")
	if err := v.App.WithdrawInvitation(v.r.Context(), v.actor, v.frame.Project, email, v.now); err != nil {
		return err
	}
	return v.done(v.frame.path("members"), "The invitation of "+email+" is withdrawn: its link opens nothing any more.")
}

// memberForm is a dialog about one member.
type memberForm struct {
	frame
	Email, Message string
	Role           app.Role
	Self           bool
}

func (v *visit) memberForm() memberForm {
	email := v.r.PathValue("email")
	return memberForm{frame: v.frame, Email: email, Role: app.Role(v.r.FormValue("role")), Self: email == v.actor.Email}
}

func (v *visit) memberRolePage() error {
	if err := v.manages(app.ManageMembers); err != nil {
		return err
	}
	return v.dialog(http.StatusOK, "Change role", memberRoleDialog(v.memberForm()))
}

func (v *visit) setMemberRole() error {
	if err := v.form(); err != nil {
		return err
	}
	f := v.memberForm()
	role, err := app.CheckRole(string(f.Role))
	if err == nil {
		err = v.App.SetMemberRole(v.r.Context(), v.actor, v.frame.Project, f.Email, role, v.now)
	}
	if err != nil {
		status, e := v.refusal(err)
		f.Message = inForm(e.Message)
		return v.dialog(status, "Change role", memberRoleDialog(f))
	}
	return v.done(v.frame.path("members"), f.Email+" is "+roleWords(role)+" now.")
}

func (v *visit) removeMemberPage() error {
	if err := v.manages(app.ManageMembers); err != nil {
		return err
	}
	return v.dialog(http.StatusOK, "Remove member", removeMemberDialog(v.memberForm()))
}

func (v *visit) removeMember() error {
	if err := v.form(); err != nil {
		return err
	}
	f := v.memberForm()
	if err := v.App.RemoveMember(v.r.Context(), v.actor, v.frame.Project, f.Email, v.now); err != nil {
		status, e := v.refusal(err)
		f.Message = inForm(e.Message)
		return v.dialog(status, "Remove member", removeMemberDialog(f))
	}
	if f.Self && !v.actor.Administrator {
		return v.done("/projects", "You left "+v.frame.Project+".")
	}
	return v.done(v.frame.path("members"), f.Email+" is no member any more.")
}

// invitationWords is what stands under an invited address.
func invitationWords(i app.Invitation, f frame) string {
	words := "as " + roleWords(i.Role) + " · by " + i.InvitedBy
	if i.ExpiresAt.Before(f.Now) {
		return words + " · its link ended " + ago(i.ExpiresAt, f.Now)
	}
	return words + " · " + left(i.ExpiresAt, f.Now)
}
