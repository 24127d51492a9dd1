package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) Project(ctx context.Context, id int64) (app.Project, error) {
	row, err := r.q.Project(ctx, id)
	if err != nil {
		return app.Project{}, readError("project", err)
	}
	return project(row)
}

func (r reader) ProjectByName(ctx context.Context, name string) (app.Project, error) {
	row, err := r.q.ProjectByName(ctx, name)
	if err != nil {
		return app.Project{}, readError("project", err)
	}
	return project(row)
}

func (r reader) Projects(ctx context.Context, accountID int64, after string, limit int) ([]app.Project, error) {
	var rows []db.Project
	var err error
	if accountID == 0 {
		rows, err = r.q.AllProjects(ctx, db.AllProjectsParams{After: after, Limit: int32(limit)})
	} else {
		rows, err = r.q.ProjectsOf(ctx, db.ProjectsOfParams{AccountID: accountID, After: after, Limit: int32(limit)})
	}
	if err != nil {
		return nil, readError("projects", err)
	}
	return convertAll(rows, project)
}

func project(p db.Project) (app.Project, error) {
	emails, err := fromListText("tech_emails of a project", p.TechEmails)
	if err != nil {
		return app.Project{}, err
	}
	tags, err := fromMapText("tags of a project", p.Tags)
	return app.Project{
		ID: p.ID, Name: p.Name, FirstName: p.FirstName, TechEmails: emails, Tags: tags,
		Override: override(p.Validity, p.RenewBefore, p.Spread), Notices: fromNullJSON(p.Notices),
		NewsAt: fromNullMillis(p.NewsAt), DigestAt: fromNullMillis(p.DigestAt),
		CreatedAt: fromMillis(p.CreatedAt), DeletedAt: fromNullMillis(p.DeletedAt),
	}, err
}

func (t *tx) InsertProject(ctx context.Context, p app.Project) error {
	return t.writeError("project", t.q.InsertProject(ctx, db.InsertProjectParams{
		ID: p.ID, Name: p.Name, FirstName: p.FirstName, TechEmails: listText(p.TechEmails),
		Validity: nullDuration(p.Override.Validity), RenewBefore: nullDuration(p.Override.RenewBefore),
		Spread: nullDuration(p.Override.Spread), Notices: nullText(string(p.Notices)), Tags: mapText(p.Tags), CreatedAt: p.CreatedAt.UnixMilli(),
	}))
}

func (t *tx) SetProjectPolicy(ctx context.Context, projectID int64, o lifecycle.Override) error {
	n, err := t.q.SetProjectPolicy(ctx, db.SetProjectPolicyParams{
		ID: projectID, Validity: nullDuration(o.Validity), RenewBefore: nullDuration(o.RenewBefore), Spread: nullDuration(o.Spread),
	})
	return t.changedOne("project", n, err)
}

func (r reader) FirstNameTaken(ctx context.Context, name string) (bool, error) {
	taken, err := r.q.FirstNameTaken(ctx, name)
	return taken, readError("projects", err)
}

func (t *tx) RenameProject(ctx context.Context, projectID int64, name string) error {
	n, err := t.q.RenameProject(ctx, db.RenameProjectParams{ID: projectID, Name: name})
	return t.changedOne("project", n, err)
}

func (t *tx) SetProjectTags(ctx context.Context, projectID int64, tags map[string]string) error {
	n, err := t.q.SetProjectTags(ctx, db.SetProjectTagsParams{ID: projectID, Tags: mapText(tags)})
	return t.changedOne("project", n, err)
}

// DeleteProject marks the project; see InsertService for a service that is being
// made in it.
func (t *tx) DeleteProject(ctx context.Context, projectID int64, at time.Time) error {
	n, err := t.q.DeleteProject(ctx, db.DeleteProjectParams{
		ID: projectID, DeletedAt: nullMillis(at), Name: fmt.Sprintf("@%016x", uint64(projectID)),
	})
	if err := t.changedOne("project", n, err); err != nil {
		return err
	}
	left, err := t.q.ProjectHasServices(ctx, projectID)
	if err != nil {
		return t.writeError("project", err)
	}
	if left {
		return fmt.Errorf("%w: the project still has services, delete them first", errConflict)
	}
	return t.writeError("invitations", t.q.DeleteInvitations(ctx, projectID))
}
