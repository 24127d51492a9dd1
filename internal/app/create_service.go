package app

import (
	"context"
	"errors"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// NewService is what a new service is made of.
type NewService struct {
	Name                  string
	Plan                  string
	Cloud                 string
	UserConfig            map[string]any // bootstrap_servers: "host:port,host:port"
	TechEmails            []string
	Tags                  map[string]string
	TerminationProtection bool
}

// maxLabel bounds free labels, such as plan and cloud.
const maxLabel = 128

func (n NewService) check() (userConfig []byte, err error) {
	if err := lifecycle.CheckName("service_name", n.Name); err != nil {
		return nil, AsError(err)
	}
	if err := checkLabels(n.Plan, n.Cloud); err != nil {
		return nil, err
	}
	if err := checkTags(n.Tags); err != nil {
		return nil, err
	}
	if _, err := parseBootstrap("tags."+TagBootstrap, n.Tags[TagBootstrap]); err != nil {
		return nil, err
	}
	if err := checkEmails("tech_emails", n.TechEmails); err != nil {
		return nil, err
	}
	return mergedConfig(nil, n.UserConfig) // without the keys that are null
}

func checkLabels(plan, cloud string) error {
	if len(plan) > maxLabel || len(cloud) > maxLabel {
		return failField("plan", "plan and cloud must be at most %d bytes long", maxLabel)
	}
	return nil
}

// CreateService makes a service with its cluster CA and its primary user.
func (a *App) CreateService(ctx context.Context, actor Actor, project string, n NewService, now time.Time) (ServiceView, error) {
	if err := a.AddService(ctx, actor, project, n, now); err != nil {
		return ServiceView{}, err
	}
	return a.GetService(ctx, actor, project, n.Name, now)
}

// AddService is CreateService for who does not want to see the pair of the primary user.
func (a *App) AddService(ctx context.Context, actor Actor, project string, n NewService, now time.Time) error {
	return AsError(a.createService(ctx, actor, project, n, now))
}

func (a *App) createService(ctx context.Context, actor Actor, project string, n NewService, now time.Time) error {
	config, err := n.check()
	if err != nil {
		return err
	}
	var s scope
	var ca CA
	err = a.read(ctx, actor, now, func(r Reader) (err error) {
		if s, err = authorise(ctx, r, actor, project, ManageServices); err != nil {
			return err
		}
		switch _, err := r.ServiceByName(ctx, s.Project.ID, n.Name); {
		case err == nil:
			return serviceExists()
		case !errors.Is(err, ErrNotFound):
			return err
		}
		ca, err = r.ActiveCA(ctx, s.Project.ID, 0, ProjectCA)
		return err
	})
	if err != nil {
		return err
	}
	svc := Service{
		ID: newID(), ProjectID: s.Project.ID, Name: n.Name, Plan: n.Plan, Cloud: n.Cloud, UserConfig: config,
		TechEmails: n.TechEmails, Tags: n.Tags, TerminationProtection: n.TerminationProtection, CreatedAt: now, UpdatedAt: now,
	}
	return a.storeService(ctx, actor, project, s, svc, ca, now)
}

func (a *App) storeService(ctx context.Context, actor Actor, project string, s scope, svc Service, ca CA, now time.Time) error {
	cluster, err := a.newCA(ctx, s.Project, svc.ID, svc.Name, ClusterCA, ca.NotBefore, now)
	if err != nil {
		return err
	}
	primary, err := a.newUser(ctx, s.Project, svc, ca, lifecycle.PrimaryUser, now)
	if err != nil {
		return err
	}
	return a.write(ctx, actor, now, func(u *unit) error {
		if _, err := authorise(ctx, u, actor, project, ManageServices); err != nil {
			return err
		}
		if err := u.InsertService(ctx, svc); errors.Is(err, ErrExists) {
			return serviceExists()
		} else if err != nil {
			return err
		}
		if err := u.InsertCA(ctx, cluster); err != nil {
			return err
		}
		if err := u.audit(s.Project.ID, "service.create", svc.Name, "", struct{}{}); err != nil {
			return err
		}
		return u.insertUser(ctx, s, svc, primary)
	})
}

func serviceExists() error {
	return &Error{Code: CodeConflict, Field: "service_name", Message: "a service of this name already exists in this project"}
}
