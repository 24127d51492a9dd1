package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// PolicyView is an effective policy and where each value comes from.
type PolicyView struct {
	Policy      lifecycle.Policy
	Sources     lifecycle.Sources
	Rekey       lifecycle.Rekey
	RekeyFrom   lifecycle.Source
	Notices     lifecycle.Notices
	NoticesFrom map[string]lifecycle.Source // by key of the notices
	// Due counts the users that the change just made due; 0 on reading.
	Due int
}

func policyView(p Project, s Service) (v PolicyView, err error) {
	v.Policy, v.Sources = lifecycle.Effective(p.Override, s.Override)
	v.Rekey, v.RekeyFrom = lifecycle.EffectiveRekey(p.Override, s.Override)
	v.Notices, v.NoticesFrom, err = noticesWithSources(p, s)
	return v, err
}

// GetPolicy shows what is effective for a service, or for the project where
// service is empty.
func (a *App) GetPolicy(ctx context.Context, actor Actor, project, service string, now time.Time) (PolicyView, error) {
	var v PolicyView
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		svc := Service{}
		if service != "" {
			if svc, err = findService(ctx, r, s, service); err != nil {
				return err
			}
		}
		v, err = policyView(s.Project, svc)
		return err
	})
	return v, err
}
