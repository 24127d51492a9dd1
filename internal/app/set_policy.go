package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// PolicyPatch is what a policy change names. A nil value, or JSON null, inherits again.
type PolicyPatch struct {
	Renewal map[string]*string         // validity, renew_before, spread
	Notices map[string]json.RawMessage // reminders, after_lapse, digest_delay, digest_interval, time_zone
}

// SetPolicy changes the keys that patch names. The due dates that follow are rewritten in pages
// after the policy is stored; what a crash leaves undone the next sweep finishes.
// A change that makes many users due needs confirm.
func (a *App) SetPolicy(ctx context.Context, actor Actor, project, service string, patch PolicyPatch, confirm bool, now time.Time) (PolicyView, error) {
	var v PolicyView
	var rewrites []PolicyRewrite
	err := a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManagePolicy)
		if err != nil {
			return err
		}
		// Changes of one project wait for each other and read what the one before left:
		// a service's policy and its project's must be possible together.
		if _, err := u.LockAuditHead(ctx, s.Project.ID); err != nil {
			return err
		}
		if s, err = authorise(ctx, u, actor, project, ManagePolicy); err != nil {
			return err
		}
		var svc Service
		if service != "" {
			if svc, err = findService(ctx, u, s, service); err != nil {
				return err
			}
		}
		due := 0
		if len(patch.Renewal) > 0 {
			var rewrite PolicyRewrite
			if due, rewrite, err = u.setPolicy(ctx, &s.Project, &svc, patch.Renewal, confirm); err != nil {
				return AsError(err)
			}
			rewrites = append(rewrites, rewrite)
		}
		if len(patch.Notices) > 0 {
			rewrite, err := u.setNotices(ctx, &s.Project, &svc, patch.Notices)
			if err != nil {
				return err
			}
			rewrites = append(rewrites, rewrite)
		}
		v, err = policyView(s.Project, svc)
		v.Due = due
		return err
	})
	if err != nil {
		return PolicyView{}, err
	}
	for _, rewrite := range rewrites {
		if err := a.rewrite(ctx, rewrite, now); err != nil {
			a.Log.Warn("rewriting due dates after a policy change; the next sweep goes on", "error", err)
		}
	}
	return v, nil
}

// setPolicy stores the patched override of the service, or of the project where
// svc is zero, and notes the due dates to rewrite.
func (u *unit) setPolicy(ctx context.Context, p *Project, svc *Service, patch map[string]*string, confirm bool) (int, PolicyRewrite, error) {
	override, err := layRenewal(ctx, u, p, svc, patch)
	if err != nil {
		return 0, PolicyRewrite{}, err
	}
	due, err := countNewlyDue(ctx, u, *p, *svc, u.now)
	if err != nil {
		return 0, PolicyRewrite{}, err
	}
	total, err := u.CountUsers(ctx, p.ID, 0)
	if err != nil {
		return 0, PolicyRewrite{}, err
	}
	if lifecycle.NeedsConfirmation(due, total) && !confirm {
		return 0, PolicyRewrite{}, fail(CodeConflict,
			"this change makes %d of the project's %d users due for renewal: send \"confirm\": true to go on", due, total)
	}
	rewrite := PolicyRewrite{ID: newID(), ProjectID: p.ID, ServiceID: svc.ID, Kind: RewriteRenewals, At: u.now}
	return due, rewrite, u.storePolicy(ctx, *p, *svc, override, rewrite)
}

// layRenewal patches the override of the service, or of the project where svc is
// zero, and holds what becomes of it against the rules.
func layRenewal(ctx context.Context, r Reader, p *Project, svc *Service, patch map[string]*string) (lifecycle.Override, error) {
	override := &p.Override
	if svc.ID != 0 {
		override = &svc.Override
	}
	if err := patchOverride(override, patch); err != nil {
		return lifecycle.Override{}, err
	}
	return *override, checkPolicies(ctx, r, *p, *svc)
}

// layNotice patches the notices of the service, or of the project where svc is zero.
func layNotice(p *Project, svc *Service, patch map[string]json.RawMessage) (err error) {
	if svc.ID != 0 {
		svc.Notices, err = patchNotices(svc.Notices, patch, true)
	} else {
		p.Notices, err = patchNotices(p.Notices, patch, false)
	}
	return err
}

// actionSetPolicy is a policy change in the audit log.
const actionSetPolicy = "policy.set"

// setNotices stores the patched notices of the service, or of the project where
// svc is zero, and notes the reminders to rewrite.
func (u *unit) setNotices(ctx context.Context, p *Project, svc *Service, patch map[string]json.RawMessage) (PolicyRewrite, error) {
	err := layNotice(p, svc, patch)
	switch {
	case err != nil:
	case svc.ID != 0:
		err = u.SetServiceNotices(ctx, svc.ID, svc.Notices, u.now)
	default:
		err = u.SetProjectNotices(ctx, p.ID, p.Notices)
	}
	if err != nil {
		return PolicyRewrite{}, err
	}
	rewrite := PolicyRewrite{ID: newID(), ProjectID: p.ID, ServiceID: svc.ID, Kind: RewriteReminders, At: u.now}
	if err := u.InsertPolicyRewrite(ctx, rewrite); err != nil {
		return PolicyRewrite{}, err
	}
	return rewrite, u.audit(p.ID, actionSetPolicy, svc.Name, "", patch)
}

// rewrite carries out what a policy change left to do.
func (a *App) rewrite(ctx context.Context, r PolicyRewrite, now time.Time) error {
	if r.Kind == RewriteReminders {
		return a.rewriteReminders(ctx, r, now)
	}
	return a.rewriteDues(ctx, r, now)
}

func (u *unit) storePolicy(ctx context.Context, p Project, svc Service, o lifecycle.Override, rewrite PolicyRewrite) error {
	var err error
	if svc.ID != 0 {
		err = u.SetServicePolicy(ctx, svc.ID, o, u.now)
	} else {
		err = u.SetProjectPolicy(ctx, p.ID, o)
	}
	if err != nil {
		return err
	}
	if err := u.InsertPolicyRewrite(ctx, rewrite); err != nil {
		return err
	}
	effective, _ := lifecycle.Effective(p.Override, svc.Override)
	return u.audit(p.ID, actionSetPolicy, svc.Name, "", map[string]string{
		"validity":     lifecycle.FormatDuration(effective.Validity),
		"renew_before": lifecycle.FormatDuration(effective.RenewBefore),
		"spread":       lifecycle.FormatDuration(effective.Spread),
	})
}

func patchOverride(o *lifecycle.Override, patch map[string]*string) error {
	for key, into := range map[string]**time.Duration{
		"validity": &o.Validity, "renew_before": &o.RenewBefore, "spread": &o.Spread,
	} {
		text, named := patch[key]
		if !named {
			continue
		}
		*into = nil
		if text != nil {
			d, err := lifecycle.ParseDuration(key, *text)
			if err != nil {
				return err
			}
			*into = &d
		}
	}
	return nil
}

// checkPolicies holds the rule against the policy that changes and every
// policy that inherits from it.
func checkPolicies(ctx context.Context, r Reader, p Project, svc Service) error {
	effective, _ := lifecycle.Effective(p.Override, svc.Override)
	if err := effective.Check(); err != nil || svc.ID != 0 {
		return err
	}
	for after := ""; ; {
		services, err := r.Services(ctx, p.ID, after, usersRead)
		if err != nil {
			return err
		}
		for _, s := range services {
			effective, _ := lifecycle.Effective(p.Override, s.Override)
			var rule *lifecycle.Error
			if err := effective.Check(); errors.As(err, &rule) {
				return &lifecycle.Error{Kind: rule.Kind, Field: rule.Field,
					Message: fmt.Sprintf("with what service %s sets itself: %s", s.Name, rule.Message)}
			}
			after = s.Name
		}
		if len(services) < usersRead {
			return nil
		}
	}
}

// countNewlyDue counts the users that p and svc, with their new overrides, make due at once.
func countNewlyDue(ctx context.Context, r Reader, p Project, svc Service, now time.Time) (n int, err error) {
	err = eachDue(ctx, r, p, svc, func(d UserDue) {
		if d.newlyDue(p, now) {
			n++
		}
	})
	return n, err
}

// eachDue calls each for every user of the service, or of the project where svc is
// zero, with the override that svc has now.
func eachDue(ctx context.Context, r Reader, p Project, svc Service, each func(UserDue)) error {
	for after := int64(0); ; {
		dues, err := r.DuesToRewrite(ctx, p.ID, svc.ID, after, usersRead)
		if err != nil {
			return err
		}
		for _, d := range dues {
			if after = d.UserID; svc.ID != 0 {
				d.Service = svc.Override
			}
			each(d)
		}
		if len(dues) < usersRead {
			return nil
		}
	}
}

// newlyDue reports whether the policy makes a user due that was not.
func (d UserDue) newlyDue(p Project, now time.Time) bool {
	policy, _ := lifecycle.Effective(p.Override, d.Service)
	return !policy.RenewAt(d.UserID, d.NotAfter).After(now) && d.RenewAt.After(now)
}

// rewriteDues gives every user that a policy change concerns its new due date,
// page by page, each page with the cursor in one transaction.
func (a *App) rewriteDues(ctx context.Context, rewrite PolicyRewrite, now time.Time) error {
	for {
		n, cursor := 0, rewrite.Cursor
		err := retryStale(func() error {
			return a.Store.Write(ctx, func(tx Tx) (err error) {
				n, cursor, err = rewriteDuesPage(ctx, tx, rewrite, now)
				return err
			})
		})
		if err != nil || n < usersRead {
			return err
		}
		rewrite.Cursor = cursor
	}
}

// rewriteDuesPage rewrites the page after the rewrite's cursor and returns where it
// ends. A user that a sweep renewed between reading and writing makes the page
// stale: it must not keep the old policy.
func rewriteDuesPage(ctx context.Context, tx Tx, rewrite PolicyRewrite, now time.Time) (n int, cursor int64, err error) {
	p, err := tx.Project(ctx, rewrite.ProjectID)
	if err != nil {
		return 0, 0, err
	}
	dues, err := tx.DuesToRewrite(ctx, rewrite.ProjectID, rewrite.ServiceID, rewrite.Cursor, usersRead)
	if err != nil {
		return 0, 0, err
	}
	cursor = rewrite.Cursor
	for i := range dues {
		dues[i].redue(p.Override, now)
		cursor = dues[i].UserID
	}
	set, err := tx.SetDues(ctx, dues)
	if err != nil {
		return 0, 0, err
	}
	if set < len(dues) {
		return 0, 0, errStale
	}
	return len(dues), cursor, tx.AdvancePolicyRewrite(ctx, rewrite.ID, cursor, len(dues) < usersRead)
}

func (d *UserDue) redue(project lifecycle.Override, now time.Time) {
	policy, _ := lifecycle.Effective(project, d.Service)
	d.Policy = policy
	d.RenewAt, d.SpreadTo = policy.Redue(d.UserID, d.NotAfter, d.RenewAt, now)
}

// ResumePolicyRewrites finishes what policy changes left undone.
func (a *App) ResumePolicyRewrites(ctx context.Context, now time.Time) error {
	var left []PolicyRewrite
	err := a.Store.Read(ctx, func(r Reader) (err error) {
		left, err = r.PolicyRewrites(ctx)
		return err
	})
	for _, rewrite := range left {
		if err = errors.Join(err, a.rewrite(ctx, rewrite, now)); err != nil {
			return err
		}
	}
	return err
}
