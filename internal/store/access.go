package store

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) ACLs(ctx context.Context, serviceID, after int64, limit int) ([]app.ACL, error) {
	rows, err := r.q.ACLs(ctx, db.ACLsParams{ServiceID: serviceID, After: after, Limit: int32(limit)})
	if err != nil {
		return nil, readError("access list", err)
	}
	return convertAll(rows, acl)
}

func (r reader) ACL(ctx context.Context, serviceID, id int64) (app.ACL, error) {
	row, err := r.q.ACL(ctx, db.ACLParams{ID: id, ServiceID: serviceID})
	if err != nil {
		return app.ACL{}, readError("row of an access list", err)
	}
	return acl(row)
}

func acl(a db.Acl) (app.ACL, error) {
	return app.ACL{
		ID: a.ID, ServiceID: a.ServiceID, Revision: a.Revision, CreatedAt: fromMillis(a.CreatedAt),
		Grant: lifecycle.Grant{Permission: a.Permission, Topic: a.Topic, Username: a.Username},
	}, nil
}

func (r reader) CountACLs(ctx context.Context, serviceID int64) (int, error) {
	n, err := r.q.CountACLs(ctx, serviceID)
	return int(n), readError("access list", err)
}

func (r reader) OwnBindings(ctx context.Context, serviceID int64) (map[lifecycle.Binding]bool, error) {
	rows, err := r.q.Bindings(ctx, serviceID)
	if err != nil {
		return nil, readError("bindings", err)
	}
	own := make(map[lifecycle.Binding]bool, len(rows))
	for _, b := range rows {
		own[lifecycle.Binding{
			Resource: b.Resource, Name: b.Name, Pattern: b.Pattern, Principal: b.Principal,
			Host: lifecycle.AnyHost, Operation: b.Operation, Effect: lifecycle.EffectAllow,
		}] = b.AppliedAt.Valid
	}
	return own, nil
}

func (r reader) ClusterSync(ctx context.Context, serviceID int64) (app.ClusterSync, error) {
	row, err := r.q.ClusterSync(ctx, serviceID)
	if err != nil {
		return app.ClusterSync{}, readError("state of a cluster", err)
	}
	return clusterSync(row)
}

func clusterSync(c db.ClusterSync) (app.ClusterSync, error) {
	return app.ClusterSync{
		ServiceID: c.ServiceID, ProjectID: c.ProjectID, Revision: c.Revision, Applied: c.Applied,
		SyncedAt: fromNullMillis(c.SyncedAt), DueAt: fromNullMillis(c.DueAt), FailingSince: fromNullMillis(c.FailingSince),
		Failures: int(c.Failures), Error: c.Error, Repaired: int(c.Repaired), RepairedAt: fromNullMillis(c.RepairedAt),
	}, nil
}

func (r reader) ServiceByID(ctx context.Context, id int64) (app.Service, error) {
	row, err := r.q.ServiceByID(ctx, id)
	if err != nil {
		return app.Service{}, readError("service", err)
	}
	return service(row)
}

func (r reader) CountClusterSyncs(ctx context.Context) (app.ClusterCount, error) {
	n, err := r.q.CountClusterSyncs(ctx)
	return app.ClusterCount{
		Applied: int(n.AllOfThem - n.Pending - n.Failing), Pending: int(n.Pending), Failing: int(n.Failing), Repaired: int(n.Repaired),
	}, readError("states of clusters", err)
}

func (r reader) PasswordsToSet(ctx context.Context, serviceID int64, after string, limit int) ([]app.PasswordToSet, error) {
	rows, err := r.q.PasswordsToSet(ctx, db.PasswordsToSetParams{ServiceID: serviceID, After: after, Limit: int32(limit)})
	if err != nil {
		return nil, readError("passwords to set", err)
	}
	return convertAll(rows, func(p db.PasswordsToSetRow) (app.PasswordToSet, error) {
		return app.PasswordToSet{ProjectID: p.ProjectID, UserID: p.ID, Username: p.Name, Sealed: p.SealedPassword, Revision: p.PasswordRevision}, nil
	})
}

func (r reader) PasswordsLeft(ctx context.Context, serviceID int64, after string, limit int) ([]string, error) {
	names, err := r.q.PasswordsLeft(ctx, db.PasswordsLeftParams{ServiceID: serviceID, After: after, Limit: int32(limit)})
	return names, readError("passwords to take away", err)
}

func (r reader) ClusterPasswords(ctx context.Context, serviceID int64, after string, limit int) ([]app.ClusterPassword, error) {
	rows, err := r.q.ClusterPasswords(ctx, db.ClusterPasswordsParams{ServiceID: serviceID, After: after, Limit: int32(limit)})
	if err != nil {
		return nil, readError("passwords of a cluster", err)
	}
	return convertAll(rows, func(p db.ClusterPassword) (app.ClusterPassword, error) {
		return app.ClusterPassword{Username: p.Username, UserID: p.UserID, Revision: p.Revision}, nil
	})
}

// DueClusters returns up to limit services whose cluster is to be looked at.
func (s *Store) DueClusters(ctx context.Context, now time.Time, limit int) (due []int64, err error) {
	err = s.read(ctx, func(r reader) error {
		due, err = r.q.DueClusters(ctx, db.DueClustersParams{Now: now.UnixMilli(), Limit: int32(limit)})
		return readError("due clusters", err)
	})
	return due, err
}

// InspectClusterSyncs returns up to limit states of clusters after the service's id.
func (s *Store) InspectClusterSyncs(ctx context.Context, afterID int64, limit int) (list []app.ClusterSync, err error) {
	err = s.read(ctx, func(r reader) error {
		rows, err := r.q.InspectClusterSyncs(ctx, db.InspectClusterSyncsParams{After: afterID, Limit: int32(limit)})
		if err != nil {
			return readError("states of clusters", err)
		}
		list, err = convertAll(rows, clusterSync)
		return err
	})
	return list, err
}

func (t *tx) InsertACL(ctx context.Context, a app.ACL) error {
	return t.writeError("row of an access list", t.q.InsertACL(ctx, db.InsertACLParams{
		ID: a.ID, ServiceID: a.ServiceID, Revision: a.Revision, Permission: a.Permission, Topic: a.Topic, Username: a.Username,
		CreatedAt: a.CreatedAt.UnixMilli(),
	}))
}

func (t *tx) DeleteACL(ctx context.Context, serviceID, id int64) error {
	n, err := t.q.DeleteACL(ctx, db.DeleteACLParams{ID: id, ServiceID: serviceID})
	return t.changedOne("row of an access list", n, err)
}

func (t *tx) DeleteACLsOf(ctx context.Context, serviceID int64, username string) (int, error) {
	n, err := t.q.DeleteACLsOfUser(ctx, db.DeleteACLsOfUserParams{ServiceID: serviceID, Username: username})
	return int(n), t.writeError("access list", err)
}

func (t *tx) DeleteAllACLs(ctx context.Context, serviceID int64) (int, error) {
	n, err := t.q.DeleteACLsOfService(ctx, serviceID)
	return int(n), t.writeError("access list", err)
}

func (t *tx) TouchCluster(ctx context.Context, projectID, serviceID int64, due time.Time) (int64, error) {
	revision, err := t.q.TouchCluster(ctx, db.TouchClusterParams{ServiceID: serviceID, ProjectID: projectID, DueAt: nullMillis(due)})
	return revision, t.writeError("state of a cluster", err)
}

func (t *tx) RecordBindings(ctx context.Context, serviceID int64, bindings []lifecycle.Binding) error {
	for _, b := range bindings {
		err := t.q.RecordBinding(ctx, db.RecordBindingParams{
			ServiceID: serviceID, Principal: b.Principal, Resource: b.Resource, Name: b.Name, Pattern: b.Pattern, Operation: b.Operation,
		})
		if err != nil {
			return t.writeError("bindings", err)
		}
	}
	return nil
}

func (t *tx) ConfirmBindings(ctx context.Context, serviceID int64, bindings []lifecycle.Binding, at time.Time) error {
	for _, b := range bindings {
		err := t.q.ConfirmBinding(ctx, db.ConfirmBindingParams{
			ServiceID: serviceID, Principal: b.Principal, Resource: b.Resource, Name: b.Name, Pattern: b.Pattern, Operation: b.Operation,
			AppliedAt: nullMillis(at),
		})
		if err != nil {
			return t.writeError("bindings", err)
		}
	}
	return nil
}

func (t *tx) ForgetBindings(ctx context.Context, serviceID int64, bindings []lifecycle.Binding) error {
	for _, b := range bindings {
		err := t.q.ForgetBinding(ctx, db.ForgetBindingParams{
			ServiceID: serviceID, Principal: b.Principal, Resource: b.Resource, Name: b.Name, Pattern: b.Pattern, Operation: b.Operation,
		})
		if err != nil {
			return t.writeError("bindings", err)
		}
	}
	return nil
}

func (t *tx) RecordPasswords(ctx context.Context, serviceID int64, passwords []app.ClusterPassword) error {
	for _, p := range passwords {
		err := t.q.RecordPassword(ctx, db.RecordPasswordParams{ServiceID: serviceID, Username: p.Username, UserID: p.UserID, Revision: p.Revision})
		if err != nil {
			return t.writeError("passwords of a cluster", err)
		}
	}
	return nil
}

func (t *tx) ForgetPasswords(ctx context.Context, serviceID int64, usernames []string) error {
	for _, name := range usernames {
		if err := t.q.ForgetPassword(ctx, db.ForgetPasswordParams{ServiceID: serviceID, Username: name}); err != nil {
			return t.writeError("passwords of a cluster", err)
		}
	}
	return nil
}

func (t *tx) SaveClusterSync(ctx context.Context, s app.ClusterSync) error {
	n, err := t.q.SaveClusterSync(ctx, db.SaveClusterSyncParams{
		ServiceID: s.ServiceID, Applied: s.Applied, SyncedAt: nullMillis(s.SyncedAt), Revision: s.Revision, DueAt: nullMillis(s.DueAt),
		FailingSince: nullMillis(s.FailingSince), Failures: int64(s.Failures), Error: s.Error,
		Repaired: int64(s.Repaired), RepairedAt: nullMillis(s.RepairedAt),
	})
	return t.changedOne("state of a cluster", n, err)
}
