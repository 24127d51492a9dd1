package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/segue-project/segue/internal/app"
)

func (s *server) sessionRoutes() {
	s.mux.HandleFunc("GET /{$}", s.private((*visit).home))
	s.mux.HandleFunc("GET /signin", s.public((*visit).signInPage))
	s.mux.HandleFunc("POST /signin", s.public((*visit).signIn))
	s.mux.HandleFunc("POST /signout", s.private((*visit).signOut))
	s.mux.HandleFunc("POST /theme", s.public((*visit).setTheme))
	s.mux.HandleFunc("GET /setup/{token}", s.public((*visit).setupPage))
	s.mux.HandleFunc("POST /setup/{token}", s.public((*visit).setup))
	s.mux.HandleFunc("GET /invitation/{token}", s.public((*visit).invitationPage))
	s.mux.HandleFunc("POST /invitation/{token}", s.public((*visit).acceptInvitation))
}

// cookieName: the prefix binds a cookie of HTTPS to this host alone.
func (v *visit) cookieName() string {
	if v.Secure {
		return "__Host-segue_session"
	}
	return "segue_session"
}

func (v *visit) setSession(token string) {
	http.SetCookie(v.w, v.cookie(v.cookieName(), token, int(app.SessionLife.Seconds())))
}

// signInForm is what the page of signing in shows.
type signInForm struct {
	Email, Next, Message string
	Ended                bool    // a session ended while somebody worked
	Kept                 []field // of a form that was sent after its session had ended
	Action               string  // where that form goes
}

// field is one value of a form.
type field struct{ Name, Value string }

// signInFirst asks who it is. What a form held is kept, and sent after signing in
// when the person says so.
func (v *visit) signInFirst() error {
	f := signInForm{Next: v.r.URL.RequestURI()}
	if v.r.Method == http.MethodPost {
		if err := v.form(); err != nil {
			return err
		}
		f = signInForm{Next: v.back(v.around()), Ended: true, Action: v.r.URL.Path, Kept: keep(v.r.PostForm)}
	}
	switch {
	case v.partial() && f.Ended:
		return v.render(http.StatusUnauthorized, signInDialog(f))
	case v.partial(): // nothing is lost by leaving the page
		return v.redirect(withQuery("/signin", "next", v.around()))
	}
	return v.render(http.StatusUnauthorized, signInPage(v.frame, f))
}

// around is the page that a dialog was to open above.
func (v *visit) around() string {
	if u, err := url.Parse(v.r.Header.Get("HX-Current-URL")); err == nil && safePath(u.RequestURI()) {
		return u.RequestURI()
	}
	return "/"
}

// keep is what of a form may wait in a page: no password, and no address that may
// hold a secret.
func keep(form url.Values) (kept []field) {
	for name, values := range form {
		for _, value := range values {
			if name != "url" && !strings.Contains(name, "password") {
				kept = append(kept, field{name, value})
			}
		}
	}
	slices.SortFunc(kept, func(a, b field) int { return strings.Compare(a.Name+"\x00"+a.Value, b.Name+"\x00"+b.Value) })
	return kept
}

func (v *visit) signInPage() error {
	return v.render(http.StatusOK, signInPage(v.frame, signInForm{Next: v.r.URL.Query().Get("next")}))
}

func (v *visit) signIn() error {
	if err := v.form(); err != nil {
		return err
	}
	form := v.r.PostForm
	f := signInForm{Email: form.Get("email"), Next: form.Get("next"), Action: form.Get("action")}
	for i, name := range form["kept_name"] {
		if values := form["kept_value"]; i < len(values) {
			f.Kept = append(f.Kept, field{name, values[i]})
		}
	}
	token, _, err := v.App.OpenSession(v.r.Context(), f.Email, form.Get("password"), v.address(), v.r.UserAgent(), v.now)
	if err != nil {
		status, e := v.refusal(err)
		f.Message = sentence(e.Message)
		if e.Code == app.CodeUnauthenticated {
			f.Message = "This email and password do not belong together. Your email is kept; type the password again."
		}
		return v.render(status, signInPage(v.frame, f))
	}
	v.setSession(token)
	if !safePath(f.Next) {
		f.Next = "/"
	}
	if safePath(f.Action) {
		return v.render(http.StatusOK, resumePage(v.frame, f))
	}
	return v.redirect(f.Next)
}

func (v *visit) signOut() error {
	if err := v.App.CloseSession(v.r.Context(), v.actor, v.now); err != nil {
		return err
	}
	http.SetCookie(v.w, v.cookie(v.cookieName(), "", -1))
	return v.redirect("/signin")
}

const themeCookie = "segue_theme"

// themeOf is the theme that somebody chose; empty: the system's.
func themeOf(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || (c.Value != "light" && c.Value != "dark") {
		return ""
	}
	return c.Value
}

func (v *visit) setTheme() error {
	if err := v.form(); err != nil {
		return err
	}
	c := v.cookie(themeCookie, v.r.PostForm.Get("theme"), 365*24*3600)
	if c.Value != "light" && c.Value != "dark" {
		c.Value, c.MaxAge = "", -1
	}
	http.SetCookie(v.w, c)
	return v.redirect(v.back("/"))
}

// welcome is what the pages of set-up and of an invitation show: who somebody
// becomes, and the form that makes it so.
type welcome struct {
	Email, RealName, Message string
	Invitation               *app.InvitationView // nil for the first set-up
}

func (v *visit) setupPage() error {
	email, err := v.App.CheckSetup(v.r.Context(), v.r.PathValue("token"), v.now)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, welcomePage(v.frame, welcome{Email: email}))
}

func (v *visit) setup() error {
	if err := v.form(); err != nil {
		return err
	}
	token, form := v.r.PathValue("token"), v.r.PostForm
	email, err := v.App.CheckSetup(v.r.Context(), token, v.now)
	if err != nil {
		return err
	}
	session, err := v.App.CompleteSetup(v.r.Context(), token, form.Get("password"), form.Get("real_name"), v.address(), v.r.UserAgent(), v.now)
	if err != nil {
		status, e := v.refusal(err)
		return v.render(status, welcomePage(v.frame, welcome{Email: email, RealName: form.Get("real_name"), Message: sentence(e.Message)}))
	}
	v.setSession(session)
	return v.redirect("/")
}

func (v *visit) invitationPage() error {
	i, err := v.App.CheckInvitation(v.r.Context(), v.r.PathValue("token"), v.now)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, welcomePage(v.frame, welcome{Email: i.Email, Invitation: &i}))
}

// acceptInvitation makes somebody a member and signs them in.
func (v *visit) acceptInvitation() error {
	if err := v.form(); err != nil {
		return err
	}
	ctx, token, form := v.r.Context(), v.r.PathValue("token"), v.r.PostForm
	i, err := v.App.CheckInvitation(ctx, token, v.now)
	if err != nil {
		return err
	}
	err = v.App.AcceptInvitation(ctx, token, form.Get("password"), form.Get("real_name"), v.address(), v.now)
	if err != nil {
		status, e := v.refusal(err)
		return v.render(status, welcomePage(v.frame, welcome{
			Email: i.Email, RealName: form.Get("real_name"), Message: sentence(e.Message), Invitation: &i,
		}))
	}
	session, _, err := v.App.OpenSession(ctx, i.Email, form.Get("password"), v.address(), v.r.UserAgent(), v.now)
	if err != nil {
		return v.redirect("/signin") // a member already; the limits may ask to wait
	}
	v.setSession(session)
	return v.done(projectPath(i.Project), "You are a member of "+i.Project+" now.")
}
