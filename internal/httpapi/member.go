package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) memberRoutes() {
	call(s, http.MethodGet, atProject+"/users", "ProjectUserList", "Members and open invitations", s.listMembers)
	call(s, http.MethodPost, atProject+"/invite", "ProjectInvite", "Invite somebody", s.inviteMember)
	call(s, http.MethodDelete, atProject+"/invite/{email}", "ProjectInviteDelete", "Withdraw an invitation", s.withdrawInvitation)
	call(s, http.MethodPut, atProject+"/user/{email}", "ProjectUserUpdate", "Change a member's role", s.setMemberRole)
	call(s, http.MethodDelete, atProject+"/user/{email}", "ProjectUserRemove", "Remove a member", s.removeMember)
	public(s, http.MethodPost, "/v1/invitation/accept", "InvitationAccept", "Accept an invitation", s.acceptInvitation)
}

type listMembersInput struct {
	ProjectPath
	After string `query:"after" doc:"The next of the page before"`
	Limit int    `query:"limit" doc:"1 to 1000; all members when left out"`
}

func (s *server) listMembers(ctx context.Context, req *request, in *listMembersInput) (api.MembersReply, error) {
	var invitations []app.Invitation
	page := func(p app.Page) ([]app.Member, string, error) {
		v, err := s.App.ListMembers(ctx, req.actor, in.Project, p, req.now)
		invitations = append(invitations, v.Invitations...)
		return v.Members, v.Next, err
	}
	members, next, err := pageOrAll(app.Page{After: in.After, Limit: in.Limit}, page)
	return api.MembersReply{
		Users: each(members, member), Invitations: each(invitations, invitation), GroupUsers: []any{}, Next: stringOrAbsent(next),
	}, err
}

func member(m app.Member) api.Member {
	return api.Member{UserEmail: m.Email, MemberType: string(m.Role), RealName: m.RealName, CreateTime: m.Since.UTC()}
}

func invitation(i app.Invitation) api.Invitation {
	return api.Invitation{
		InvitedUserEmail: i.Email, InvitingUserEmail: i.InvitedBy, MemberType: string(i.Role),
		InviteTime: i.CreatedAt.UTC(), ExpiryTime: i.ExpiresAt.UTC(),
	}
}

type inviteInput struct {
	ProjectPath
	Body api.Invite
}

func (s *server) inviteMember(ctx context.Context, req *request, in *inviteInput) (api.InviteReply, error) {
	role := app.RoleDeveloper
	if in.Body.MemberType != "" {
		var err error
		if role, err = app.CheckRole(in.Body.MemberType); err != nil {
			return api.InviteReply{}, err
		}
	}
	link, err := s.App.InviteMember(ctx, req.actor, in.Project, in.Body.UserEmail, role, req.now)
	if link == "" {
		return api.InviteReply{Message: "invited: the link was mailed"}, err
	}
	return api.InviteReply{Message: "invited: pass the link on, it is shown only here", Link: link}, err
}

// MemberPath names a member or an invited person.
type MemberPath struct {
	ProjectPath
	Email string `path:"email" doc:"Address of the member or invited person"`
}

func (s *server) withdrawInvitation(ctx context.Context, req *request, in *MemberPath) (api.Done, error) {
	return api.Done{Message: "withdrawn"}, s.App.WithdrawInvitation(ctx, req.actor, in.Project, in.Email, req.now)
}

type memberInput struct {
	MemberPath
	Body api.MemberUpdate
}

func (s *server) setMemberRole(ctx context.Context, req *request, in *memberInput) (api.Done, error) {
	role, err := app.CheckRole(in.Body.MemberType)
	if err == nil {
		err = s.App.SetMemberRole(ctx, req.actor, in.Project, in.Email, role, req.now)
	}
	return api.Done{Message: "changed"}, err
}

func (s *server) removeMember(ctx context.Context, req *request, in *MemberPath) (api.Done, error) {
	return api.Done{Message: "removed"}, s.App.RemoveMember(ctx, req.actor, in.Project, in.Email, req.now)
}

type acceptInput struct {
	Body api.InvitationAccept
}

func (s *server) acceptInvitation(ctx context.Context, req *request, in *acceptInput) (api.Done, error) {
	err := s.App.AcceptInvitation(ctx, in.Body.Token, in.Body.Password, in.Body.RealName, req.address, req.now)
	return api.Done{Message: "accepted: sign in"}, err
}
