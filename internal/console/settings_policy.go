package console

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// policyForm is a policy as it is typed: an empty field takes what the level
// above says.
type policyForm struct {
	Validity, RenewBefore, Spread, Rekey  string
	Reminders                             []reminderField
	LapseEvery, LapseTimes                string
	DigestDelay, DigestInterval, TimeZone string
	Confirm                               bool
	// Seen is the change of which a preview was shown.
	Seen string
}

type reminderField struct{ Within, Every string }

// spareReminders is how many empty lines follow the reminders that are set.
const spareReminders = 2

// level is where the page's values are set.
func (s settingsView) level() lifecycle.Source {
	if s.Service != "" {
		return lifecycle.FromService
	}
	return lifecycle.FromProject
}

// storedPolicy is the form of what is set at a level itself.
func storedPolicy(p app.PolicyView, level lifecycle.Source) policyForm {
	set := func(from lifecycle.Source, text string) string {
		if from != level {
			return ""
		}
		return text
	}
	n, from := p.Notices, p.NoticesFrom
	f := policyForm{
		Validity:       set(p.Sources.Validity, lifecycle.FormatDuration(p.Policy.Validity)),
		RenewBefore:    set(p.Sources.RenewBefore, lifecycle.FormatDuration(p.Policy.RenewBefore)),
		Spread:         set(p.Sources.Spread, lifecycle.FormatDuration(p.Policy.Spread)),
		Rekey:          set(p.RekeyFrom, string(p.Rekey)),
		LapseEvery:     set(from["after_lapse"], lifecycle.FormatDuration(n.AfterLapse.Every)),
		LapseTimes:     set(from["after_lapse"], strconv.Itoa(n.AfterLapse.Times)),
		DigestDelay:    set(from["digest_delay"], lifecycle.FormatDuration(n.DigestDelay)),
		DigestInterval: set(from["digest_interval"], lifecycle.FormatDuration(n.DigestInterval)),
		TimeZone:       set(from["time_zone"], n.TimeZone),
	}
	if from["reminders"] == level {
		f.Reminders = reminderFields(n)
	}
	return f
}

func reminderFields(n lifecycle.Notices) []reminderField {
	fields := make([]reminderField, len(n.Reminders))
	for i, r := range n.Reminders {
		fields[i] = reminderField{lifecycle.FormatDuration(r.Within), lifecycle.FormatDuration(r.Every)}
	}
	return fields
}

// typedPolicy is the form as it was sent.
func typedPolicy(form url.Values) policyForm {
	text := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	f := policyForm{
		Validity: text("validity"), RenewBefore: text("renew_before"), Spread: text("spread"), Rekey: text("rekey"),
		LapseEvery: text("lapse_every"), LapseTimes: text("lapse_times"),
		DigestDelay: text("digest_delay"), DigestInterval: text("digest_interval"), TimeZone: text("time_zone"),
		Confirm: form.Get("confirm") != "", Seen: form.Get("seen"),
	}
	every := form["every"]
	for i, within := range form["within"] {
		r := reminderField{Within: strings.TrimSpace(within)}
		if i < len(every) {
			r.Every = strings.TrimSpace(every[i])
		}
		if r.Within != "" || r.Every != "" {
			f.Reminders = append(f.Reminders, r)
		}
	}
	return f
}

// patch is what of the form differs from what is stored.
func (f policyForm) patch(stored policyForm, effective lifecycle.Notices) (app.PolicyPatch, error) {
	p := app.PolicyPatch{Renewal: map[string]*string{}, Notices: map[string]json.RawMessage{}}
	for key, values := range map[string][2]string{
		"validity": {stored.Validity, f.Validity}, "renew_before": {stored.RenewBefore, f.RenewBefore}, "spread": {stored.Spread, f.Spread},
		"rekey": {stored.Rekey, f.Rekey},
	} {
		if values[0] == values[1] {
			continue
		}
		p.Renewal[key] = nil
		if typed := values[1]; typed != "" {
			p.Renewal[key] = &typed
		}
	}
	for key, values := range map[string][2]string{
		"digest_delay": {stored.DigestDelay, f.DigestDelay}, "digest_interval": {stored.DigestInterval, f.DigestInterval},
		"time_zone": {stored.TimeZone, f.TimeZone},
	} {
		if values[0] != values[1] {
			p.Notices[key] = text(values[1])
		}
	}
	if !slices.Equal(f.Reminders, stored.Reminders) {
		p.Notices["reminders"] = f.reminders()
	}
	if f.LapseEvery == stored.LapseEvery && f.LapseTimes == stored.LapseTimes {
		return p, nil
	}
	lapse, err := f.afterLapse(effective.AfterLapse)
	p.Notices["after_lapse"] = lapse
	return p, err
}

var inherit = json.RawMessage("null")

// text is a value of a patch; an empty one inherits again.
func text(s string) json.RawMessage {
	if s == "" {
		return inherit
	}
	return encoded(s)
}

func encoded(value any) json.RawMessage {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings and numbers: cannot fail
	}
	return b
}

func (f policyForm) reminders() json.RawMessage {
	if len(f.Reminders) == 0 {
		return inherit
	}
	lines := make([]map[string]string, len(f.Reminders))
	for i, r := range f.Reminders {
		lines[i] = map[string]string{"within": r.Within, "every": r.Every}
	}
	return encoded(lines)
}

// afterLapse takes what one of its two fields leaves open from what holds now.
func (f policyForm) afterLapse(now lifecycle.AfterLapse) (json.RawMessage, error) {
	if f.LapseEvery == "" && f.LapseTimes == "" {
		return inherit, nil
	}
	every, times := f.LapseEvery, now.Times
	if every == "" {
		every = lifecycle.FormatDuration(now.Every)
	}
	if f.LapseTimes != "" {
		var err error
		if times, err = strconv.Atoi(f.LapseTimes); err != nil {
			return nil, &app.Error{Code: app.CodeInvalid, Field: "after_lapse", Message: "after a lapse, the number of times must be a whole number such as 8"}
		}
	}
	return encoded(map[string]any{"every": every, "times": times}), nil
}

// setPolicy shows what a change would do, or makes it.
func (v *visit) setPolicy() error {
	if err := v.form(); err != nil {
		return err
	}
	ctx, project, service := v.r.Context(), v.frame.Project, v.r.PostForm.Get("service")
	s, err := v.settings(service)
	if err != nil {
		return err
	}
	stored := s.Form
	s.Form = typedPolicy(v.r.PostForm)
	patch, err := s.Form.patch(stored, s.Policy.Notices)
	if err != nil {
		return v.refuse(s, formPolicy, err)
	}
	if len(patch.Renewal)+len(patch.Notices) == 0 {
		return v.done(s.at(service), "Nothing is changed: the form says what is set already.")
	}
	preview, err := v.App.PreviewPolicy(ctx, v.actor, project, service, patch, v.now)
	if err != nil {
		return v.refuse(s, formPolicy, err)
	}
	s.Preview = &preview
	seen := s.Form.Seen
	s.Form.Seen = string(encoded(patch))
	if v.r.PostForm.Get("do") != "save" || seen != s.Form.Seen { // what is saved was looked at before
		return v.show("Settings", settingsPage(s))
	}
	set, err := v.App.SetPolicy(ctx, v.actor, project, service, patch, s.Form.Confirm, v.now)
	if err != nil {
		if preview.NeedsConfirm && !s.Form.Confirm {
			err = &app.Error{Code: app.CodeConflict, Message: "nothing is stored yet: this makes " + plural(preview.DueAtOnce, "pair") + " due at once, so say below that you mean it"}
		}
		return v.refuse(s, formPolicy, err)
	}
	said := "The policy is stored."
	if set.Due > 0 {
		said += " It makes " + plural(set.Due, "pair") + " due now; their renewals are spread over 7 days."
	}
	return v.done(s.at(service), said)
}

// sourceWords say where a value comes from that is not set here.
func sourceWords(from, level lifecycle.Source) string {
	switch {
	case from == level:
		return "set here"
	case from == lifecycle.FromProject:
		return "the project's"
	}
	return "the default"
}

// policyChange is a value that a change alters.
type policyChange struct{ What, Before, After string }

// changes are what differs between two policies, in words.
func changes(before, after app.PolicyView) []policyChange {
	var found []policyChange
	add := func(what, was, is string) {
		if was != is {
			found = append(found, policyChange{what, was, is})
		}
	}
	add("Validity", lifecycle.FormatDuration(before.Policy.Validity), lifecycle.FormatDuration(after.Policy.Validity))
	add("Renew before the end", lifecycle.FormatDuration(before.Policy.RenewBefore), lifecycle.FormatDuration(after.Policy.RenewBefore))
	add("Spread", lifecycle.FormatDuration(before.Policy.Spread), lifecycle.FormatDuration(after.Policy.Spread))
	add("New key at a renewal by request", string(before.Rekey), string(after.Rekey))
	was, is := before.Notices, after.Notices
	add("Reminders", reminderWords(was), reminderWords(is))
	add("After a lapse", lapseWords(was.AfterLapse), lapseWords(is.AfterLapse))
	add("Wait before a digest", lifecycle.FormatDuration(was.DigestDelay), lifecycle.FormatDuration(is.DigestDelay))
	add("Between digests", lifecycle.FormatDuration(was.DigestInterval), lifecycle.FormatDuration(is.DigestInterval))
	add("Time zone", was.TimeZone, is.TimeZone)
	return found
}

func reminderWords(n lifecycle.Notices) string {
	var parts []string
	for _, r := range reminderFields(n) {
		parts = append(parts, "from "+r.Within+" every "+r.Every)
	}
	return strings.Join(parts, ", ")
}

func lapseWords(a lifecycle.AfterLapse) string {
	if a.Times == 0 {
		return "nobody is told again"
	}
	return plural(a.Times, "time") + ", every " + lifecycle.FormatDuration(a.Every)
}

// nextRenewal is a user's renewal without a change and with it; zero: later than
// the others.
type nextRenewal struct {
	Service, User string
	Before, After time.Time
}

// nextRenewals puts the next renewals without and with a change side by side.
func nextRenewals(p app.PolicyPreview) []nextRenewal {
	var all []nextRenewal
	of := func(d app.RenewalDate) *nextRenewal {
		for i := range all {
			if all[i].Service == d.Service && all[i].User == d.User {
				return &all[i]
			}
		}
		all = append(all, nextRenewal{Service: d.Service, User: d.User})
		return &all[len(all)-1]
	}
	for _, d := range p.NextAfter {
		of(d).After = d.At
	}
	for _, d := range p.NextBefore {
		of(d).Before = d.At
	}
	return all
}

// words are the dates, to the minute where their day is the same.
func (n nextRenewal) words(f frame) (before, after string) {
	format := func(t time.Time, other time.Time) string {
		switch {
		case t.IsZero():
			return "later"
		case !t.Equal(other) && startOfDay(t, f.Zone).Equal(startOfDay(other, f.Zone)):
			return moment(t, f.Now, f.Zone)
		}
		return day(t, f.Zone)
	}
	return format(n.Before, n.After), format(n.After, n.Before)
}

// previewWords say in a line what a change does.
func previewWords(p app.PolicyPreview) string {
	switch {
	case p.DueAtOnce > 0:
		return "It makes " + plural(p.DueAtOnce, "pair") + " of " + plural(p.Users, "user") + " due at once; renewals are spread over 7 days."
	case len(p.NextAfter) == 0:
		return "It concerns " + plural(p.Users, "user") + "; no renewal is planned."
	}
	return "It concerns " + plural(p.Users, "user") + " and makes nothing due at once."
}

// inheritedRekey is the choice that takes what the level above says.
func inheritedRekey(s settingsView) string {
	if s.Policy.RekeyFrom == s.level() {
		return "As the level above says"
	}
	return rekeyWords(s.Policy.Rekey) + ", " + sourceWords(s.Policy.RekeyFrom, s.level())
}

// rekeyWords say what a renewal demands of a key that its client keeps.
func rekeyWords(r lifecycle.Rekey) string {
	if r == lifecycle.RekeyRequired {
		return "New at each renewal"
	}
	return "May stay"
}

// reminderLines are the form's reminders and empty lines for more.
func reminderLines(f policyForm) []reminderField {
	lines := slices.Clone(f.Reminders)
	for len(lines) < len(f.Reminders)+spareReminders || len(lines) < 3 {
		lines = append(lines, reminderField{})
	}
	return lines
}

// placeholderOf is what holds in line i where the form sets no reminder.
func placeholderOf(s settingsView, i int) reminderField {
	holds := reminderFields(s.Policy.Notices)
	if len(s.Form.Reminders) > 0 || i >= len(holds) {
		return reminderField{}
	}
	return holds[i]
}
