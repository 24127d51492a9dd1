package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

func (s *server) policyRoutes() {
	call(s, http.MethodGet, atProject+"/policy", "ProjectPolicyGet", "The policy of a project", s.getProjectPolicy)
	call(s, http.MethodPut, atProject+"/policy", "ProjectPolicyUpdate", "Change the policy of a project", s.setProjectPolicy)
	call(s, http.MethodGet, atService+"/policy", "ServicePolicyGet", "The policy of a service", s.getServicePolicy)
	call(s, http.MethodPut, atService+"/policy", "ServicePolicyUpdate", "Change the policy of a service", s.setServicePolicy)
}

func (s *server) getProjectPolicy(ctx context.Context, req *request, in *ProjectPath) (api.PolicyReply, error) {
	v, err := s.App.GetPolicy(ctx, req.actor, in.Project, "", req.now)
	return policy(v), err
}

func (s *server) getServicePolicy(ctx context.Context, req *request, in *ServicePath) (api.PolicyReply, error) {
	v, err := s.App.GetPolicy(ctx, req.actor, in.Project, in.Service, req.now)
	return policy(v), err
}

type projectPolicyInput struct {
	ProjectPath
	Body api.PolicyUpdate
}

func (s *server) setProjectPolicy(ctx context.Context, req *request, in *projectPolicyInput) (api.PolicyReply, error) {
	v, err := s.App.SetPolicy(ctx, req.actor, in.Project, "", patch(in.Body), in.Body.Confirm, req.now)
	return policy(v), err
}

type servicePolicyInput struct {
	ServicePath
	Body api.PolicyUpdate
}

func (s *server) setServicePolicy(ctx context.Context, req *request, in *servicePolicyInput) (api.PolicyReply, error) {
	v, err := s.App.SetPolicy(ctx, req.actor, in.Project, in.Service, patch(in.Body), in.Body.Confirm, req.now)
	return policy(v), err
}

// patch holds the keys that were sent; a nil value, or JSON null, inherits again.
func patch(u api.PolicyUpdate) app.PolicyPatch {
	p := app.PolicyPatch{Renewal: map[string]*string{}, Notices: map[string]json.RawMessage{}}
	for key, setting := range map[string]api.Setting{"validity": u.Validity, "renew_before": u.RenewBefore, "spread": u.Spread} {
		if setting.Set {
			p.Renewal[key] = setting.Value
		}
	}
	for key, value := range map[string]json.RawMessage{
		"reminders": u.Reminders, "after_lapse": u.AfterLapse, "digest_delay": u.DigestDelay,
		"digest_interval": u.DigestInterval, "time_zone": u.TimeZone,
	} {
		if value != nil {
			p.Notices[key] = value
		}
	}
	return p
}

func policy(v app.PolicyView) api.PolicyReply {
	return api.PolicyReply{
		Policy: api.Policy{
			Validity:    lifecycle.FormatDuration(v.Policy.Validity),
			RenewBefore: lifecycle.FormatDuration(v.Policy.RenewBefore),
			Spread:      lifecycle.FormatDuration(v.Policy.Spread),

			Reminders:      each(v.Notices.Reminders, reminder),
			AfterLapse:     api.AfterLapse{Every: lifecycle.FormatDuration(v.Notices.AfterLapse.Every), Times: v.Notices.AfterLapse.Times},
			DigestDelay:    lifecycle.FormatDuration(v.Notices.DigestDelay),
			DigestInterval: lifecycle.FormatDuration(v.Notices.DigestInterval),
			TimeZone:       v.Notices.TimeZone,
		},
		Sources: api.PolicySources{
			Validity:    string(v.Sources.Validity),
			RenewBefore: string(v.Sources.RenewBefore),
			Spread:      string(v.Sources.Spread),

			Reminders:      string(v.NoticesFrom["reminders"]),
			AfterLapse:     string(v.NoticesFrom["after_lapse"]),
			DigestDelay:    string(v.NoticesFrom["digest_delay"]),
			DigestInterval: string(v.NoticesFrom["digest_interval"]),
			TimeZone:       string(v.NoticesFrom["time_zone"]),
		},
		Due: v.Due,
	}
}

func reminder(r lifecycle.Reminder) api.Reminder {
	return api.Reminder{Within: lifecycle.FormatDuration(r.Within), Every: lifecycle.FormatDuration(r.Every)}
}
