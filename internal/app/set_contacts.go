package app

import (
	"context"
	"time"
)

// SetContacts replaces the technical contacts of a service, or of the project
// where service is empty. A service's own replace the project's for it.
func (a *App) SetContacts(ctx context.Context, actor Actor, project, service string, emails []string, now time.Time) error {
	if err := checkEmails("tech_emails", emails); err != nil {
		return err
	}
	return a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageNotices)
		if err != nil {
			return err
		}
		if service == "" {
			err = u.SetProjectContacts(ctx, s.Project.ID, emails)
		} else {
			var svc Service
			if svc, err = findService(ctx, u, s, service); err != nil {
				return err
			}
			err = u.SetServiceContacts(ctx, svc.ID, emails, now)
		}
		if err != nil {
			return err
		}
		return u.audit(s.Project.ID, "contacts.set", service, "", map[string]int{"contacts": len(emails)})
	})
}

// ServiceContacts shows a service's own technical contacts.
func (a *App) ServiceContacts(ctx context.Context, actor Actor, project, service string, now time.Time) (emails []string, err error) {
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		svc, err := findService(ctx, r, s, service)
		emails = svc.TechEmails
		return err
	})
	return emails, err
}
