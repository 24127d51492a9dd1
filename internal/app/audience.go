package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// audience is who is told of what in one project, as it stands in one transaction.
type audience struct {
	project  Project
	notices  lifecycle.Notices // the project's own
	zone     *time.Location
	services map[int64]Service
	byName   []int64  // the services' ids in the order of their names
	members  []Member // admins and operators
	channels []Channel
}

// readAudience reads everything that decides who is told. A project's services
// and members are few beside its users.
func readAudience(ctx context.Context, r Reader, p Project) (*audience, error) {
	a := &audience{project: p, services: map[int64]Service{}}
	var err error
	if a.notices, a.zone, err = effectiveNotices(p, Service{}); err != nil {
		// A schedule that this binary cannot read must not keep anybody's renewal up.
		a.notices, a.zone = lifecycle.DefaultNotices(), time.UTC
	}
	for after := ""; ; {
		page, err := r.Services(ctx, p.ID, after, usersRead)
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			a.services[s.ID], after = s, s.Name
			a.byName = append(a.byName, s.ID)
		}
		if len(page) < usersRead {
			break
		}
	}
	if a.members, err = toldMembers(ctx, r, p.ID); err != nil {
		return nil, err
	}
	a.channels, err = r.Channels(ctx, p.ID)
	return a, err
}

// toldMembers are a project's admins and operators.
func toldMembers(ctx context.Context, r Reader, projectID int64) ([]Member, error) {
	var told []Member
	for after := ""; ; {
		page, err := r.Members(ctx, projectID, after, usersRead)
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			if after = m.Email; m.Role == RoleAdmin || m.Role == RoleOperator {
				told = append(told, m)
			}
		}
		if len(page) < usersRead {
			return told, nil
		}
	}
}

// audience of a project, read once per transaction.
func (u *unit) audience(ctx context.Context, projectID int64) (*audience, error) {
	if a, ok := u.audiences[projectID]; ok {
		return a, nil
	}
	p, err := u.Project(ctx, projectID)
	if err != nil {
		return nil, err
	}
	a, err := readAudience(ctx, u, p)
	if err != nil {
		return nil, err
	}
	if u.audiences == nil {
		u.audiences = map[int64]*audience{}
	}
	u.audiences[projectID] = a
	return a, nil
}

// silent reports whether nobody is told of the service's renewals: it is gone,
// or its users authenticate by something else.
func (a *audience) silent(serviceID int64) bool {
	s, ok := a.services[serviceID]
	return !ok || !s.CertificateAuth()
}

// noticesOf is the schedule of a service.
func (a *audience) noticesOf(serviceID int64) (lifecycle.Notices, error) {
	n, _, err := effectiveNotices(a.project, a.services[serviceID])
	if err != nil {
		return a.notices, nil
	}
	return n, nil
}

// Recipient is somebody who is told, and why.
type Recipient struct {
	Email string
	Why   string
	// services the recipient is told about; nil: all of the project's.
	services map[int64]bool
}

// concerns reports whether the recipient is told about the service.
func (r Recipient) concerns(serviceID int64) bool { return r.services == nil || r.services[serviceID] }

// concernsAny reports whether the recipient is told about one of the services.
func (r Recipient) concernsAny(services map[int64]bool) bool {
	for id := range services {
		if r.concerns(id) {
			return true
		}
	}
	return false
}

// recipients are all who are told anything in the project, each once, in order
// of address: its admins and operators about every service, its technical
// contacts about the services that have no contacts of their own, and those.
func (a *audience) recipients() []Recipient {
	byEmail := map[string]*Recipient{}
	for _, m := range a.members {
		byEmail[m.Email] = &Recipient{Email: m.Email, Why: "you are " + article(m.Role) + " of project " + a.project.Name}
	}
	contact := func(email, why string, serviceID int64) {
		email = strings.ToLower(email)
		r, known := byEmail[email]
		if !known {
			r = &Recipient{Email: email, Why: why, services: map[int64]bool{}}
			byEmail[email] = r
		}
		if r.services != nil {
			r.services[serviceID] = true
		}
	}
	for _, id := range a.byName {
		s := a.services[id]
		for _, email := range s.TechEmails {
			contact(email, "you are a technical contact of service "+s.Name+" in project "+a.project.Name, id)
		}
		if len(s.TechEmails) == 0 {
			for _, email := range a.project.TechEmails {
				contact(email, "you are a technical contact of project "+a.project.Name, id)
			}
		}
	}
	var all []Recipient
	for _, r := range byEmail {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(x, y Recipient) int { return strings.Compare(x.Email, y.Email) })
	return all
}

// recipientsOf are those who are told about one service.
func (a *audience) recipientsOf(serviceID int64) []Recipient {
	return slices.DeleteFunc(a.recipients(), func(r Recipient) bool { return !r.concerns(serviceID) })
}

// operators are the addresses that hear of what goes wrong: the members alone,
// or the technical contacts where there is no admin and no operator.
func (a *audience) operators() []string {
	var emails []string
	for _, m := range a.members {
		emails = append(emails, m.Email)
	}
	if len(emails) == 0 {
		for _, email := range a.project.TechEmails {
			emails = append(emails, strings.ToLower(email))
		}
	}
	return emails
}

func article(r Role) string {
	if r == RoleAdmin || r == RoleOperator {
		return "an " + string(r)
	}
	return "a " + string(r)
}

// ListRecipients shows who would be told about a service, and why.
func (a *App) ListRecipients(ctx context.Context, actor Actor, project, service string, now time.Time) ([]Recipient, error) {
	var found []Recipient
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		svc, err := findService(ctx, r, s, service)
		if err != nil {
			return err
		}
		who, err := readAudience(ctx, r, s.Project)
		if err != nil || who.silent(svc.ID) {
			return err
		}
		found = who.recipientsOf(svc.ID)
		return nil
	})
	return found, err
}

// noRecipient reports whether nobody would be told about the service.
func noRecipient(ctx context.Context, r Reader, s Service) (bool, error) {
	if !s.CertificateAuth() || len(s.TechEmails) > 0 {
		return false, nil
	}
	p, err := r.Project(ctx, s.ProjectID)
	if err != nil || len(p.TechEmails) > 0 {
		return false, err
	}
	channels, err := r.Channels(ctx, p.ID)
	if err != nil || len(channels) > 0 {
		return false, err
	}
	members, err := toldMembers(ctx, r, p.ID)
	return len(members) == 0, err
}
