package app

import (
	"context"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/pki"
)

// GetProject shows one project.
func (a *App) GetProject(ctx context.Context, actor Actor, project string, now time.Time) (ProjectView, error) {
	var v ProjectView
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		v = ProjectView{Project: s.Project, Role: s.Role}
		return err
	})
	return v, err
}

// ProjectCA gives the certificates that clients of the project should trust, as
// PEM: the authority that brokers present first.
func (a *App) ProjectCA(ctx context.Context, actor Actor, project string, now time.Time) (pem string, err error) {
	var cas []CA
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		cas, err = r.TrustedCAs(ctx, s.Project.ID)
		return err
	})
	return bundlePEM(cas), err
}

func bundlePEM(cas []CA) string {
	var b strings.Builder
	for _, ca := range cas {
		b.Write(pki.CertPEM(ca.Cert))
	}
	return b.String()
}
