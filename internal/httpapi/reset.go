package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// resetRoutes are older paths of the reset that modifyUser makes. They take no body.
func (s *server) resetRoutes() {
	serviceCall(s, http.MethodPut, atUser+"/credentials/reset", "ServiceUserCredentialsReset", "Reset credentials, by an older path", s.resetUser)
	serviceCall(s, http.MethodPost, atUser+"/reset-credentials", "ServiceUserCredentialsResetByPost", "Reset credentials, by another older path", s.resetUser)
	serviceCall(s, http.MethodPut, atService+"/credentials/reset", "ServiceCredentialsReset", "Reset the credentials of avnadmin", s.resetPrimaryUser)
}

func (s *server) resetUser(ctx context.Context, req *request, in *UserPath) (*app.ServiceReading, error) {
	if _, err := s.App.ResetCredentials(ctx, req.actor, in.Project, in.Service, in.User, "", req.now); err != nil {
		return nil, err
	}
	return s.App.ReadService(ctx, req.actor, in.Project, in.Service, false, req.now)
}

func (s *server) resetPrimaryUser(ctx context.Context, req *request, in *ServicePath) (*app.ServiceReading, error) {
	return s.resetUser(ctx, req, &UserPath{ServicePath: *in, User: lifecycle.PrimaryUser})
}
