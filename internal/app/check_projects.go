package app

import (
	"context"
	"errors"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

func (c *checker) checkProjects(ctx context.Context) error {
	return pages(ctx, func(p Project) int64 { return p.ID }, c.app.Inspector.InspectProjects, func(p Project) error {
		c.projects[p.ID] = p
		if !p.DeletedAt.IsZero() {
			return nil
		}
		policy, _ := lifecycle.Effective(p.Override, lifecycle.Override{})
		c.checkPolicy(p, p.Name, policy)
		c.checkText(p.Name, append(tagTexts(p.Tags), p.TechEmails...)...)
		return nil
	})
}

func (c *checker) checkServices(ctx context.Context) error {
	return pages(ctx, func(s Service) int64 { return s.ID }, c.app.Inspector.InspectServices, func(s Service) error {
		p, ok, err := c.project(ctx, s.ProjectID)
		if err != nil {
			return err
		}
		subject := c.name(s.ProjectID) + "/" + s.Name
		if !ok {
			c.violation(1, subject, "the service belongs to a project that is not in the store: %s", restore)
			return nil
		}
		c.services[s.ID] = Service{ID: s.ID, ProjectID: s.ProjectID, Name: s.Name, CreatedAt: s.CreatedAt, DeletedAt: s.DeletedAt}
		if !s.DeletedAt.IsZero() {
			return nil
		}
		policy, _ := lifecycle.Effective(p.Override, s.Override)
		c.checkPolicy(p, subject, policy)
		c.checkText(subject, append(tagTexts(s.Tags), append(s.TechEmails, string(s.UserConfig))...)...)
		if err := c.adviseRecipient(ctx, s, subject); err != nil {
			return err
		}
		return c.adviseKit(ctx, s.ID, subject)
	})
}

func tagTexts(tags map[string]string) []string {
	var texts []string
	for key, value := range tags {
		texts = append(texts, key, value)
	}
	return texts
}

// checkPolicy holds an effective policy to the rules and notes how far ahead the
// project's authority needs a successor for it.
func (c *checker) checkPolicy(p Project, subject string, policy lifecycle.Policy) {
	if err := policy.Check(); err != nil {
		c.violation(3, subject, "its policy breaks a rule (%v): set one that keeps it", err)
	}
	c.longest[p.ID] = max(c.longest[p.ID], policy.Validity+policy.RenewBefore)
}

// adviseRecipient says where nobody would hear of a renewal.
func (c *checker) adviseRecipient(ctx context.Context, s Service, subject string) error {
	var nobody bool
	err := c.app.Store.Read(ctx, func(r Reader) (err error) {
		nobody, err = noRecipient(ctx, r, s)
		return err
	})
	if nobody {
		c.violation(0, subject, "%s", nobodyTold)
	}
	return err
}

// adviseKit says when the broker kit should be made again.
func (c *checker) adviseKit(ctx context.Context, serviceID int64, subject string) error {
	var newest BrokerCert
	err := c.app.Store.Read(ctx, func(r Reader) (err error) {
		newest, err = r.NewestBrokerCert(ctx, serviceID)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil && lifecycle.BrokerKitDue(newest.NotAfter, c.now) {
		c.violation(0, subject, "the certificates of its brokers end at %s: make the kit again with `segue service broker-kit`, and put it on each broker before then",
			newest.NotAfter.UTC().Format(time.RFC3339))
	}
	return err
}
