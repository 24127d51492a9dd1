package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) ServiceByName(ctx context.Context, projectID int64, name string) (app.Service, error) {
	row, err := r.q.ServiceByName(ctx, db.ServiceByNameParams{ProjectID: projectID, Name: name})
	if err != nil {
		return app.Service{}, readError("service", err)
	}
	return service(row)
}

func (r reader) Services(ctx context.Context, projectID int64, after string, limit int) ([]app.Service, error) {
	rows, err := r.q.Services(ctx, db.ServicesParams{ProjectID: projectID, After: after, Limit: int32(limit)})
	if err != nil {
		return nil, readError("services", err)
	}
	return convertAll(rows, service)
}

func service(s db.Service) (app.Service, error) {
	emails, err := fromListText("tech_emails of a service", s.TechEmails)
	if err != nil {
		return app.Service{}, err
	}
	tags, err := fromMapText("tags of a service", s.Tags)
	if err != nil {
		return app.Service{}, err
	}
	addresses, err := fromListText("repl_addresses of a service", s.ReplAddresses)
	return app.Service{
		ID: s.ID, ProjectID: s.ProjectID, Name: s.Name, Plan: s.Plan, Cloud: s.Cloud,
		UserConfig: []byte(s.UserConfig), TechEmails: emails, Tags: tags, ReplAddresses: addresses,
		Override:              override(s.Validity, s.RenewBefore, s.Spread),
		Notices:               fromNullJSON(s.Notices),
		TerminationProtection: s.TerminationProtection,
		CreatedAt:             fromMillis(s.CreatedAt), UpdatedAt: fromMillis(s.UpdatedAt), DeletedAt: fromNullMillis(s.DeletedAt),
	}, err
}

func (r reader) CountServices(ctx context.Context, projectID int64) (int, error) {
	n, err := r.q.CountServices(ctx, projectID)
	return int(n), readError("services", err)
}

func (r reader) DeletedPairsEnd(ctx context.Context, projectID int64, service, user string, now time.Time) (time.Time, error) {
	end, err := r.q.DeletedPairsEnd(ctx, db.DeletedPairsEndParams{
		ProjectID: projectID, Service: service, UserName: user, Now: now.UnixMilli(),
	})
	if err != nil {
		return time.Time{}, readError("pairs of deleted users", err)
	}
	return fromNullMillis(end), nil
}

func (r reader) PairsEnd(ctx context.Context, serviceID int64, now time.Time) (time.Time, error) {
	end, err := r.q.PairsEnd(ctx, db.PairsEndParams{ServiceID: serviceID, Now: now.UnixMilli()})
	if err != nil {
		return time.Time{}, readError("pairs of a service", err)
	}
	if end == 0 {
		return time.Time{}, app.ErrNotFound
	}
	return fromMillis(end), nil
}

// InsertService waits for a project that is being deleted: its row refers to the
// project's. Where that came first the transaction runs again.
func (t *tx) InsertService(ctx context.Context, s app.Service) error {
	err := t.q.InsertService(ctx, db.InsertServiceParams{
		ID: s.ID, ProjectID: s.ProjectID, Name: s.Name, Plan: s.Plan, Cloud: s.Cloud, UserConfig: configText(s.UserConfig),
		TechEmails: listText(s.TechEmails), ReplAddresses: listText(s.ReplAddresses),
		Validity: nullDuration(s.Override.Validity), RenewBefore: nullDuration(s.Override.RenewBefore),
		Spread: nullDuration(s.Override.Spread), Notices: nullText(string(s.Notices)), TerminationProtection: s.TerminationProtection,
		Tags: mapText(s.Tags), CreatedAt: s.CreatedAt.UnixMilli(), UpdatedAt: s.UpdatedAt.UnixMilli(),
	})
	if err != nil {
		return t.writeError("service", err)
	}
	alive, err := t.q.ProjectAlive(ctx, s.ProjectID)
	if err == nil && !alive {
		return errConflict
	}
	return t.writeError("service", err)
}

// configText is a user_config as stored.
func configText(config []byte) string {
	if len(config) == 0 {
		return "{}"
	}
	return string(config)
}

func (t *tx) UpdateService(ctx context.Context, s app.Service) error {
	n, err := t.q.UpdateService(ctx, db.UpdateServiceParams{
		ID: s.ID, Plan: s.Plan, Cloud: s.Cloud, UserConfig: configText(s.UserConfig), TechEmails: listText(s.TechEmails),
		TerminationProtection: s.TerminationProtection, Tags: mapText(s.Tags), UpdatedAt: s.UpdatedAt.UnixMilli(),
	})
	return t.changedOne("service", n, err)
}

func (t *tx) SetServicePolicy(ctx context.Context, serviceID int64, o lifecycle.Override, at time.Time) error {
	n, err := t.q.SetServicePolicy(ctx, db.SetServicePolicyParams{
		ID: serviceID, Validity: nullDuration(o.Validity), RenewBefore: nullDuration(o.RenewBefore),
		Spread: nullDuration(o.Spread), UpdatedAt: at.UnixMilli(),
	})
	return t.changedOne("service", n, err)
}

func (t *tx) SetReplAddresses(ctx context.Context, serviceID int64, addresses []string, at time.Time) error {
	n, err := t.q.SetReplAddresses(ctx, db.SetReplAddressesParams{
		ID: serviceID, ReplAddresses: listText(addresses), UpdatedAt: at.UnixMilli(),
	})
	return t.changedOne("service", n, err)
}

// DeleteService marks the service. Its users were deleted by Apply before; one
// that was inserted meanwhile is a conflict, and the transaction runs again.
func (t *tx) DeleteService(ctx context.Context, serviceID int64, at time.Time) error {
	n, err := t.q.DeleteService(ctx, db.DeleteServiceParams{ID: serviceID, DeletedAt: nullMillis(at)})
	if err := t.changedOne("service", n, err); err != nil {
		return err
	}
	left, err := t.q.ServiceHasUsers(ctx, serviceID)
	if err != nil {
		return t.writeError("service", err)
	}
	if left {
		return fmt.Errorf("%w: the service still has users, delete them first", errConflict)
	}
	return nil
}
