package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

func (s *server) renewalRoutes() {
	const renewals = "/projects/{project}/renewals"
	s.mux.HandleFunc("GET "+renewals, s.inProject("renewals", (*visit).renewalsPage))
	s.mux.HandleFunc("POST "+renewals+"/acknowledge", s.inProject("renewals", (*visit).acknowledgeRenewals))
}

// renewalsShown is how many renewals a page lists.
const renewalsShown = 50

// renewalsView is the work list of a project.
type renewalsView struct {
	frame
	Service  string // the only one shown; empty: all
	Services serviceNames
	Total    int // renewals that await, of what is shown
	Groups   []neededGroup
	Axis     axis
	Shown    int
	After    string
	Next     string
}

func (v *visit) renewalsPage() error {
	query := v.r.URL.Query()
	r := renewalsView{Service: query.Get("service"), After: query.Get("after"), Axis: workAxis(v.now, v.frame.Zone)}
	var err error
	var counts app.StateCounts
	if counts, err = v.App.CountUsers(v.r.Context(), v.actor, v.frame.Project, r.Service, v.now); err != nil {
		return err
	}
	r.Total = counts.Lapsed + counts.Expiring
	rows, next, err := v.work(r.Service, app.Page{After: r.After, Limit: renewalsShown})
	if err != nil {
		return err
	}
	if r.Services, err = v.serviceNames(); err != nil {
		return err
	}
	r.frame, r.Shown, r.Next = v.frame, len(rows), next
	r.Groups = groupWork(rows, counts.Lapsed, v.now, r.After == "", next == "")
	return v.show("Renewals", renewalsPage(r))
}

// work pages through what awaits somebody, of a service or of the whole project.
func (v *visit) work(service string, page app.Page) (rows []app.RenewalView, next string, err error) {
	if service == "" {
		return v.App.ListRenewals(v.r.Context(), v.actor, v.frame.Project, page, v.now)
	}
	found, next, err := v.App.FindUsers(v.r.Context(), v.actor, v.frame.Project, service,
		app.UserFilter{State: app.FilterAwaiting, Sort: app.SortUrgency}, page, v.now)
	for _, u := range found {
		if u.Old != nil && u.Renewal != nil {
			rows = append(rows, renewalOf(service, u))
		}
	}
	return rows, next, err
}

// renewalOf is the renewal that a user's row shows.
func renewalOf(service string, u app.UserRow) app.RenewalView {
	return app.RenewalView{State: u.State, PendingRenewal: app.PendingRenewal{
		Service: service, User: u.Name, Generation: u.Renewal.Generation, Replaced: u.Renewal.Replaced, CreatedAt: u.Renewal.CreatedAt,
		OldNotBefore: u.Old.NotBefore, OldNotAfter: u.Old.NotAfter, NewNotBefore: u.Current.NotBefore, NewNotAfter: u.Current.NotAfter,
		SnoozedUntil: u.Renewal.SnoozedUntil, SnoozeReason: u.Renewal.SnoozeReason,
	}}
}

// groupWork puts rows, most urgent first, under the words for their urgency. A
// group is counted where all of it is on the page: first and last say whether
// the list begins and ends here. lapsed is how many there are of those.
func groupWork(rows []app.RenewalView, lapsed int, now time.Time, first, last bool) []neededGroup {
	shown := slices.DeleteFunc(byUrgency(rows, now), func(g neededGroup) bool { return len(g.Rows) == 0 })
	for i, g := range shown {
		switch {
		case g.Rows[0].State == lifecycle.Lapsed:
			shown[i].Count = lapsed
		case (i > 0 || first) && (i < len(shown)-1 || last):
			shown[i].Count = len(g.Rows)
		}
	}
	return shown
}

// renewalRef names a renewal by the generation that is shown.
func renewalRef(r app.RenewalView) string {
	return r.Service + "/" + r.User + "/" + strconv.Itoa(r.Generation)
}

// at is the list with another service or place.
func (r renewalsView) at(service, after string) string {
	return queried(r.path("renewals"), "service", service, "after", after)
}

// acknowledgedView is what became of many acknowledgements.
type acknowledgedView struct {
	frame
	Back                 string
	Done, Before, Failed []app.AckResult
}

func (v *visit) acknowledgeRenewals() error {
	if err := v.form(); err != nil {
		return err
	}
	back := v.back(v.frame.path("renewals"))
	refs, err := renewalRefs(v.r.PostForm["renewal"])
	if err != nil {
		return err
	}
	if len(refs) == 0 {
		return v.done(back, "Nothing was acknowledged: no row was selected.")
	}
	results, err := v.App.AcknowledgeRenewals(v.r.Context(), v.actor, v.frame.Project, refs, v.now)
	if err != nil {
		return err
	}
	a := acknowledgedView{frame: v.frame, Back: back}
	for _, r := range results {
		switch {
		case r.Err != nil:
			a.Failed = append(a.Failed, r)
		case r.At.Before(v.now.Truncate(time.Millisecond)):
			a.Before = append(a.Before, r)
		default:
			a.Done = append(a.Done, r)
		}
	}
	if len(a.Failed) == 0 && len(a.Before) <= 1 {
		return v.done(back, a.summary())
	}
	if err := v.enter(v.frame.Project, "renewals"); err != nil { // with what still waits
		return err
	}
	a.frame = v.frame
	status := http.StatusOK
	if len(a.Done)+len(a.Before) == 0 {
		status = http.StatusConflict
	}
	return v.showAs(status, "Acknowledged", acknowledgedPage(a))
}

// renewalRefs reads check boxes: service, user and the generation that was seen.
func renewalRefs(values []string) ([]app.RenewalRef, error) {
	var refs []app.RenewalRef
	for _, value := range values {
		parts := strings.Split(value, "/")
		if len(parts) != 3 {
			return nil, unreadable()
		}
		generation, err := strconv.Atoi(parts[2])
		if err != nil || generation < 1 {
			return nil, unreadable()
		}
		refs = append(refs, app.RenewalRef{Service: parts[0], User: parts[1], Generation: generation})
	}
	return refs, nil
}

func unreadable() error {
	return &app.Error{Code: app.CodeInvalid, Message: "this form names what the page does not show: load the page again"}
}

// summary says in one line what became of it.
func (a acknowledgedView) summary() string {
	var said []string
	if n := len(a.Done); n == 1 {
		said = append(said, a.Done[0].User+" of "+a.Done[0].Service+" is acknowledged: its reminders stop.")
	} else if n > 1 {
		said = append(said, plural(n, "renewal")+" are acknowledged: their reminders stop.")
	}
	for _, r := range a.Before {
		said = append(said, a.before(r))
	}
	return strings.Join(said, " ")
}

// before says that somebody was quicker, or that nothing was there to acknowledge.
func (a acknowledgedView) before(r app.AckResult) string {
	what := r.User + " of " + r.Service
	if r.By == "" {
		return "Nothing of " + what + " awaits acknowledgement."
	}
	return actorWords(r.By) + " acknowledged " + what + " at " + moment(r.At, a.Now, a.Zone) + ". Nothing is left to do."
}

// unacknowledged is the reason why a renewal could not be acknowledged.
func unacknowledged(r app.AckResult) string {
	if e, ok := app.AsError(r.Err).(*app.Error); ok {
		return sentence(e.Message)
	}
	return "Something failed here that is not yours to mend: the log of segue serve says what."
}

// serviceNames are the services that a list can be narrowed to.
type serviceNames struct {
	Names []string
	More  bool // there are others
}

// namesShown bounds a menu of services.
const namesShown = 200

func (v *visit) serviceNames() (serviceNames, error) {
	names, next, err := v.App.ListServiceNames(v.r.Context(), v.actor, v.frame.Project, app.Page{Limit: namesShown}, v.now)
	return serviceNames{names, next != ""}, err
}

// queried is a path with those pairs of a query that have a value.
func queried(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// bare is a path without its query.
func bare(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// queryOf is a path's query, for a form that keeps it.
func queryOf(path string) []field {
	_, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil
	}
	return keep(values)
}

// narrowed is a path, which may have a query, with a service.
func narrowed(path, service string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + url.Values{"service": {service}}.Encode()
}

func pickedWords(service string) string {
	if service == "" {
		return "All services"
	}
	return service
}

func workColumns(r renewalsView) string {
	if r.may(app.ManageUsers) {
		return "5"
	}
	return "4"
}

// renewalsWords is what stands under the title.
func renewalsWords(r renewalsView) string {
	of := "across all services"
	if r.Service != "" {
		of = "of " + r.Service
	}
	if r.Total == 0 {
		return "Nothing awaits acknowledgement " + of
	}
	return plural(r.Total, "renewal") + " " + of + " · times in " + r.Zone.String()
}

func acknowledgedWords(a acknowledgedView) string {
	switch done := len(a.Done); {
	case done == 0 && len(a.Before) > 0:
		return "Nothing new was acknowledged"
	case done == 0:
		return "Nothing was acknowledged"
	default:
		return plural(done, "renewal") + " acknowledged"
	}
}
