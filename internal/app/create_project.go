package app

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// ProjectView is a project as an actor sees it.
type ProjectView struct {
	Project
	Role Role
}

// maxContacts bounds the technical contacts of a project or service.
const maxContacts = 50

// CreateProject makes a project with its certificate authority. Only the
// administrator of the instance may.
func (a *App) CreateProject(ctx context.Context, actor Actor, name string, techEmails []string, now time.Time) (ProjectView, error) {
	return a.createProject(ctx, actor, name, techEmails, now.Add(-CABackdate), now)
}

func (a *App) createProject(ctx context.Context, actor Actor, name string, techEmails []string, caNotBefore, now time.Time) (ProjectView, error) {
	if !actor.Administrator && !actor.System {
		return ProjectView{}, a.noteDenial(ctx, actor, now, &denial{permission: "create-project", refusal: &Error{
			Code: CodeForbidden, Message: "only the administrator of this Segue makes projects",
		}})
	}
	if err := lifecycle.CheckName("project", name); err != nil {
		return ProjectView{}, AsError(err)
	}
	if err := checkEmails("tech_emails", techEmails); err != nil {
		return ProjectView{}, err
	}
	p := Project{ID: newID(), Name: name, FirstName: name, TechEmails: techEmails, CreatedAt: now}
	ca, err := a.newCA(ctx, p, 0, "", ProjectCA, caNotBefore, now)
	if err != nil {
		return ProjectView{}, err
	}
	err = a.write(ctx, actor, now, func(u *unit) error {
		if err := u.InsertProject(ctx, p); errors.Is(err, ErrExists) {
			return &Error{Code: CodeConflict, Field: "project", Message: "a project of this name already exists, or had this name first"}
		} else if err != nil {
			return err
		}
		if err := u.InsertCA(ctx, ca); err != nil {
			return err
		}
		if actor.AccountID != 0 { // whoever made it hears of its renewals
			if err := u.SetRole(ctx, p.ID, actor.AccountID, RoleAdmin, now); err != nil {
				return err
			}
		}
		return u.audit(p.ID, "project.create", "", "", map[string]string{"project": name})
	})
	return ProjectView{Project: p, Role: RoleAdmin}, err
}

func checkEmails(field string, emails []string) error {
	if len(emails) > maxContacts {
		return failField(field, "%s must hold at most %d addresses", field, maxContacts)
	}
	for _, e := range emails {
		if !validEmail(e) {
			return failField(field, "%s must hold e-mail addresses, such as \"kafka@example.com\"", field)
		}
	}
	return nil
}

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && !strings.ContainsAny(s, "\r\n")
}
