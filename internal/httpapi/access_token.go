package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

const atAccessToken = "/v1/access_token/{token_prefix}"

func (s *server) accessTokenRoutes() {
	call(s, http.MethodGet, "/v1/access_token", "AccessTokenList", "List your tokens that are good now", s.listAccessTokens)
	call(s, http.MethodPost, "/v1/access_token", "AccessTokenCreate", "Make a token; it is shown only here", s.createAccessToken)
	call(s, http.MethodPut, atAccessToken, "AccessTokenUpdate", "Change what a token is said to be for", s.describeAccessToken)
	call(s, http.MethodDelete, atAccessToken, "AccessTokenRevoke", "Revoke a token", s.revokeAccessToken)
}

type listAccessTokensInput struct {
	After string `query:"after" doc:"The next of the page before"`
	Limit int    `query:"limit" doc:"1 to 1000; all tokens when left out"`
}

func (s *server) listAccessTokens(ctx context.Context, req *request, in *listAccessTokensInput) (api.AccessTokensReply, error) {
	found, next, err := pageOrAll(app.Page{After: in.After, Limit: in.Limit}, func(p app.Page) ([]app.Token, string, error) {
		return s.App.ListAccessTokens(ctx, req.actor, p, req.now)
	})
	return api.AccessTokensReply{
		Tokens: each(found, func(t app.Token) api.AccessToken { return accessToken(req, t) }), Next: stringOrAbsent(next),
	}, err
}

type createAccessTokenInput struct {
	Body api.AccessTokenCreate
}

func (s *server) createAccessToken(ctx context.Context, req *request, in *createAccessTokenInput) (api.AccessTokenCreated, error) {
	full, t, err := s.App.CreateAccessToken(ctx, req.actor, app.NewAccessToken{
		Description: in.Body.Description, MaxAgeSeconds: in.Body.MaxAgeSeconds, ExtendWhenUsed: in.Body.ExtendWhenUsed,
	}, req.now)
	return api.AccessTokenCreated{AccessToken: accessToken(req, t), FullToken: full}, err
}

// AccessTokenPath names a token. The router's pattern goes to the log, never the
// path, which may hold a whole token.
type AccessTokenPath struct {
	Prefix string `path:"token_prefix" doc:"What the list shows of the token, or all of it"`
}

type describeAccessTokenInput struct {
	AccessTokenPath
	Body api.AccessTokenUpdate
}

func (s *server) describeAccessToken(ctx context.Context, req *request, in *describeAccessTokenInput) (api.AccessToken, error) {
	t, err := s.App.DescribeAccessToken(ctx, req.actor, in.Prefix, in.Body.Description, req.now)
	return accessToken(req, t), err
}

func (s *server) revokeAccessToken(ctx context.Context, req *request, in *AccessTokenPath) (api.Done, error) {
	return api.Done{Message: "revoked"}, s.App.RevokeAccessToken(ctx, req.actor, in.Prefix, req.now)
}

func accessToken(req *request, t app.Token) api.AccessToken {
	out := api.AccessToken{
		TokenPrefix: t.Prefix, Description: t.Description, CreateTime: t.CreatedAt.UTC(), ExpiryTime: timeOrNull(t.ExpiresAt),
		ExtendWhenUsed: t.ExtendWhenUsed, LastUsedTime: timeOrNull(t.LastUsedAt),
		LastIP: stringOrAbsent(t.LastIP), LastUserAgent: stringOrAbsent(t.LastUserAgent),
		CurrentlyActive: t.ID == req.actor.TokenID,
	}
	if t.MaxAge > 0 {
		seconds := int(t.MaxAge / time.Second)
		out.MaxAgeSeconds = &seconds
	}
	return out
}
