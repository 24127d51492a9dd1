package app

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"
)

// InvitationLife is how long an invitation's link is good for.
const InvitationLife = 7 * 24 * time.Hour

// MembersView is who belongs to a project and who is invited.
type MembersView struct {
	Members     []Member
	Invitations []Invitation
	Next        string // cursor of the next page of members; empty when there is none
}

// ListMembers pages through a project's members; the first page carries the
// open invitations too.
func (a *App) ListMembers(ctx context.Context, actor Actor, project string, page Page, now time.Time) (MembersView, error) {
	var v MembersView
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		if v.Members, err = r.Members(ctx, s.Project.ID, page.After, page.limit()); err != nil || page.After != "" {
			return err
		}
		v.Invitations, err = r.Invitations(ctx, s.Project.ID, "", maxInvitations)
		return err
	})
	v.Next = page.next(len(v.Members), func(i int) string { return v.Members[i].Email })
	return v, err
}

// maxInvitations bounds a project's open invitations.
const maxInvitations = 200

// CheckRole reads a role's name.
func CheckRole(name string) (Role, error) {
	if _, ok := matrix[Role(name)]; !ok {
		return "", failField("member_type", "member_type must be admin, operator, developer or read_only")
	}
	return Role(name), nil
}

// InviteMember keeps a place for somebody and mails them a one-time link. Where
// no mail can be sent, link is returned for the admin to pass on; it is shown
// only here.
func (a *App) InviteMember(ctx context.Context, actor Actor, project, email string, role Role, now time.Time) (link string, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if !validEmail(email) {
		return "", failField("user_email", "user_email must be an e-mail address, such as \"ada@example.com\"")
	}
	token, _, hash, err := a.Tokens.New()
	if err != nil {
		return "", err
	}
	i := Invitation{Email: email, Role: role, TokenHash: hash, InvitedBy: actor.Email, CreatedAt: now, ExpiresAt: now.Add(InvitationLife)}
	err = a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageMembers)
		if err != nil {
			return err
		}
		if err := checkInvitable(ctx, u, s.Project.ID, email); err != nil {
			return err
		}
		i.ProjectID = s.Project.ID
		if err := u.InsertInvitation(ctx, i); err != nil {
			return err
		}
		return u.audit(s.Project.ID, "member.invite", "", "", map[string]any{"email": email, "role": role})
	})
	if err != nil {
		return "", err
	}
	link = a.PublicURL + "/invitation/" + url.PathEscape(token)
	if !a.mails() {
		return link, nil
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	mail, err := a.Renderer.Invitation(project, email, actor.Email, link, i.ExpiresAt)
	if err == nil {
		err = a.Mailer.Send(ctx, mail)
	}
	if err != nil { // the invitation stands: let the admin pass the link on
		a.Log.Warn("invitation not mailed", "error", err)
		return link, nil
	}
	return "", nil
}

// mails reports whether mail leaves this Segue; without a server it is kept in
// the outbox.
func (a *App) mails() bool { return a.Mailer.Leaves() && a.PublicURL != "" }

func checkInvitable(ctx context.Context, r Reader, projectID int64, email string) error {
	open, err := r.Invitations(ctx, projectID, "", maxInvitations)
	if err != nil {
		return err
	}
	if len(open) >= maxInvitations {
		return fail(CodeConflict, "the project has %d open invitations: withdraw some first", maxInvitations)
	}
	acc, err := r.AccountByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	switch _, err = r.Role(ctx, projectID, acc.ID); {
	case err == nil:
		return &Error{Code: CodeConflict, Field: "user_email", Message: "a member of this address already exists in this project: change the role instead"}
	case errors.Is(err, ErrNotFound):
		return nil
	}
	return err
}

// WithdrawInvitation makes an invitation's link worthless.
func (a *App) WithdrawInvitation(ctx context.Context, actor Actor, project, email string, now time.Time) error {
	email = strings.ToLower(email)
	return a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageMembers)
		if err != nil {
			return err
		}
		if err := u.DeleteInvitation(ctx, s.Project.ID, email); errors.Is(err, ErrNotFound) {
			return fail(CodeNotFound, "nobody of this address is invited to this project")
		} else if err != nil {
			return err
		}
		return u.audit(s.Project.ID, "member.withdraw-invitation", "", "", map[string]string{"email": email})
	})
}

// AcceptInvitation makes the invited person a member: with a new account, or,
// where the address has one, after its password, under the limits of signing in.
// The link works once.
func (a *App) AcceptInvitation(ctx context.Context, token, password, realName, address string, now time.Time) error {
	hash, ok := a.Tokens.Hash(token)
	if !ok {
		return noInvitation()
	}
	if err := checkRealName(realName); err != nil {
		return err
	}
	acc, known, err := a.invited(ctx, hash, password, realName, address, now)
	if err != nil {
		return err
	}
	actor := Actor{AccountID: acc.ID, Email: acc.Email, Address: address}
	return a.write(ctx, actor, now, func(u *unit) error {
		i, err := invitationAt(ctx, u, hash, now)
		if err != nil {
			return err
		}
		if !known {
			if err := u.InsertAccount(ctx, acc); errors.Is(err, ErrExists) {
				return fail(CodeConflict, "an account of this address was made at this moment: try again, with its password")
			} else if err != nil {
				return err
			}
		}
		if err := u.SetRole(ctx, i.ProjectID, acc.ID, i.Role, now); err != nil {
			return err
		}
		if err := u.DeleteInvitation(ctx, i.ProjectID, i.Email); err != nil {
			return err
		}
		return u.audit(i.ProjectID, "member.join", "", "", map[string]any{"role": i.Role, "address": address})
	})
}

func noInvitation() error {
	return fail(CodeUnauthenticated, "this invitation is unknown, used, withdrawn or too old: ask for a new one")
}

// invitationAt is the invitation that a link's token opens at now.
func invitationAt(ctx context.Context, r Reader, hash []byte, now time.Time) (Invitation, error) {
	i, err := r.InvitationByHash(ctx, hash)
	if errors.Is(err, ErrNotFound) || (err == nil && now.After(i.ExpiresAt)) {
		return Invitation{}, noInvitation()
	}
	return i, err
}

// invited is the account that an invitation is for: the one that exists (known),
// once its password was given, or a new one that is not stored yet.
func (a *App) invited(ctx context.Context, hash []byte, password, realName, address string, now time.Time) (acc Account, known bool, err error) {
	var i Invitation
	err = a.Store.Read(ctx, func(r Reader) (err error) {
		if i, err = invitationAt(ctx, r, hash, now); err != nil {
			return err
		}
		known, err = hasAccount(ctx, r, i.Email)
		return err
	})
	if err != nil {
		return Account{}, false, err
	}
	if known {
		acc, ok, err := a.checkPassword(ctx, i.Email, password, address, now)
		if err == nil && !ok {
			err = fail(CodeUnauthenticated, "this address has an account already: give its password")
		}
		return acc, true, err
	}
	if err := checkNewAccount(password, realName); err != nil {
		return Account{}, false, err
	}
	encoded, err := a.Passwords.Hash(ctx, password)
	return Account{ID: newID(), Email: i.Email, RealName: realName, PasswordHash: encoded, CreatedAt: now}, false, busy(err)
}

func hasAccount(ctx context.Context, r Reader, email string) (bool, error) {
	_, err := r.AccountByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// busy words the failure to get a place to hash.
func busy(err error) error {
	if errors.Is(err, ErrBusy) {
		return fail(CodeTooMany, "too many people are signing in at this moment: try again")
	}
	return err
}

// SetMemberRole changes what a member may do; it bites at the member's next request.
func (a *App) SetMemberRole(ctx context.Context, actor Actor, project, email string, role Role, now time.Time) error {
	return a.changeMember(ctx, actor, project, email, now, "member.set-role", map[string]any{"email": strings.ToLower(email), "role": role},
		func(u *unit, projectID, accountID int64) error {
			return u.SetRole(ctx, projectID, accountID, role, now)
		},
		role != RoleAdmin)
}

// RemoveMember takes a member's role away; it bites at the member's next request.
func (a *App) RemoveMember(ctx context.Context, actor Actor, project, email string, now time.Time) error {
	return a.changeMember(ctx, actor, project, email, now, "member.remove", map[string]any{"email": strings.ToLower(email)},
		func(u *unit, projectID, accountID int64) error { return u.RemoveMember(ctx, projectID, accountID) },
		true)
}

func (a *App) changeMember(ctx context.Context, actor Actor, project, email string, now time.Time, action string, detail map[string]any,
	change func(u *unit, projectID, accountID int64) error, demotes bool) error {
	email = strings.ToLower(email)
	return a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageMembers)
		if err != nil {
			return err
		}
		// Two admins who demote each other: the second waits, and finds itself the last.
		if _, err := u.LockAuditHead(ctx, s.Project.ID); err != nil {
			return err
		}
		acc, err := u.AccountByEmail(ctx, email)
		var role Role
		if err == nil {
			role, err = u.Role(ctx, s.Project.ID, acc.ID)
		}
		if errors.Is(err, ErrNotFound) {
			return fail(CodeNotFound, "nobody of this address is a member of this project")
		}
		if err != nil {
			return err
		}
		if demotes && role == RoleAdmin {
			if err := otherAdmin(ctx, u, s.Project.ID, acc.ID); err != nil {
				return err
			}
		}
		if err := change(u, s.Project.ID, acc.ID); err != nil {
			return err
		}
		return u.audit(s.Project.ID, action, "", "", detail)
	})
}

// otherAdmin refuses to leave a project without an admin.
func otherAdmin(ctx context.Context, r Reader, projectID, but int64) error {
	for after := ""; ; {
		members, err := r.Members(ctx, projectID, after, usersRead)
		if err != nil {
			return err
		}
		for _, m := range members {
			if m.Role == RoleAdmin && m.AccountID != but {
				return nil
			}
			after = m.Email
		}
		if len(members) < usersRead {
			return fail(CodeConflict, "this is the project's only admin: make somebody else admin first")
		}
	}
}
