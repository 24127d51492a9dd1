package app_test

import (
	"slices"
	"testing"

	"github.com/segue-project/segue/internal/app"
)

// TestServiceNames pages through the names of a project's services, for its members alone.
func TestServiceNames(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		for _, name := range []string{"zebra", "alerts"} {
			_, err := f.CreateService(f.ctx, f.admin, "acme", app.NewService{Name: name}, f.now)
			f.must(err)
		}
		_, err := f.DeleteService(f.ctx, f.admin, "acme", "zebra", f.now)
		f.must(err)
		reader := f.member("reader@example.com", app.RoleReadOnly)
		names, next, err := f.ListServiceNames(f.ctx, reader, "acme", app.Page{Limit: 1}, f.now)
		f.must(err)
		if !slices.Equal(names, []string{"alerts"}) || next != "alerts" {
			t.Errorf("the first page is %v, next %q", names, next)
		}
		names, _, err = f.ListServiceNames(f.ctx, reader, "acme", app.Page{After: next}, f.now)
		f.must(err)
		if !slices.Equal(names, []string{"orders"}) {
			t.Errorf("the rest is %v", names)
		}
		_, err = f.CreateProject(f.ctx, f.admin, app.NewProject{Name: "other"}, f.now)
		f.must(err)
		_, _, err = f.ListServiceNames(f.ctx, reader, "other", app.Page{}, f.now)
		f.refused(err, app.CodeNotFound)
	})
}
