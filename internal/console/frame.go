package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// frame is what surrounds every page: where somebody is and what else is there.
type frame struct {
	Title, Version, Theme, Path string
	Host                        string // where people reach this Segue

	Now  time.Time
	Zone *time.Location // times are shown in it: the project's

	Email string // of the actor; empty on public pages
	Flash string // what just happened

	Project  string // empty outside of one
	Role     app.Role
	Projects []string
	Section  string // the entry of the menu that is open
	Users    int
	// Waiting counts the renewals that await somebody, Services those with such.
	Waiting, Services int
}

// may reports whether the actor's role allows something; see app.Role.May.
func (f frame) may(p app.Permission) bool { return f.Role.May(p) }

func projectPath(project string, rest ...string) string {
	return "/projects/" + strings.Join(append([]string{url.PathEscape(project)}, escaped(rest)...), "/")
}

func escaped(parts []string) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = url.PathEscape(p)
	}
	return out
}

// path is a page of the frame's project.
func (f frame) path(rest ...string) string { return projectPath(f.Project, rest...) }

// inProject serves a page of a project: the frame knows the role, the zone and
// what awaits somebody. section is the entry of the menu that it belongs to.
func (s *server) inProject(section string, p page) http.HandlerFunc {
	return s.private(func(v *visit) error {
		if err := v.enter(v.r.PathValue("project"), section); err != nil {
			return err
		}
		return p(v)
	})
}

// enter loads the frame of a project.
func (v *visit) enter(project, section string) error {
	ctx, f := v.r.Context(), &v.frame
	p, err := v.App.GetProject(ctx, v.actor, project, v.now)
	if err != nil {
		return err
	}
	f.Project, f.Role, f.Section = p.Name, p.Role, section
	policy, err := v.App.GetPolicy(ctx, v.actor, project, "", v.now)
	if err != nil {
		return err
	}
	if f.Zone, err = time.LoadLocation(policy.Notices.TimeZone); err != nil {
		f.Zone = time.UTC
	}
	if v.partial() { // the rest surrounds the page, which is there already
		return nil
	}
	me, err := v.App.Me(ctx, v.actor, v.now)
	if err != nil {
		return err
	}
	f.Projects = me.Projects
	counts, err := v.App.CountUsers(ctx, v.actor, project, "", v.now)
	if err != nil {
		return err
	}
	f.Users, f.Waiting = counts.Total, counts.Lapsed+counts.Expiring
	totals, err := v.App.TotalServices(ctx, v.actor, project, v.now)
	f.Services = totals.Awaiting
	return err
}

// counted reports whether an entry of the menu tells how much awaits somebody there.
func counted(section string) bool { return section == "services" || section == "renewals" }
