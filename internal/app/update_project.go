package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// ProjectPatch is what a change of a project names; nil leaves alone.
type ProjectPatch struct {
	Name       *string
	TechEmails []string // empty but not nil takes all away
	Tags       map[string]*string
}

// UpdateProject changes what the patch names; tags that it names replace all there
// were. A new name changes no certificate: those hold the first one.
func (a *App) UpdateProject(ctx context.Context, actor Actor, project string, patch ProjectPatch, now time.Time) (ProjectView, error) {
	if patch.Name != nil {
		if err := lifecycle.CheckName("project_name", *patch.Name); err != nil {
			return ProjectView{}, AsError(err)
		}
	}
	if err := checkEmails("tech_emails", patch.TechEmails); err != nil {
		return ProjectView{}, err
	}
	return a.changeProject(ctx, actor, project, now, func(u *unit, p *Project) (changed []string, err error) {
		if patch.Name != nil && *patch.Name != p.Name {
			changed = append(changed, "project_name")
			if err := u.renameProject(ctx, p, *patch.Name); err != nil {
				return nil, err
			}
		}
		if patch.TechEmails != nil && !slices.Equal(patch.TechEmails, p.TechEmails) {
			changed, p.TechEmails = append(changed, "tech_emails"), patch.TechEmails
			if err := u.SetProjectContacts(ctx, p.ID, p.TechEmails); err != nil {
				return nil, err
			}
		}
		if patch.Tags == nil {
			return changed, nil
		}
		before := p.Tags
		if p.Tags, err = patchTags(nil, patch.Tags, true); err != nil || sameTags(before, p.Tags) {
			return changed, err
		}
		return append(changed, "tags"), u.SetProjectTags(ctx, p.ID, p.Tags)
	})
}

func (u *unit) renameProject(ctx context.Context, p *Project, name string) error {
	if err := u.RenameProject(ctx, p.ID, name); errors.Is(err, ErrExists) {
		return &Error{Code: CodeConflict, Field: "project_name", Message: "a project of this name already exists"}
	} else if err != nil {
		return err
	}
	p.Name = name
	return nil
}

// changeProject lets change alter a project as it is now and says in the audit log
// which fields it altered. Changes of one project wait for each other.
func (a *App) changeProject(ctx context.Context, actor Actor, project string, now time.Time,
	change func(u *unit, p *Project) (changed []string, err error)) (ProjectView, error) {
	var v ProjectView
	err := a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageProject)
		if err != nil {
			return err
		}
		if _, err := u.LockAuditHead(ctx, s.Project.ID); err != nil {
			return err
		}
		if s, err = authorise(ctx, u, actor, project, ManageProject); err != nil {
			return err
		}
		p := s.Project
		changed, err := change(u, &p)
		v = ProjectView{Project: p, Role: s.Role}
		if err != nil || len(changed) == 0 {
			return err
		}
		detail := map[string]any{"changed": changed}
		if p.Name != s.Project.Name {
			detail["from"], detail["to"] = s.Project.Name, p.Name
		}
		return u.audit(p.ID, "project.update", "", "", detail)
	})
	return v, err
}
