package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

// GenerationPath names one pair of a service user.
type GenerationPath struct {
	UserPath
	Generation int `path:"generation" doc:"Number of the pair, from 1"`
}

func (s *server) generationRoutes() {
	call(s, http.MethodGet, atUser+"/generations", "ServiceUserGenerationList", "List the pairs a service user had", s.listGenerations)
	call(s, http.MethodGet, atUser+"/generations/{generation}", "ServiceUserGenerationGet", "Read one pair", s.getGeneration)
}

func (s *server) listGenerations(ctx context.Context, req *request, in *UserPath) (api.GenerationsReply, error) {
	pairs, err := s.App.ListGenerations(ctx, req.actor, in.Project, in.Service, in.User, req.now)
	return api.GenerationsReply{Generations: each(pairs, generation)}, err
}

func (s *server) getGeneration(ctx context.Context, req *request, in *GenerationPath) (api.GenerationReply, error) {
	v, err := s.App.GetGeneration(ctx, req.actor, in.Project, in.Service, in.User, in.Generation, req.now)
	return api.GenerationReply{Generation: generation(v)}, err
}

func generation(v app.PairView) api.Generation {
	return api.Generation{
		Generation: v.Generation, Serial: v.Serial, Current: v.Current, CreateTime: v.CreatedAt.UTC(),
		RevokeTime: timeOrNull(v.RevokedAt), KeyDestroyed: v.KeyGone,
		AccessCertNotValidBeforeTime: v.NotBefore.UTC(), AccessCertNotValidAfterTime: v.NotAfter.UTC(),
		AccessCert: stringOrAbsent(v.Cert), AccessKey: stringOrAbsent(v.Key),
	}
}
