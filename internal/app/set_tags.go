package app

import (
	"context"
	"maps"
	"time"
)

const (
	// maxTags, maxTagKey and maxTagValue bound the tags of a project or service; the
	// latter two in bytes.
	maxTags     = 64
	maxTagKey   = 64
	maxTagValue = 1024
)

// TagBootstrap is a service's tag that says where its brokers are, for clients
// that have no other field for it. An address in user_config comes before it.
const TagBootstrap = "segue_bootstrap_servers"

// SetTags changes the tags of a service, or of the project where service is
// empty: a nil value takes a tag away. With replace those not named go too.
func (a *App) SetTags(ctx context.Context, actor Actor, project, service string, patch map[string]*string, replace bool, now time.Time) error {
	if service == "" {
		return a.setProjectTags(ctx, actor, project, patch, replace, now)
	}
	return a.changeService(ctx, actor, project, service, now, func(s *Service) (err error) {
		if s.Tags, err = patchTags(s.Tags, patch, replace); err != nil {
			return err
		}
		_, err = parseBootstrap("tags."+TagBootstrap, s.Tags[TagBootstrap])
		return err
	})
}

func (a *App) setProjectTags(ctx context.Context, actor Actor, project string, patch map[string]*string, replace bool, now time.Time) error {
	_, err := a.changeProject(ctx, actor, project, now, func(u *unit, p *Project) (fields []string, err error) {
		before := p.Tags
		if p.Tags, err = patchTags(before, patch, replace); err != nil || sameTags(before, p.Tags) {
			return nil, err
		}
		return []string{"tags"}, u.SetProjectTags(ctx, p.ID, p.Tags)
	})
	return err
}

// ServiceTags shows a service's tags.
func (a *App) ServiceTags(ctx context.Context, actor Actor, project, service string, now time.Time) (tags map[string]string, err error) {
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		svc, err := findService(ctx, r, s, service)
		tags = svc.Tags
		return err
	})
	return tags, err
}

func patchTags(before map[string]string, patch map[string]*string, replace bool) (map[string]string, error) {
	after := map[string]string{}
	if !replace {
		maps.Copy(after, before)
	}
	for key, value := range patch {
		if value == nil {
			delete(after, key)
		} else {
			after[key] = *value
		}
	}
	return after, checkTags(after)
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return failField("tags", "tags must hold at most %d tags", maxTags)
	}
	for key, value := range tags {
		if key == "" || len(key) > maxTagKey || len(value) > maxTagValue {
			return failField("tags", "tags must hold keys of 1 to %d bytes and values of at most %d", maxTagKey, maxTagValue)
		}
	}
	return nil
}

func sameTags(x, y map[string]string) bool { return maps.Equal(x, y) }
