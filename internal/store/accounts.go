package store

import (
	"context"
	"database/sql"
	"math"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) Account(ctx context.Context, id int64) (app.Account, error) {
	row, err := r.q.Account(ctx, id)
	if err != nil {
		return app.Account{}, readError("account", err)
	}
	return account(row)
}

func (r reader) AccountByEmail(ctx context.Context, email string) (app.Account, error) {
	row, err := r.q.AccountByEmail(ctx, email)
	if err != nil {
		return app.Account{}, readError("account", err)
	}
	return account(row)
}

func account(a db.Account) (app.Account, error) {
	return app.Account{
		ID: a.ID, Email: a.Email, RealName: a.RealName, PasswordHash: a.PasswordHash,
		Administrator: a.Administrator, CreatedAt: fromMillis(a.CreatedAt),
	}, nil
}

func (r reader) CountAccounts(ctx context.Context) (int, error) {
	n, err := r.q.CountAccounts(ctx)
	return int(n), readError("accounts", err)
}

func (r reader) TokenByHash(ctx context.Context, hash []byte) (app.Token, error) {
	row, err := r.q.TokenByHash(ctx, hash)
	if err != nil {
		return app.Token{}, readError("token", err)
	}
	return token(row)
}

func token(t db.Token) (app.Token, error) {
	return app.Token{
		ID: t.ID, AccountID: t.AccountID, Kind: app.TokenKind(t.Kind), Hash: t.Hash, Prefix: t.Prefix, Description: t.Description,
		CreatedAt: fromMillis(t.CreatedAt), ExpiresAt: fromNullMillis(t.ExpiresAt),
		LastUsedAt: fromNullMillis(t.LastUsedAt), LastIP: t.LastIp, LastUserAgent: t.LastUserAgent,
		RevokedAt: fromNullMillis(t.RevokedAt),
		MaxAge:    millis(t.MaxAge.Int64), ExtendWhenUsed: t.ExtendWhenUsed,
	}, nil
}

func (r reader) Sessions(ctx context.Context, accountID int64, now, usedSince time.Time, limit int) ([]app.Token, error) {
	rows, err := r.q.Sessions(ctx, db.SessionsParams{
		AccountID: accountID, Now: now.UnixMilli(), UsedSince: usedSince.UnixMilli(), Limit: int32(limit),
	})
	if err != nil {
		return nil, readError("sessions", err)
	}
	return convertAll(rows, token)
}

func (r reader) Tokens(ctx context.Context, accountID int64, before app.TokenCursor, now time.Time, limit int) ([]app.Token, error) {
	page := db.TokensParams{
		AccountID: accountID, Now: now.UnixMilli(), CreatedAt: before.CreatedAt.UnixMilli(), ID: before.ID, Limit: int32(limit),
	}
	if before == (app.TokenCursor{}) {
		page.CreatedAt = math.MaxInt64
	}
	rows, err := r.q.Tokens(ctx, page)
	if err != nil {
		return nil, readError("tokens", err)
	}
	return convertAll(rows, token)
}

func (r reader) SignInAddresses(ctx context.Context, accountID int64, limit int) ([]string, error) {
	addresses, err := r.q.SignInAddresses(ctx, db.SignInAddressesParams{AccountID: accountID, Limit: int32(limit)})
	return addresses, readError("addresses", err)
}

func (r reader) SetupLink(ctx context.Context, hash []byte) (app.SetupLink, error) {
	row, err := r.q.SetupLink(ctx, hash)
	if err != nil {
		return app.SetupLink{}, readError("set-up link", err)
	}
	return app.SetupLink{
		TokenHash: row.TokenHash, Email: row.Email, CreatedAt: fromMillis(row.CreatedAt), ExpiresAt: fromMillis(row.ExpiresAt),
	}, nil
}

func (r reader) CountTokens(ctx context.Context, accountID int64, now time.Time) (int, error) {
	n, err := r.q.CountTokens(ctx, db.CountTokensParams{AccountID: accountID, Now: now.UnixMilli()})
	return int(n), readError("tokens", err)
}

func (r reader) TokensByPrefix(ctx context.Context, accountID int64, prefix string, now time.Time) ([]app.Token, error) {
	rows, err := r.q.TokensByPrefix(ctx, db.TokensByPrefixParams{AccountID: accountID, Prefix: prefix, Now: now.UnixMilli()})
	if err != nil {
		return nil, readError("tokens", err)
	}
	return convertAll(rows, token)
}

func (r reader) Role(ctx context.Context, projectID, accountID int64) (app.Role, error) {
	role, err := r.q.Role(ctx, db.RoleParams{ProjectID: projectID, AccountID: accountID})
	return app.Role(role), readError("role", err)
}

func (t *tx) InsertAccount(ctx context.Context, a app.Account) error {
	return t.writeError("account", t.q.InsertAccount(ctx, db.InsertAccountParams{
		ID: a.ID, Email: a.Email, RealName: a.RealName, PasswordHash: a.PasswordHash,
		Administrator: a.Administrator, CreatedAt: a.CreatedAt.UnixMilli(),
	}))
}

func (t *tx) SetSetupLink(ctx context.Context, l app.SetupLink) error {
	if err := t.DeleteSetupLinks(ctx); err != nil {
		return err
	}
	return t.writeError("set-up link", t.q.InsertSetupLink(ctx, db.InsertSetupLinkParams{
		TokenHash: l.TokenHash, Email: l.Email, CreatedAt: l.CreatedAt.UnixMilli(), ExpiresAt: l.ExpiresAt.UnixMilli(),
	}))
}

func (t *tx) DeleteSetupLinks(ctx context.Context) error {
	return t.writeError("set-up link", t.q.DeleteSetupLinks(ctx))
}

func (t *tx) InsertToken(ctx context.Context, k app.Token) error {
	return t.writeError("token", t.q.InsertToken(ctx, db.InsertTokenParams{
		ID: k.ID, AccountID: k.AccountID, Hash: k.Hash, Prefix: k.Prefix, Description: k.Description,
		CreatedAt: k.CreatedAt.UnixMilli(), ExpiresAt: nullMillis(k.ExpiresAt), LastUsedAt: nullMillis(k.LastUsedAt),
		LastIp: k.LastIP, LastUserAgent: printable(k.LastUserAgent), RevokedAt: nullMillis(k.RevokedAt),
		Kind:   string(k.Kind),
		MaxAge: sql.NullInt64{Int64: k.MaxAge.Milliseconds(), Valid: k.MaxAge != 0}, ExtendWhenUsed: k.ExtendWhenUsed,
	}))
}

func (t *tx) TouchToken(ctx context.Context, id int64, at time.Time, ip, userAgent string, expiresAt time.Time) error {
	n, err := t.q.TouchToken(ctx, db.TouchTokenParams{
		ID: id, LastUsedAt: nullMillis(at), LastIp: ip, LastUserAgent: printable(userAgent), ExpiresAt: nullMillis(expiresAt),
	})
	return t.changedOne("token", n, err)
}

func (t *tx) SetTokenDescription(ctx context.Context, id int64, description string) error {
	n, err := t.q.SetTokenDescription(ctx, db.SetTokenDescriptionParams{ID: id, Description: description})
	return t.changedOne("token", n, err)
}

func (t *tx) RevokeToken(ctx context.Context, id int64, at time.Time) error {
	n, err := t.q.RevokeToken(ctx, db.RevokeTokenParams{ID: id, RevokedAt: nullMillis(at)})
	return t.changedOne("token", n, err)
}

func (t *tx) SetRole(ctx context.Context, projectID, accountID int64, role app.Role, at time.Time) error {
	return t.writeError("role", t.q.SetRole(ctx, db.SetRoleParams{
		AccountID: accountID, ProjectID: projectID, Role: string(role), Since: at.UnixMilli(),
	}))
}
