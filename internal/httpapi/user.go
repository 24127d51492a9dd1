package httpapi

import (
	"cmp"
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) userRoutes() {
	call(s, http.MethodPost, atService+"/user", "ServiceUserCreate", "Create a service user", s.createUser)
	call(s, http.MethodGet, atUser, "ServiceUserGet", "Read a service user and its current pair", s.getUser)
	serviceCall(s, http.MethodPut, atUser, "ServiceUserCredentialsModify", "Acknowledge a renewal, or reset credentials", s.modifyUser)
	call(s, http.MethodDelete, atUser, "ServiceUserDelete", "Delete a service user and revoke its pairs", s.deleteUser)
	call(s, http.MethodGet, atService+"/users", "ServiceUserList", "List service users in pages, without any secret", s.listUsers)
	call(s, http.MethodPost, atUser+"/renew", "ServiceUserRenew", "Make the next pair now", s.renewUser)
}

type listUsersInput struct {
	ServicePath
	State  string `query:"state" doc:"awaiting: a renewal awaits acknowledgement; lapsed; overlap: two pairs work now; valid; all when left out"`
	Search string `query:"search" doc:"Part of the name, upper and lower case alike; at most 64 bytes"`
	Sort   string `query:"sort" doc:"name, which is meant when left out; urgency: what needs a person first; end: of the current pair"`
	After  string `query:"after" doc:"The next of the page before, which was asked for in the same order"`
	Limit  int    `query:"limit" doc:"1 to 1000; 100 when left out"`
}

func (s *server) listUsers(ctx context.Context, req *request, in *listUsersInput) (api.UsersPage, error) {
	filter := app.UserFilter{State: in.State, Search: in.Search, Sort: cmp.Or(in.Sort, app.SortName)}
	found, next, err := s.App.FindUsers(ctx, req.actor, in.Project, in.Service, filter, app.Page{After: in.After, Limit: in.Limit}, req.now)
	return api.UsersPage{
		Users: each(found, func(r app.UserRow) api.User { return user(r.UserView) }), Next: stringOrAbsent(next),
	}, err
}

type createUserInput struct {
	ServicePath
	Body api.UserCreate
}

func (s *server) createUser(ctx context.Context, req *request, in *createUserInput) (api.UserReply, error) {
	v, err := s.App.CreateUser(ctx, req.actor, in.Project, in.Service, in.Body.Username, req.now)
	return api.UserReply{User: user(v), Message: "created", Warning: v.Warning}, err
}

// WithSecrets says whether a reply shows keys and passwords to a role that may
// see them. Clients that need none should say false: a sight is audited.
type WithSecrets struct {
	IncludeSecrets string `query:"include_secrets" doc:"false hides keys and passwords"`
}

func (w WithSecrets) hides() bool { return w.IncludeSecrets == "false" }

type getUserInput struct {
	UserPath
	WithSecrets
}

func (s *server) getUser(ctx context.Context, req *request, in *getUserInput) (api.UserReply, error) {
	read := s.App.GetUser
	if in.hides() {
		read = s.App.DescribeUser
	}
	v, err := read(ctx, req.actor, in.Project, in.Service, in.User, req.now)
	return api.UserReply{User: user(v), Warning: v.Warning}, err
}

type modifyUserInput struct {
	UserPath
	Body api.UserModify
}

// modifyUser answers with the whole service, as existing clients expect.
func (s *server) modifyUser(ctx context.Context, req *request, in *modifyUserInput) (*app.ServiceReading, error) {
	var err error
	switch in.Body.Operation {
	case api.OperationAcknowledge:
		err = s.App.AcknowledgeRenewal(ctx, req.actor, in.Project, in.Service, in.User, in.Body.Generation, req.now)
	case api.OperationReset:
		err = s.resetCredentials(ctx, req, in)
	default:
		err = &app.Error{Code: app.CodeInvalid, Field: "operation", Message: "operation must be acknowledge-renewal or reset-credentials; access to topics is given by the service's ACL"}
	}
	if err != nil {
		return nil, err
	}
	return s.App.ReadService(ctx, req.actor, in.Project, in.Service, false, req.now)
}

// resetCredentials: an empty new_password is a mistake, and must not revoke the pair in use.
func (s *server) resetCredentials(ctx context.Context, req *request, in *modifyUserInput) error {
	password := ""
	if in.Body.NewPassword != nil {
		if password = *in.Body.NewPassword; password == "" {
			return &app.Error{Code: app.CodeInvalid, Field: "new_password", Message: "new_password must not be empty: leave it out to replace the pair and the password"}
		}
	}
	_, err := s.App.ResetCredentials(ctx, req.actor, in.Project, in.Service, in.User, password, req.now)
	return err
}

func (s *server) deleteUser(ctx context.Context, req *request, in *UserPath) (api.Deleted, error) {
	until, err := s.App.DeleteUser(ctx, req.actor, in.Project, in.Service, in.User, req.now)
	return deleted(until), err
}

func (s *server) renewUser(ctx context.Context, req *request, in *UserPath) (api.UserReply, error) {
	v, err := s.App.RenewUser(ctx, req.actor, in.Project, in.Service, in.User, req.now)
	return api.UserReply{User: user(v), Message: "renewed", Warning: v.Warning}, err
}

func user(v app.UserView) api.User {
	u := api.User{
		Username: v.Name, Type: "normal", Password: v.Password,
		AccessCert: stringOrAbsent(v.Current.Cert), AccessKey: stringOrAbsent(v.Current.Key),
		AccessCertNotValidAfterTime: v.Current.NotAfter.UTC(),
		Generation:                  v.Current.Generation, State: string(v.State),
	}
	if v.Primary {
		u.Type = "primary"
	}
	if v.Hidden {
		u.Password = api.Redacted
	}
	if v.ExpiringEnd != nil {
		u.ExpiringCertNotValidAfterTime = timeOrNull(*v.ExpiringEnd)
	}
	return u
}
