package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

func (s *server) userRoutes() {
	const newUser = "/projects/{project}/services/{service}/new-user"
	s.mux.HandleFunc("GET "+newUser, s.inService("users", (*visit).askUser))
	s.mux.HandleFunc("POST "+newUser, s.inService("users", (*visit).addUser))
	for route, p := range userPages("/projects/{project}/services/{service}/users/{user}") {
		s.mux.HandleFunc(route, s.inProject("services", func(v *visit) error {
			u, err := v.enterUser()
			if err != nil {
				return err
			}
			return p(v, u)
		}))
	}
}

// userPages are the pages of a user, by route.
func userPages(user string) map[string]func(*visit, userView) error {
	return map[string]func(*visit, userView) error{
		"GET " + user:                        (*visit).userPage,
		"GET " + user + "/key":               (*visit).askForKey,
		"POST " + user + "/key":              (*visit).showKey,
		"GET " + user + "/cert":              (*visit).showCert,
		"GET " + user + "/acknowledge":       (*visit).askAcknowledge,
		"POST " + user + "/acknowledge":      (*visit).acknowledge,
		"GET " + user + "/files/" + certFile: (*visit).certDownload,
		"GET " + user + "/files/" + caFile:   (*visit).caDownload,
		"POST " + user + "/files/" + keyFile: (*visit).keyDownload,
		"GET " + user + "/bundle":            (*visit).askBundle,
		"POST " + user + "/bundle":           (*visit).bundleDownload,
		"GET " + user + "/compare":           (*visit).compare,
		"GET " + user + "/snooze":            (*visit).askSnooze,
		"POST " + user + "/snooze":           (*visit).snooze,
		"GET " + user + "/renew":             (*visit).askRenew,
		"POST " + user + "/renew":            (*visit).renew,
		"GET " + user + "/reset":             (*visit).askReset,
		"POST " + user + "/reset":            (*visit).reset,
		"GET " + user + "/delete":            (*visit).askDelete,
		"POST " + user + "/delete":           (*visit).delete,
	}
}

// userView is what surrounds the pages of a service user.
type userView struct {
	frame
	Service, User string
	History       app.UserHistory
	Back          string // where the page was opened from
}

// enterUser loads a user's history; a form has to be readable first.
func (v *visit) enterUser() (userView, error) {
	if err := v.form(); err != nil {
		return userView{}, err
	}
	u := userView{frame: v.frame, Service: v.r.PathValue("service"), User: v.r.PathValue("user")}
	u.Back = u.path()
	if to := v.r.URL.Query().Get("back"); safePath(to) {
		u.Back = to
	}
	u.Back = v.back(u.Back)
	return u, v.loadUser(&u)
}

func (v *visit) loadUser(u *userView) (err error) {
	u.History, err = v.App.UserHistory(v.r.Context(), v.actor, u.Project, u.Service, u.User, v.now)
	return err
}

// path is a page of the user.
func (u userView) path(rest ...string) string {
	return u.of(append([]string{"users", u.User}, rest...)...)
}

// of is a page of the user's service.
func (u userView) of(rest ...string) string {
	return u.frame.path(append([]string{"services", u.Service}, rest...)...)
}

// at is a page of the user about one generation, which leads back where this one does.
func (u userView) at(page string, generation int) string {
	return u.path(page) + "?" + url.Values{"generation": {strconv.Itoa(generation)}, "back": {u.Back}}.Encode()
}

// open is a page of the user, which leads back where this one does.
func (u userView) open(page string) string { return withQuery(u.path(page), "back", u.Back) }

// chosen is the generation that a request is about: the current one where it names none.
func (v *visit) chosen(u userView) (app.GenerationView, error) {
	text := v.r.FormValue("generation")
	if text == "" {
		return u.current(), nil
	}
	n, err := strconv.Atoi(text)
	if g, ok := u.generation(n); ok && err == nil {
		return g, nil
	}
	return app.GenerationView{}, &app.Error{
		Code:    app.CodeNotFound,
		Message: "this user has no such generation: its newest is " + strconv.Itoa(u.current().Generation),
	}
}

func (u userView) current() app.GenerationView {
	return u.History.Generations[len(u.History.Generations)-1]
}

func (u userView) generation(n int) (app.GenerationView, bool) {
	i := slices.IndexFunc(u.History.Generations, func(g app.GenerationView) bool { return g.Generation == n })
	if i < 0 {
		return app.GenerationView{}, false
	}
	return u.History.Generations[i], true
}

// renewal is the one that made a generation; the first and one made by a reset have none.
func (u userView) renewal(generation int) (lifecycle.Renewal, bool) {
	i := slices.IndexFunc(u.History.Renewals, func(r lifecycle.Renewal) bool { return r.New == generation })
	if i < 0 {
		return lifecycle.Renewal{}, false
	}
	return u.History.Renewals[i], true
}

// pending is the renewal that awaits acknowledgement.
func (u userView) pending() (lifecycle.Renewal, bool) {
	for _, r := range slices.Backward(u.History.Renewals) {
		if r.Awaiting() {
			return r, true
		}
	}
	return lifecycle.Renewal{}, false
}

// old is the pair that the current one replaced, while it still works or its
// renewal awaits acknowledgement.
func (u userView) old() (app.GenerationView, bool) {
	r, ok := u.renewal(u.current().Generation)
	if !ok {
		return app.GenerationView{}, false
	}
	g, ok := u.generation(r.Replaced)
	return g, ok && (r.Awaiting() || live(g, u.Now))
}

func live(g app.GenerationView, now time.Time) bool {
	return g.RevokedAt.IsZero() && !now.After(g.NotAfter)
}

// before is the generation before one.
func (u userView) before(g app.GenerationView) (app.GenerationView, bool) {
	return u.generation(g.Generation - 1)
}

// choices are the generations between which a dialog lets choose: those that work
// or matter now, and the one that is shown, the newest first.
func (u userView) choices(shown app.GenerationView) []app.GenerationView {
	old, overlap := u.old()
	var out []app.GenerationView
	for _, g := range slices.Backward(u.History.Generations) {
		if g.Current || live(g, u.Now) || (overlap && g.Generation == old.Generation) || g.Generation == shown.Generation {
			out = append(out, g)
		}
	}
	return out
}

// pictured are the same, the oldest first, as a picture takes them.
func (u userView) pictured(shown app.GenerationView) []app.GenerationView {
	out := u.choices(shown)
	slices.Reverse(out)
	return out
}

// choicesNewest are the drawn generations, the newest first.
func (u userView) choicesNewest() []app.GenerationView {
	out := slices.Clone(u.drawn())
	slices.Reverse(out)
	return out
}

// age is what a generation is among the others: New, Current, Old, Ended, Revoked.
func (u userView) age(g app.GenerationView) string {
	switch {
	case !g.RevokedAt.IsZero():
		return "Revoked"
	case u.Now.After(g.NotAfter):
		return "Ended"
	case !g.Current:
		return "Old"
	}
	if _, overlap := u.old(); !overlap {
		return "Current"
	}
	return "New"
}

func (u userView) ageWords(g app.GenerationView) string { return strings.ToLower(u.age(g)) }

// pairOf are two generations as a picture takes them.
func pairOf(old, now app.GenerationView) []app.GenerationView { return []app.GenerationView{old, now} }

func (u userView) generationWords(g app.GenerationView) string {
	words := "Generation " + strconv.Itoa(g.Generation)
	if _, overlap := u.old(); overlap && live(g, u.Now) {
		words += ", " + u.ageWords(g)
	}
	return words
}

// endWords say until when a pair works.
func (u userView) endWords(g app.GenerationView) string {
	switch {
	case !g.RevokedAt.IsZero():
		return "revoked " + day(g.RevokedAt, u.Zone)
	case u.Now.After(g.NotAfter):
		return "ended " + day(g.NotAfter, u.Zone)
	case g.Current:
		return "works until " + day(g.NotAfter, u.Zone)
	}
	return "works until " + g.NotAfter.In(u.Zone).Format("2 Jan 2006, 15:04")
}

// renewalWords say what became of a renewal.
func (u userView) renewalWords(r lifecycle.Renewal) string {
	words := "renewed " + day(r.CreatedAt, u.Zone) + " · "
	switch {
	case !r.AcknowledgedAt.IsZero():
		return words + "acknowledged " + day(r.AcknowledgedAt, u.Zone) + ", " + actorWords(r.AcknowledgedBy)
	case r.Awaiting():
		return words + "awaiting acknowledgement"
	case r.ClosedAs == lifecycle.ClosedReset:
		return words + "credentials reset " + day(r.ClosedAt, u.Zone)
	}
	return words + "not acknowledged before the next"
}

// state is how the user's pairs stand, in words.
func (u userView) state() said {
	end := u.current().NotAfter
	if old, ok := u.old(); ok && (u.History.State == lifecycle.Lapsed || u.History.State == lifecycle.Expiring) {
		end = old.NotAfter
	}
	return stateOf(u.History.State, end, u.Now, u.Zone)
}

// noKey says why a generation has no key here.
func (u userView) noKey(g app.GenerationView) string {
	const kept = "; its certificate is kept."
	switch {
	case !g.RevokedAt.IsZero():
		return "The key of generation " + strconv.Itoa(g.Generation) + " was destroyed when it was revoked, on " + day(g.RevokedAt, u.Zone) + kept
	case u.Now.After(g.NotAfter.Add(lifecycle.KeyKeptFor)):
		return "The key of generation " + strconv.Itoa(g.Generation) + " was destroyed 30 days after its end on " + day(g.NotAfter, u.Zone) + kept
	}
	return "Segue never had this key: it was made where " + u.User + " runs, and the certificate was asked for by a CSR."
}

// difference is one line of what changed from one generation to the next.
type difference struct {
	What, Old, New string
	Changed, Mono  bool
}

// summary says briefly what changed since the generation before.
func (u userView) summary(old, g app.GenerationView) []difference {
	key := difference{"Key", "", "same, " + g.KeyType, false, false}
	if old.PublicKey != g.PublicKey {
		key = difference{"Key", "", "new, " + g.KeyType, true, false}
	}
	end := difference{"End", "", "same", false, false}
	if !old.NotAfter.Equal(g.NotAfter) {
		end = difference{"End", "", day(old.NotAfter, u.Zone) + " → " + day(g.NotAfter, u.Zone), true, false}
	}
	return []difference{
		key,
		same("Serial", old.Serial, g.Serial, "new", "same"),
		end,
		same("Subject", old.Subject, g.Subject, g.Subject, "same"),
		same("Authority", old.Issuer, g.Issuer, "new, "+g.Issuer, "same, "+g.Issuer),
	}
}

func same(what, old, now, changed, kept string) difference {
	if old != now {
		return difference{what, "", changed, true, false}
	}
	return difference{what, "", kept, false, false}
}

// when is a moment as a sentence takes it: "at 11:02", "on 2 Oct 2024 at 14:05".
func when(t, now time.Time, zone *time.Location) string {
	if day(t, zone) == day(now, zone) {
		return "at " + t.In(zone).Format("15:04")
	}
	return "on " + t.In(zone).Format("2 Jan 2006") + " at " + t.In(zone).Format("15:04")
}

// stored leads back after something was stored.
func (v *visit) stored(u userView, said string) error { return v.done(u.Back, said) }

// keyForm is the form of every row's button that shows a key. The rows stand in
// another form, and a key there must never be what Enter sends.
const keyForm = "show-key"

// shows makes a button show a user's key, above the page where scripts run.
func shows(path string) templ.Attributes {
	return templ.Attributes{"form": keyForm, "formaction": path, "hx-post": path, "hx-target": "#dialog-body"}
}

// dialogWidth and pageWidth are the widths, in pixels, for which pictures choose
// their labels. On a screen where there is less, user.css leaves labels out.
const (
	dialogWidth = 820
	pageWidth   = 860
)
