package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) tagRoutes() {
	call(s, http.MethodGet, atProject+"/tags", "ProjectTagsList", "A project's tags", s.getProjectTags)
	call(s, http.MethodPut, atProject+"/tags", "ProjectTagsReplace", "Replace a project's tags", s.replaceProjectTags)
	call(s, http.MethodPatch, atProject+"/tags", "ProjectTagsUpdate", "Change some of a project's tags", s.updateProjectTags)
	call(s, http.MethodGet, atService+"/tags", "ProjectServiceTagsList", "A service's tags", s.getServiceTags)
	call(s, http.MethodPut, atService+"/tags", "ProjectServiceTagsReplace", "Replace a service's tags", s.replaceServiceTags)
	call(s, http.MethodPatch, atService+"/tags", "ProjectServiceTagsUpdate", "Change some of a service's tags", s.updateServiceTags)
}

func (s *server) getProjectTags(ctx context.Context, req *request, in *ProjectPath) (api.Tags, error) {
	v, err := s.App.GetProject(ctx, req.actor, in.Project, req.now)
	return api.Tags{Tags: object(v.Tags)}, err
}

func (s *server) getServiceTags(ctx context.Context, req *request, in *ServicePath) (api.Tags, error) {
	tags, err := s.App.ServiceTags(ctx, req.actor, in.Project, in.Service, req.now)
	return api.Tags{Tags: object(tags)}, err
}

type projectTagsInput struct {
	ProjectPath
	Body api.TagsUpdate
}

func (s *server) replaceProjectTags(ctx context.Context, req *request, in *projectTagsInput) (api.Done, error) {
	return s.setTags(ctx, req, in.Project, "", in.Body, true)
}

func (s *server) updateProjectTags(ctx context.Context, req *request, in *projectTagsInput) (api.Done, error) {
	return s.setTags(ctx, req, in.Project, "", in.Body, false)
}

type serviceTagsInput struct {
	ServicePath
	Body api.TagsUpdate
}

func (s *server) replaceServiceTags(ctx context.Context, req *request, in *serviceTagsInput) (api.Done, error) {
	return s.setTags(ctx, req, in.Project, in.Service, in.Body, true)
}

func (s *server) updateServiceTags(ctx context.Context, req *request, in *serviceTagsInput) (api.Done, error) {
	return s.setTags(ctx, req, in.Project, in.Service, in.Body, false)
}

// setTags refuses a body without tags: it would take all of them away.
func (s *server) setTags(ctx context.Context, req *request, project, service string, u api.TagsUpdate, replace bool) (api.Done, error) {
	if u.Tags == nil {
		return api.Done{}, &app.Error{Code: app.CodeInvalid, Field: "tags", Message: "tags must be an object of strings, such as {\"team\": \"orders\"}"}
	}
	return api.Done{Message: "tags updated"}, s.App.SetTags(ctx, req.actor, project, service, u.Tags, replace, req.now)
}
