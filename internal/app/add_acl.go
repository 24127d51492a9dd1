package app

import (
	"context"
	"errors"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// maxACLs bounds the rows of a service.
const maxACLs = 10_000

// AddACL adds a row to a service's access list. The cluster is changed by a job
// of its own, so a cluster that is down delays the row and never loses it.
func (a *App) AddACL(ctx context.Context, actor Actor, project, service string, g lifecycle.Grant, now time.Time) (list ACLList, err error) {
	if err := lifecycle.CheckGrant(g); err != nil {
		return ACLList{}, AsError(err)
	}
	row := ACL{ID: newID(), Grant: g, CreatedAt: now}
	err = a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageACLs)
		if err != nil {
			return err
		}
		svc, err := findService(ctx, u, s, service)
		if err != nil {
			return err
		}
		row.ServiceID = svc.ID
		if err := u.insertACL(ctx, s, svc, row); err != nil {
			return err
		}
		list, err = readACLs(ctx, u, svc)
		return err
	})
	return list, err
}

func (u *unit) insertACL(ctx context.Context, s scope, svc Service, row ACL) (err error) {
	if row.Revision, err = u.TouchCluster(ctx, s.Project.ID, svc.ID, u.now); err != nil {
		return err
	}
	n, err := u.CountACLs(ctx, svc.ID) // after TouchCluster, which other writers wait for
	if err != nil {
		return err
	}
	if n >= maxACLs {
		return fail(CodeConflict, "the service has %d ACL rows, the most that there may be: join some by a prefix, such as \"orders.*\", or by username \"*\"", n)
	}
	switch err := u.InsertACL(ctx, row); {
	case errors.Is(err, ErrExists):
		return fail(CodeConflict, "this ACL row already exists in this service")
	case err != nil:
		return err
	}
	return u.audit(s.Project.ID, "acl.add", svc.Name, "", grantDetail(row))
}

// grantDetail is the detail of an audit entry about a row.
func grantDetail(row ACL) map[string]string {
	return map[string]string{"acl_id": ACLID(row.ID), "may": row.Permission, "topic": row.Topic, "username": row.Username}
}
