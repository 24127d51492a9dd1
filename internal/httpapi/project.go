package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) projectRoutes() {
	call(s, http.MethodGet, "/v1/project", "ProjectList", "List projects", s.listProjects)
	call(s, http.MethodPost, "/v1/project", "ProjectCreate", "Create a project", s.createProject)
	call(s, http.MethodGet, atProject, "ProjectGet", "Read a project", s.getProject)
	call(s, http.MethodPut, atProject, "ProjectUpdate", "Rename a project, change its contacts or tags", s.updateProject)
	call(s, http.MethodDelete, atProject, "ProjectDelete", "Delete a project that has no service", s.deleteProject)
	call(s, http.MethodGet, atProject+"/kms/ca", "ProjectKmsGetCA", "The authorities that clients should trust", s.getProjectCA)
}

func (s *server) listProjects(ctx context.Context, req *request, _ *struct{}) (api.ProjectsReply, error) {
	found, err := everyPage(func(p app.Page) ([]app.ProjectView, string, error) {
		return s.App.ListProjects(ctx, req.actor, p, req.now)
	})
	return api.ProjectsReply{Projects: each(found, project)}, err
}

type createProjectInput struct {
	Body api.ProjectCreate
}

func (s *server) createProject(ctx context.Context, req *request, in *createProjectInput) (api.ProjectReply, error) {
	v, err := s.App.CreateProject(ctx, req.actor, app.NewProject{
		Name: in.Body.Project, TechEmails: each(in.Body.TechEmails, address), Tags: in.Body.Tags,
	}, req.now)
	return api.ProjectReply{Project: project(v)}, err
}

func (s *server) getProject(ctx context.Context, req *request, in *ProjectPath) (api.ProjectReply, error) {
	v, err := s.App.GetProject(ctx, req.actor, in.Project, req.now)
	return api.ProjectReply{Project: project(v)}, err
}

type updateProjectInput struct {
	ProjectPath
	Body api.ProjectUpdate
}

func (s *server) updateProject(ctx context.Context, req *request, in *updateProjectInput) (api.ProjectReply, error) {
	v, err := s.App.UpdateProject(ctx, req.actor, in.Project, app.ProjectPatch{
		Name: in.Body.ProjectName, TechEmails: eachOrNil(in.Body.TechEmails, address), Tags: in.Body.Tags,
	}, req.now)
	return api.ProjectReply{Project: project(v)}, err
}

func (s *server) deleteProject(ctx context.Context, req *request, in *ProjectPath) (api.Done, error) {
	return api.Done{Message: "deleted"}, s.App.DeleteProject(ctx, req.actor, in.Project, req.now)
}

func (s *server) getProjectCA(ctx context.Context, req *request, in *ProjectPath) (api.CAReply, error) {
	pem, err := s.App.ProjectCA(ctx, req.actor, in.Project, req.now)
	return api.CAReply{Certificate: pem}, err
}

func project(v app.ProjectView) api.Project {
	return api.Project{
		ProjectName: v.Name, AccountID: accountID, OrganizationID: organizationID,
		TechEmails: each(v.TechEmails, techEmail), Tags: object(v.Tags),
	}
}

func address(e api.TechEmail) string   { return e.Email }
func techEmail(s string) api.TechEmail { return api.TechEmail{Email: s} }
