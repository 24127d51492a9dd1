package app

import (
	"context"
	"time"
)

// ListServiceNames pages through the names of a project's services, in order.
func (a *App) ListServiceNames(ctx context.Context, actor Actor, project string, page Page, now time.Time) (names []string, next string, err error) {
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		services, err := r.Services(ctx, s.Project.ID, page.After, page.limit())
		for _, service := range services {
			names = append(names, service.Name)
		}
		return err
	})
	return names, page.next(len(names), func(i int) string { return names[i] }), err
}
