package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) renewalRoutes() {
	call(s, http.MethodGet, atProject+"/renewals", "ProjectRenewalList", "Renewals that await acknowledgement, the most urgent first", s.listRenewals)
}

type listRenewalsInput struct {
	ProjectPath
	After string `query:"after" doc:"The next of the page before"`
	Limit int    `query:"limit" doc:"1 to 1000; 100 when left out"`
}

func (s *server) listRenewals(ctx context.Context, req *request, in *listRenewalsInput) (api.RenewalsReply, error) {
	found, next, err := s.App.ListRenewals(ctx, req.actor, in.Project, app.Page{After: in.After, Limit: in.Limit}, req.now)
	return api.RenewalsReply{
		Renewals: each(found, func(v app.RenewalView) api.Renewal { return renewal(v, req.now) }), Next: stringOrAbsent(next),
	}, err
}

func renewal(v app.RenewalView, now time.Time) api.Renewal {
	r := api.Renewal{
		ServiceName: v.Service, Username: v.User, Generation: v.Generation, ReplacedGeneration: v.Replaced,
		State: string(v.State), CreateTime: v.CreatedAt.UTC(),
		ExpiringCertNotValidAfterTime: v.OldNotAfter.UTC(), AccessCertNotValidAfterTime: v.NewNotAfter.UTC(),
	}
	if v.SnoozedUntil.After(now) {
		r.SnoozedUntil, r.SnoozeReason = timeOrNull(v.SnoozedUntil), &v.SnoozeReason
	}
	return r
}
