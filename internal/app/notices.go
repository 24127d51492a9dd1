package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/segue-project/segue/internal/lifecycle"
)

// noticesOverride is what a project or service sets of its notices, as stored
// and as it travels; nil means inherited.
type noticesOverride struct {
	Reminders      []reminderText  `json:"reminders,omitempty"`
	AfterLapse     *afterLapseText `json:"after_lapse,omitempty"`
	DigestDelay    *string         `json:"digest_delay,omitempty"`
	DigestInterval *string         `json:"digest_interval,omitempty"`
	TimeZone       *string         `json:"time_zone,omitempty"`
}

type reminderText struct {
	Within string `json:"within"`
	Every  string `json:"every"`
}

type afterLapseText struct {
	Every string `json:"every"`
	Times int    `json:"times"`
}

// projectOnly are the keys that a service cannot set: a digest is the project's.
var projectOnly = map[string]bool{"digest_delay": true, "digest_interval": true, "time_zone": true}

// patchNotices changes the keys that patch names; JSON null inherits again.
func patchNotices(stored []byte, patch map[string]json.RawMessage, ofService bool) ([]byte, error) {
	if len(patch) == 0 {
		return stored, nil
	}
	whole := map[string]json.RawMessage{}
	if stored != nil {
		if err := json.Unmarshal(stored, &whole); err != nil {
			return nil, fmt.Errorf("stored notices: %w", err)
		}
	}
	for key, value := range patch {
		switch {
		case ofService && projectOnly[key]:
			return nil, failField(key, "%s is set on the project: its digests hold all services", key)
		case bytes.Equal(bytes.TrimSpace(value), []byte("null")):
			delete(whole, key)
		default:
			whole[key] = value
		}
	}
	text, err := json.Marshal(whole)
	if err != nil {
		return nil, err
	}
	if _, err := layNotices(lifecycle.DefaultNotices(), text, nil, ""); err != nil {
		return nil, err
	}
	if len(whole) == 0 {
		return nil, nil
	}
	return text, nil
}

// effectiveNotices lays the service's override over the project's over the default.
func effectiveNotices(p Project, s Service) (lifecycle.Notices, *time.Location, error) {
	n, _, err := noticesWithSources(p, s)
	if err != nil {
		return n, nil, err
	}
	zone, err := loadZone(n.TimeZone)
	return n, zone, err
}

func noticesWithSources(p Project, s Service) (lifecycle.Notices, map[string]lifecycle.Source, error) {
	sources := map[string]lifecycle.Source{}
	for _, key := range []string{"reminders", "after_lapse", "digest_delay", "digest_interval", "time_zone"} {
		sources[key] = lifecycle.FromDefault
	}
	n, err := layNotices(lifecycle.DefaultNotices(), p.Notices, sources, lifecycle.FromProject)
	if err != nil {
		return n, nil, err
	}
	n, err = layNotices(n, s.Notices, sources, lifecycle.FromService)
	return n, sources, err
}

// layNotices lays an override over n, notes where values come from, and checks the result.
func layNotices(n lifecycle.Notices, override []byte, sources map[string]lifecycle.Source, from lifecycle.Source) (lifecycle.Notices, error) {
	if override == nil {
		return n, nil
	}
	var o noticesOverride
	if err := json.Unmarshal(override, &o); err != nil {
		return n, failField("policy", "reminders, after_lapse, digest_delay, digest_interval or time_zone is of the wrong type")
	}
	note := func(key string) {
		if sources != nil {
			sources[key] = from
		}
	}
	if o.Reminders != nil {
		note("reminders")
		n.Reminders = nil
		for _, r := range o.Reminders {
			var parsed lifecycle.Reminder
			if err := parseDurations(map[string]durationText{"reminders.within": {r.Within, &parsed.Within}, "reminders.every": {r.Every, &parsed.Every}}); err != nil {
				return n, err
			}
			n.Reminders = append(n.Reminders, parsed)
		}
	}
	if o.AfterLapse != nil {
		note("after_lapse")
		n.AfterLapse.Times = o.AfterLapse.Times
		if err := parseDurations(map[string]durationText{"after_lapse.every": {o.AfterLapse.Every, &n.AfterLapse.Every}}); err != nil {
			return n, err
		}
	}
	return layDigest(n, o, note)
}

func layDigest(n lifecycle.Notices, o noticesOverride, note func(key string)) (lifecycle.Notices, error) {
	for key, value := range map[string]struct {
		text *string
		into *time.Duration
	}{"digest_delay": {o.DigestDelay, &n.DigestDelay}, "digest_interval": {o.DigestInterval, &n.DigestInterval}} {
		if value.text == nil {
			continue
		}
		note(key)
		if err := parseDurations(map[string]durationText{key: {*value.text, value.into}}); err != nil {
			return n, err
		}
	}
	if o.TimeZone != nil {
		note("time_zone")
		n.TimeZone = *o.TimeZone
		if _, err := loadZone(n.TimeZone); err != nil {
			return n, err
		}
	}
	return n, AsError(n.Check())
}

type durationText struct {
	text string
	into *time.Duration
}

func parseDurations(values map[string]durationText) error {
	for field, v := range values {
		d, err := lifecycle.ParseDuration(field, v.text)
		if err != nil {
			return AsError(err)
		}
		*v.into = d
	}
	return nil
}

// loadZone finds a time zone in the database that the binary carries.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, failField("time_zone", "time_zone must be a name such as \"Europe/Helsinki\" or \"UTC\"")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, failField("time_zone", "time_zone is not known: use a name such as \"Europe/Helsinki\" or \"UTC\"")
	}
	return zone, nil
}
