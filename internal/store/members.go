package store

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) Members(ctx context.Context, projectID int64, after string, limit int) ([]app.Member, error) {
	rows, err := r.q.Members(ctx, db.MembersParams{ProjectID: projectID, After: after, Limit: int32(limit)})
	if err != nil {
		return nil, readError("members", err)
	}
	return convertAll(rows, func(m db.MembersRow) (app.Member, error) {
		return app.Member{
			AccountID: m.ID, Email: m.Email, RealName: m.RealName, Role: app.Role(m.Role), Since: fromMillis(m.Since),
		}, nil
	})
}

func (r reader) Invitations(ctx context.Context, projectID int64, after string, limit int) ([]app.Invitation, error) {
	rows, err := r.q.Invitations(ctx, db.InvitationsParams{ProjectID: projectID, After: after, Limit: int32(limit)})
	if err != nil {
		return nil, readError("invitations", err)
	}
	return convertAll(rows, invitation)
}

// InvitationByHash finds an invitation that has expired too: who asks says so.
func (r reader) InvitationByHash(ctx context.Context, hash []byte) (app.Invitation, error) {
	row, err := r.q.InvitationByHash(ctx, hash)
	if err != nil {
		return app.Invitation{}, readError("invitation", err)
	}
	return invitation(row)
}

func invitation(i db.Invitation) (app.Invitation, error) {
	return app.Invitation{
		ProjectID: i.ProjectID, Email: i.Email, Role: app.Role(i.Role), TokenHash: i.TokenHash, InvitedBy: i.InvitedBy,
		CreatedAt: fromMillis(i.CreatedAt), ExpiresAt: fromMillis(i.ExpiresAt),
	}, nil
}

func (t *tx) RemoveMember(ctx context.Context, projectID, accountID int64) error {
	n, err := t.q.RemoveMember(ctx, db.RemoveMemberParams{ProjectID: projectID, AccountID: accountID})
	return t.changedOne("member", n, err)
}

func (t *tx) InsertInvitation(ctx context.Context, i app.Invitation) error {
	return t.writeError("invitation", t.q.InsertInvitation(ctx, db.InsertInvitationParams{
		ProjectID: i.ProjectID, Email: i.Email, Role: string(i.Role), TokenHash: i.TokenHash, InvitedBy: i.InvitedBy,
		CreatedAt: i.CreatedAt.UnixMilli(), ExpiresAt: i.ExpiresAt.UnixMilli(),
	}))
}

func (t *tx) DeleteInvitation(ctx context.Context, projectID int64, email string) error {
	n, err := t.q.DeleteInvitation(ctx, db.DeleteInvitationParams{ProjectID: projectID, Email: email})
	return t.changedOne("invitation", n, err)
}

func (t *tx) SetAccountPassword(ctx context.Context, accountID int64, hash, realName string) error {
	n, err := t.q.SetAccountPassword(ctx, db.SetAccountPasswordParams{ID: accountID, PasswordHash: hash, RealName: realName})
	return t.changedOne("account", n, err)
}

func (t *tx) SetProjectContacts(ctx context.Context, projectID int64, emails []string) error {
	n, err := t.q.SetProjectContacts(ctx, db.SetProjectContactsParams{ID: projectID, TechEmails: listText(emails)})
	return t.changedOne("project", n, err)
}

func (t *tx) SetServiceContacts(ctx context.Context, serviceID int64, emails []string, at time.Time) error {
	n, err := t.q.SetServiceContacts(ctx, db.SetServiceContactsParams{
		ID: serviceID, TechEmails: listText(emails), UpdatedAt: at.UnixMilli(),
	})
	return t.changedOne("service", n, err)
}

func (t *tx) SetProjectNotices(ctx context.Context, projectID int64, override []byte) error {
	n, err := t.q.SetProjectNotices(ctx, db.SetProjectNoticesParams{ID: projectID, Notices: nullText(string(override))})
	return t.changedOne("project", n, err)
}

func (t *tx) SetServiceNotices(ctx context.Context, serviceID int64, override []byte, at time.Time) error {
	n, err := t.q.SetServiceNotices(ctx, db.SetServiceNoticesParams{
		ID: serviceID, Notices: nullText(string(override)), UpdatedAt: at.UnixMilli(),
	})
	return t.changedOne("service", n, err)
}
