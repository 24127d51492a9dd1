package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/bundle"
)

func (s *server) bundleRoutes() {
	call(s, http.MethodPost, atUser+"/bundle", "ServiceUserBundleCreate", "Read a pair in the form in which a client loads it", s.makeBundle)
}

type makeBundleInput struct {
	UserPath
	Body api.BundleRequest
}

func (s *server) makeBundle(ctx context.Context, req *request, in *makeBundleInput) (api.Bundle, error) {
	b, err := s.App.MakeBundle(ctx, req.actor, in.Project, in.Service, in.User, app.BundleRequest{
		Format: in.Body.Format, Password: in.Body.Password, Directory: in.Body.Directory, Generation: in.Body.Generation,
	}, req.now)
	return api.Bundle{
		Format: b.Format, Generation: b.Generation, AccessCertNotValidAfterTime: b.NotAfter.UTC(),
		Files: each(b.Files, bundleFile), Password: stringOrAbsent(b.Password),
	}, err
}

func bundleFile(f bundle.File) api.BundleFile { return api.BundleFile(f) }
