package app

import (
	"context"
	"errors"
	"time"
)

// DeleteACL takes a row off a service's access list, and then what it allowed off
// the cluster.
func (a *App) DeleteACL(ctx context.Context, actor Actor, project, service, id string, now time.Time) (list ACLList, err error) {
	rowID, known := parseACLID(id)
	err = a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageACLs)
		if err != nil {
			return err
		}
		svc, err := findService(ctx, u, s, service)
		if err != nil {
			return err
		}
		if !known {
			return noACL()
		}
		if err := u.deleteACL(ctx, s, svc, rowID); err != nil {
			return err
		}
		list, err = readACLs(ctx, u, svc)
		return err
	})
	return list, err
}

func (u *unit) deleteACL(ctx context.Context, s scope, svc Service, id int64) error {
	row, err := u.ACL(ctx, svc.ID, id)
	if err == nil {
		err = u.DeleteACL(ctx, svc.ID, id)
	}
	if errors.Is(err, ErrNotFound) {
		return noACL()
	}
	if err != nil {
		return err
	}
	if _, err := u.TouchCluster(ctx, s.Project.ID, svc.ID, u.now); err != nil {
		return err
	}
	return u.audit(s.Project.ID, "acl.delete", svc.Name, "", grantDetail(row))
}

func noACL() error {
	return fail(CodeNotFound, "no such ACL row in this service: list them with `segue service acl-list`")
}

// dropACLs takes away what a user that is being deleted was allowed, and its
// password at the cluster.
func (u *unit) dropACLs(ctx context.Context, t target) error {
	n, err := u.DeleteACLsOf(ctx, t.service.ID, t.user.Name)
	if err != nil {
		return err
	}
	if n > 0 {
		err = u.audit(t.Project.ID, "acl.delete-of-user", t.service.Name, t.user.Name, map[string]int{"rows": n})
	}
	if err != nil || n == 0 && !t.service.SASLAuth() {
		return err
	}
	_, err = u.TouchCluster(ctx, t.Project.ID, t.service.ID, u.now)
	return err
}

// dropAllACLs is dropACLs for a service that is being deleted.
func (u *unit) dropAllACLs(ctx context.Context, svc Service) error {
	if _, err := u.DeleteAllACLs(ctx, svc.ID); err != nil {
		return err
	}
	return u.wakeCluster(ctx, svc)
}

// wakeCluster has the cluster looked at now, if anything was ever wished of it.
func (u *unit) wakeCluster(ctx context.Context, svc Service) error {
	switch _, err := u.ClusterSync(ctx, svc.ID); {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	_, err := u.TouchCluster(ctx, svc.ProjectID, svc.ID, u.now)
	return err
}
