package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) healthRoutes() {
	public(s, http.MethodGet, "/livez", "livez", "Whether the process runs", s.livez)
	public(s, http.MethodGet, "/readyz", "readyz", "Whether it can serve", s.readyz)
}

func (s *server) livez(context.Context, *request, *struct{}) (api.HealthReply, error) {
	return api.HealthReply{Status: "ok", Version: s.Version}, nil
}

func (s *server) readyz(ctx context.Context, req *request, _ *struct{}) (api.HealthReply, error) {
	if err := s.Ready(ctx); err != nil {
		s.Log.Warn("not ready", "request_id", req.id, "error", err)
		return api.HealthReply{}, &app.Error{Code: app.CodeUnavailable, Message: "not ready: the log says why"}
	}
	return api.HealthReply{Status: "ok", Version: s.Version}, nil
}
