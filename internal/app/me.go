package app

import (
	"context"
	"time"
)

// MeView is the actor and the projects where it has a role.
type MeView struct {
	Actor
	Projects []string
}

// Me shows who the actor is. Projects holds the first thousand names.
func (a *App) Me(ctx context.Context, actor Actor, now time.Time) (MeView, error) {
	projects, _, err := a.ListProjects(ctx, actor, Page{Limit: 1000}, now)
	v := MeView{Actor: actor, Projects: make([]string, len(projects))}
	for i, p := range projects {
		v.Projects[i] = p.Name
	}
	return v, err
}
