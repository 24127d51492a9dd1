package app

import (
	"context"
	"time"
)

// ListProjects pages through the projects where the actor has a role, in name order.
func (a *App) ListProjects(ctx context.Context, actor Actor, page Page, now time.Time) (projects []ProjectView, next string, err error) {
	var found []Project
	err = a.read(ctx, actor, now, func(r Reader) error {
		of := actor.AccountID
		if actor.Administrator || actor.System {
			of = 0
		}
		if found, err = r.Projects(ctx, of, page.After, page.limit()); err != nil {
			return err
		}
		for _, p := range found {
			role, err := roleOf(ctx, r, actor, p.ID)
			if err != nil {
				return err
			}
			projects = append(projects, ProjectView{Project: p, Role: role})
		}
		return nil
	})
	return projects, page.next(len(found), func(i int) string { return found[i].Name }), err
}
