package app

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// DeleteProject ends a project that has no service. Its certificates stay known
// and its revocation lists are served on; its name is free again, its first name,
// which stands in certificates, is not.
func (a *App) DeleteProject(ctx context.Context, actor Actor, project string, now time.Time) error {
	return a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, DeleteProject)
		if err != nil {
			return err
		}
		if err := noServices(ctx, u, s.Project.ID); err != nil {
			return err
		}
		if err := u.DeleteProject(ctx, s.Project.ID, now); err != nil {
			return err
		}
		return u.audit(s.Project.ID, "project.delete", "", "", map[string]string{"project": s.Project.Name})
	})
}

// namedServices is how many services a refusal names.
const namedServices = 3

func noServices(ctx context.Context, r Reader, projectID int64) error {
	left, err := r.Services(ctx, projectID, "", namedServices)
	if err != nil || len(left) == 0 {
		return err
	}
	n, err := r.CountServices(ctx, projectID)
	if err != nil {
		return err
	}
	names := make([]string, len(left))
	for i, s := range left {
		names[i] = s.Name
	}
	what := "its service " + names[0] + " is"
	if n > 1 {
		what = fmt.Sprintf("%d services, %s", n, strings.Join(names, ", "))
		if n > len(names) {
			what += " and others"
		}
		what += ", are"
	}
	return fail(CodeConflict, "%s still there: delete what is left, then the project", what)
}
