package app

import (
	"context"
	"errors"
	"fmt"
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

// NewProject is what a project is made of.
type NewProject struct {
	Name       string
	TechEmails []string
	Tags       map[string]string
}

func (n NewProject) check() error {
	if err := lifecycle.CheckName("project", n.Name); err != nil {
		return AsError(err)
	}
	if err := checkTags(n.Tags); err != nil {
		return err
	}
	return checkEmails("tech_emails", n.TechEmails)
}

// CreateProject makes a project with its certificate authority. Only the
// administrator of the instance may.
func (a *App) CreateProject(ctx context.Context, actor Actor, n NewProject, now time.Time) (ProjectView, error) {
	return a.createProject(ctx, actor, n, now.Add(-CABackdate), now)
}

func (a *App) createProject(ctx context.Context, actor Actor, n NewProject, caNotBefore, now time.Time) (ProjectView, error) {
	if !actor.Administrator && !actor.System {
		return ProjectView{}, a.noteDenial(ctx, actor, now, &denial{permission: "create-project", refusal: &Error{
			Code: CodeForbidden, Message: "only the administrator of this Segue makes projects",
		}})
	}
	if err := n.check(); err != nil {
		return ProjectView{}, err
	}
	p := Project{ID: newID(), Name: n.Name, TechEmails: n.TechEmails, Tags: n.Tags, CreatedAt: now}
	var err error
	if p.FirstName, err = a.freeFirstName(ctx, n.Name); err != nil {
		return ProjectView{}, err
	}
	ca, err := a.newCA(ctx, p, 0, "", ProjectCA, caNotBefore, now)
	if err != nil {
		return ProjectView{}, err
	}
	err = a.write(ctx, actor, now, func(u *unit) error {
		if err := u.InsertProject(ctx, p); errors.Is(err, ErrExists) {
			return &Error{Code: CodeConflict, Field: "project", Message: "a project of this name already exists"}
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
		return u.audit(p.ID, "project.create", "", "", map[string]string{"project": p.Name, "first_name": p.FirstName})
	})
	return ProjectView{Project: p, Role: RoleAdmin}, err
}

// maxNamesakes bounds how many projects can have had one name first.
const maxNamesakes = 1000

// freeFirstName is the name, or, where another project had it first, the name and a
// number: pairs of that one must not be taken for pairs of this.
func (a *App) freeFirstName(ctx context.Context, name string) (string, error) {
	first := name
	err := a.Store.Read(ctx, func(r Reader) error {
		for n := 2; ; n++ {
			taken, err := r.FirstNameTaken(ctx, first)
			if err != nil || !taken {
				return err
			}
			if n > maxNamesakes {
				return fail(CodeConflict, "too many projects had this name before: choose another")
			}
			suffix := fmt.Sprintf("-%d", n)
			first = name[:min(len(name), lifecycle.MaxName-len(suffix))] + suffix
		}
	})
	return first, err
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
