package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/lifecycle"
)

// resetRoutes are older paths of the reset that modifyUser makes. They take no body.
func (s *server) resetRoutes() {
	call(s, http.MethodPut, atUser+"/credentials/reset", "resetUserCredentials", "Reset credentials, by an older path", s.resetUser)
	call(s, http.MethodPost, atUser+"/reset-credentials", "resetUserCredentialsByPost", "Reset credentials, by another older path", s.resetUser)
	call(s, http.MethodPut, atService+"/credentials/reset", "resetServiceCredentials", "Reset the credentials of avnadmin", s.resetPrimaryUser)
}

func (s *server) resetUser(ctx context.Context, req *request, in *UserPath) (api.ServiceReply, error) {
	if _, err := s.App.ResetCredentials(ctx, req.actor, in.Project, in.Service, in.User, "", req.now); err != nil {
		return api.ServiceReply{}, err
	}
	return s.getService(ctx, req, &getServiceInput{ServicePath: in.ServicePath})
}

func (s *server) resetPrimaryUser(ctx context.Context, req *request, in *ServicePath) (api.ServiceReply, error) {
	return s.resetUser(ctx, req, &UserPath{ServicePath: *in, User: lifecycle.PrimaryUser})
}
