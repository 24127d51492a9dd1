package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// usersShown is how many users a page lists.
const usersShown = 50

// usersView is the tab of a service's users.
type usersView struct {
	serviceFrame
	Filter app.UserFilter
	Rows   []app.UserRow
	Axis   axis
	Next   string
	After  string
}

func (v *visit) usersPage(f serviceFrame) error {
	query := v.r.URL.Query()
	u := usersView{
		serviceFrame: f, Axis: listAxis(v.now, f.Zone), After: query.Get("after"),
		Filter: app.UserFilter{State: query.Get("state"), Search: query.Get("search"), Sort: query.Get("sort")},
	}
	var err error
	u.Rows, u.Next, err = v.App.FindUsers(v.r.Context(), v.actor, f.Project, f.Service.Name, u.Filter, app.Page{After: u.After, Limit: usersShown}, v.now)
	if err != nil {
		return err
	}
	return v.show(f.Service.Name+" users", usersPage(u))
}

// at is the same list with one thing of the query changed, from its beginning.
func (u usersView) at(key, value string) string {
	q := url.Values{}
	for k, old := range map[string]string{"state": u.Filter.State, "search": u.Filter.Search, "sort": u.Filter.Sort} {
		if k == key {
			old = value
		}
		if old != "" {
			q.Set(k, old)
		}
	}
	if key == "after" {
		q.Set("after", value)
	}
	if len(q) == 0 {
		return u.path("users")
	}
	return u.path("users") + "?" + q.Encode()
}

// here is the list as it is shown, to come back to.
func (u usersView) here() string {
	if u.After != "" {
		return u.at("after", u.After)
	}
	return u.at("", "")
}

// awaiting reports whether a row's renewal awaits acknowledgement.
func awaiting(u app.UserRow) bool {
	return u.State == lifecycle.Expiring || u.State == lifecycle.Lapsed
}

// fact is what stands under a user's name.
func (u usersView) fact(row app.UserRow) string {
	what := "generation " + strconv.Itoa(row.Current.Generation)
	switch {
	case row.Renewal != nil:
		what += " · renewed " + day(row.Renewal.CreatedAt, u.Zone)
	default:
		what += " · since " + day(row.Current.CreatedAt, u.Zone)
	}
	if row.Renewal != nil && row.Renewal.SnoozedUntil.After(u.Now) {
		what += " · snoozed until " + day(row.Renewal.SnoozedUntil, u.Zone)
	}
	return what
}

// refreshes makes a part of a page ask again by itself, for the menu's counts and
// other parts by their ids too;
// see app.js for when it does not.
func refreshes(id, path string, and ...string) templ.Attributes {
	counts := "#count-services,#count-renewals"
	for _, other := range and {
		counts += ",#" + other
	}
	return templ.Attributes{
		"id": id, "hx-get": path, "hx-trigger": "every 20s", "hx-select": "#" + id, "hx-swap": "outerMorph", "hx-select-oob": counts,
	}
}

// opens makes a link open above the page; without JavaScript it leads there.
func opens(path string) templ.Attributes {
	return templ.Attributes{"href": path, "hx-get": path, "hx-target": "#dialog-body"}
}

// sends makes a form answer above the page; without JavaScript it is a page.
func sends(path string) templ.Attributes {
	return templ.Attributes{"method": http.MethodPost, "action": path, "hx-post": path, "hx-target": "#dialog-body"}
}

func withQuery(path, key, value string) string { return path + "?" + url.Values{key: {value}}.Encode() }

// roleWords is a role as people say it.
func roleWords(r app.Role) string {
	if r == app.RoleReadOnly {
		return "read only"
	}
	return string(r)
}

// serviceState says what awaits somebody in a service.
func serviceState(f frame, s app.ServiceCount) said {
	switch {
	case s.Lapsed > 0 && s.Awaiting > 0:
		return said{number(s.Lapsed) + " lapsed, " + plural(s.Awaiting, "renewal"), bad}
	case s.Lapsed > 0:
		return said{number(s.Lapsed) + " lapsed", bad}
	case s.Awaiting > 0 && s.FirstEnd.Sub(f.Now) < soon:
		return said{plural(s.Awaiting, "renewal") + ", " + left(s.FirstEnd, f.Now), bad}
	case s.Awaiting > 0:
		return said{plural(s.Awaiting, "renewal") + ", " + left(s.FirstEnd, f.Now), warn}
	}
	return said{"Nothing to do", good}
}

// facts are what is known of a service at a glance.
func facts(f serviceFrame) []string {
	var known []string
	if f.Bootstrap != "" {
		known = append(known, f.Bootstrap)
	}
	if f.Service.CertificateAuth() {
		known = append(known, "mTLS")
	}
	return append(known, plural(f.Counts.Total, "user"))
}

func bannerWords(f serviceFrame) string {
	c := f.Counts
	switch {
	case c.Expiring == 0:
		return plural(c.Lapsed, "access certificate") + " lapsed: the old pair no longer works"
	case c.Lapsed > 0:
		return plural(c.Expiring, "access certificate") + " " + agree(c.Expiring) + " expiring, " + number(c.Lapsed) + " lapsed; the next stops working " + in(c.FirstEnd, f.Now)
	case c.Expiring == 1:
		return "1 access certificate is expiring; it stops working " + in(c.FirstEnd, f.Now)
	}
	return number(c.Expiring) + " access certificates are expiring; the first stops working " + in(c.FirstEnd, f.Now)
}

func bannerThen(f serviceFrame) string {
	ready := "The renewed certificates are ready."
	if f.Counts.Expiring+f.Counts.Lapsed == 1 {
		ready = "The renewed certificate is ready."
	}
	if f.Counts.Expiring == 0 {
		return ready + " Put the new one in use, then acknowledge it."
	}
	return ready + " Old and new both work until then: put the new one in use, then acknowledge it."
}

func documentTitle(f frame) string {
	if f.Project == "" || f.Title == f.Project {
		return f.Title + " · Segue"
	}
	return f.Title + " · " + f.Project + " · Segue"
}

// primaryUser is made with its service and cannot be deleted.
const primaryUser = "avnadmin"

func anyAwaiting(rows []app.UserRow) bool { return slices.ContainsFunc(rows, awaiting) }
