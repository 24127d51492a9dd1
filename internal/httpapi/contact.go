package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) contactRoutes() {
	call(s, http.MethodGet, atProject+"/contacts", "ProjectContactsGet", "A project's technical contacts", s.getProjectContacts)
	call(s, http.MethodPut, atProject+"/contacts", "ProjectContactsReplace", "Replace a project's technical contacts", s.setProjectContacts)
	call(s, http.MethodGet, atService+"/contacts", "ServiceContactsGet", "A service's own technical contacts", s.getServiceContacts)
	call(s, http.MethodPut, atService+"/contacts", "ServiceContactsReplace", "Replace a service's own technical contacts", s.setServiceContacts)
	call(s, http.MethodGet, atService+"/recipients", "ServiceRecipientList", "Who would be told, and why", s.listRecipients)
	call(s, http.MethodPost, atUser+"/snooze", "ServiceUserSnooze", "Silence a user's reminders until a date", s.snoozeUser)
	call(s, http.MethodDelete, atUser+"/snooze", "ServiceUserSnoozeEnd", "Let a user's reminders come again", s.endSnooze)
}

func (s *server) getProjectContacts(ctx context.Context, req *request, in *ProjectPath) (api.Contacts, error) {
	v, err := s.App.GetProject(ctx, req.actor, in.Project, req.now)
	return api.Contacts{TechEmails: each(v.TechEmails, techEmail)}, err
}

type projectContactsInput struct {
	ProjectPath
	Body api.Contacts
}

func (s *server) setProjectContacts(ctx context.Context, req *request, in *projectContactsInput) (api.Contacts, error) {
	err := s.App.SetContacts(ctx, req.actor, in.Project, "", each(in.Body.TechEmails, address), req.now)
	return api.Contacts{TechEmails: list(in.Body.TechEmails)}, err
}

func (s *server) getServiceContacts(ctx context.Context, req *request, in *ServicePath) (api.Contacts, error) {
	emails, err := s.App.ServiceContacts(ctx, req.actor, in.Project, in.Service, req.now)
	return api.Contacts{TechEmails: each(emails, techEmail)}, err
}

type serviceContactsInput struct {
	ServicePath
	Body api.Contacts
}

func (s *server) setServiceContacts(ctx context.Context, req *request, in *serviceContactsInput) (api.Contacts, error) {
	err := s.App.SetContacts(ctx, req.actor, in.Project, in.Service, each(in.Body.TechEmails, address), req.now)
	return api.Contacts{TechEmails: list(in.Body.TechEmails)}, err
}

func (s *server) listRecipients(ctx context.Context, req *request, in *ServicePath) (api.RecipientsReply, error) {
	found, err := s.App.ListRecipients(ctx, req.actor, in.Project, in.Service, req.now)
	return api.RecipientsReply{Recipients: each(found, func(r app.Recipient) api.Recipient {
		return api.Recipient{Email: r.Email, Why: r.Why}
	})}, err
}

type snoozeInput struct {
	UserPath
	Body api.Snooze
}

func (s *server) snoozeUser(ctx context.Context, req *request, in *snoozeInput) (api.UserReply, error) {
	if in.Body.Until.IsZero() {
		return api.UserReply{}, &app.Error{Code: app.CodeInvalid, Field: "until", Message: "until must say when reminders come again, in RFC 3339"}
	}
	v, err := s.App.SnoozeUser(ctx, req.actor, in.Project, in.Service, in.User, in.Body.Until, in.Body.Reason, req.now)
	return api.UserReply{User: user(v), Message: "snoozed"}, err
}

func (s *server) endSnooze(ctx context.Context, req *request, in *UserPath) (api.UserReply, error) {
	v, err := s.App.SnoozeUser(ctx, req.actor, in.Project, in.Service, in.User, time.Time{}, "", req.now)
	return api.UserReply{User: user(v), Message: "snooze ended"}, err
}
