package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
)

func (s *server) accountRoutes() {
	public(s, http.MethodPost, "/v1/userauth", "UserAuth", "Sign in", s.userAuth)
	public(s, http.MethodPost, "/v1/setup", "Setup", "Make the first administrator", s.setUp)
	call(s, http.MethodGet, "/v1/me", "UserInfo", "The account behind the token", s.me)
}

// active is the state of every account that can sign in.
const active = "active"

type userAuthInput struct {
	Body api.UserAuthRequest
}

func (s *server) userAuth(ctx context.Context, req *request, in *userAuthInput) (api.UserAuthReply, error) {
	token, account, err := s.App.SignIn(ctx, in.Body.Email, in.Body.Password, req.address, req.userAgent, req.now)
	return api.UserAuthReply{Token: token, State: active, UserEmail: account.Email}, err
}

type setUpInput struct {
	Body api.SetUp
}

func (s *server) setUp(ctx context.Context, req *request, in *setUpInput) (api.UserAuthReply, error) {
	token, account, err := s.App.SetUp(ctx, in.Body.Token, in.Body.Password, in.Body.RealName, req.address, req.userAgent, req.now)
	return api.UserAuthReply{Token: token, State: active, UserEmail: account.Email}, err
}

func (s *server) me(ctx context.Context, req *request, _ *struct{}) (api.MeReply, error) {
	v, err := s.App.Me(ctx, req.actor, req.now)
	return api.MeReply{User: api.Me{
		User: v.Email, RealName: v.RealName, State: active, Projects: list(v.Projects), Auth: []string{"password"},
		TokenValidityBegin: timeOrNull(v.TokenCreatedAt),
	}}, err
}
