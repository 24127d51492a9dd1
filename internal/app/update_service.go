package app

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// ServicePatch is what a change of a service names; nil leaves alone.
type ServicePatch struct {
	Plan, Cloud *string
	// UserConfig is merged key by key into nested objects; a nil value takes a key away.
	UserConfig            map[string]any
	TechEmails            []string // empty but not nil takes all away
	MaintenanceDay        *string
	MaintenanceTime       *string
	TerminationProtection *bool
}

// UpdateService changes what the patch names. Changes of one project wait for each
// other, so that none is lost.
func (a *App) UpdateService(ctx context.Context, actor Actor, project, service string, patch ServicePatch, now time.Time) error {
	return a.changeService(ctx, actor, project, service, now, patch.apply)
}

// changeService lets change alter a service as it is now and says in the audit log
// which fields it altered; altering nothing saves nothing.
func (a *App) changeService(ctx context.Context, actor Actor, project, service string, now time.Time, change func(*Service) error) error {
	return a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageServices)
		if err != nil {
			return err
		}
		if _, err := u.LockAuditHead(ctx, s.Project.ID); err != nil {
			return err
		}
		before, err := findService(ctx, u, s, service)
		if err != nil {
			return err
		}
		after := before
		if err := change(&after); err != nil {
			return err
		}
		fields := changedFields(before, after)
		if len(fields) == 0 {
			return nil
		}
		after.UpdatedAt = now
		if err := u.UpdateService(ctx, after); err != nil {
			return err
		}
		if before.SASLAuth() != after.SASLAuth() {
			if _, err := u.TouchCluster(ctx, s.Project.ID, after.ID, now); err != nil {
				return err
			}
		}
		return u.audit(s.Project.ID, "service.update", service, "", map[string][]string{"changed": fields})
	})
}

func (p ServicePatch) apply(s *Service) error {
	set(&s.Plan, p.Plan)
	set(&s.Cloud, p.Cloud)
	set(&s.TerminationProtection, p.TerminationProtection)
	set(&s.Maintenance.Day, p.MaintenanceDay)
	set(&s.Maintenance.Time, p.MaintenanceTime)
	if err := checkLabels(s.Plan, s.Cloud); err != nil {
		return err
	}
	if err := s.Maintenance.check(); err != nil {
		return err
	}
	if p.TechEmails != nil {
		if err := checkEmails("tech_emails", p.TechEmails); err != nil {
			return err
		}
		s.TechEmails = p.TechEmails
	}
	if len(p.UserConfig) == 0 {
		return nil
	}
	config, err := mergedConfig(s.UserConfig, p.UserConfig)
	if err == nil {
		s.UserConfig = config
	}
	return err
}

func set[T any](into, value *T) {
	if value != nil {
		*into = *value
	}
}

// changedFields names what differs, in the words of the API.
func changedFields(before, after Service) []string {
	var fields []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"plan", before.Plan == after.Plan},
		{"cloud", before.Cloud == after.Cloud},
		{"user_config", bytes.Equal(before.UserConfig, after.UserConfig)},
		{"tech_emails", slices.Equal(before.TechEmails, after.TechEmails)},
		{"termination_protection", before.TerminationProtection == after.TerminationProtection},
		{"maintenance", before.Maintenance == after.Maintenance},
		{"tags", sameTags(before.Tags, after.Tags)},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// mergedConfig is a stored user_config with a patch merged into it, checked.
func mergedConfig(stored []byte, patch map[string]any) ([]byte, error) {
	config, err := decodeConfig(stored)
	if err != nil {
		return nil, err
	}
	return encodeUserConfig(merge(config, patch))
}

// merge is JSON Merge Patch (RFC 7396) of objects.
func merge(into, patch map[string]any) map[string]any {
	for key, value := range patch {
		below, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(into, key)
		case isObject:
			old, _ := into[key].(map[string]any)
			if old == nil {
				old = map[string]any{}
			}
			into[key] = merge(old, below)
		default:
			into[key] = value
		}
	}
	return into
}
