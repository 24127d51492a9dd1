package console

import (
	"net/http"

	"github.com/segue-project/segue/internal/app"
)

func (s *server) projectRoutes() {
	s.mux.HandleFunc("GET /projects", s.private((*visit).projectsPage))
	s.mux.HandleFunc("POST /projects", s.private((*visit).createProject))
}

// home leads to what somebody most likely came for: the first project.
func (v *visit) home() error {
	me, err := v.App.Me(v.r.Context(), v.actor, v.now)
	if err != nil {
		return err
	}
	if len(me.Projects) == 0 {
		return v.redirect("/projects")
	}
	return v.redirect(projectPath(me.Projects[0]))
}

func (v *visit) projectsPage() error { return v.projectsWith(http.StatusOK, "", "") }

func (v *visit) projectsWith(status int, name, message string) error {
	found, next, err := v.App.ListProjects(v.r.Context(), v.actor, app.Page{After: v.r.URL.Query().Get("after")}, v.now)
	if err != nil {
		return err
	}
	return v.showAs(status, "Projects", projectsPage(v.frame, found, next, v.actor.Administrator, name, message))
}

func (v *visit) createProject() error {
	if err := v.form(); err != nil {
		return err
	}
	name := v.r.PostForm.Get("project")
	p, err := v.App.CreateProject(v.r.Context(), v.actor, app.NewProject{Name: name}, v.now)
	if err != nil {
		status, e := v.refusal(err)
		return v.projectsWith(status, name, sentence(e.Message))
	}
	return v.done(projectPath(p.Name, "services"), "Project "+p.Name+" is made, with its certificate authority.")
}
