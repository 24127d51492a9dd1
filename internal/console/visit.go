package console

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/segue-project/segue/internal/app"
)

// visit is one request. Pages of somebody signed in have an actor, those of a
// project its frame.
type visit struct {
	*server
	w     http.ResponseWriter
	r     *http.Request
	now   time.Time
	actor app.Actor
	frame frame
	// secret says that the page shows a key: it is then not compressed, so that its
	// length tells nothing.
	secret bool
}

// page answers a visit. A failure that it returns becomes a page that says what
// to do.
type page func(*visit) error

func (s *server) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{server: s, w: w, r: r, now: s.Now().UTC()}
	v.frame = frame{Now: v.now, Zone: time.UTC, Theme: themeOf(r), Version: s.Version, Path: r.URL.Path, Host: r.Host}
	return v
}

// public serves a page to anybody.
func (s *server) public(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := s.visit(w, r)
		if err := p(v); err != nil {
			v.fail(err)
		}
	}
}

// private serves a page to somebody who is signed in.
func (s *server) private(p page) http.HandlerFunc {
	return s.public(func(v *visit) error {
		token, err := v.r.Cookie(v.cookieName())
		if err != nil {
			return v.signInFirst()
		}
		v.actor, err = v.App.AuthenticateSession(v.r.Context(), token.Value, v.address(), v.r.UserAgent(), v.now)
		if isCode(err, app.CodeUnauthenticated) {
			return v.signInFirst()
		}
		if err != nil {
			return err
		}
		v.frame.Email = v.actor.Email
		v.frame.Flash = v.takeFlash()
		return p(v)
	})
}

// address is the client's, for limits and the audit log.
func (v *visit) address() string {
	host, _, err := net.SplitHostPort(v.r.RemoteAddr)
	if err != nil {
		return v.r.RemoteAddr
	}
	return host
}

// partial reports whether the page is asked for to be shown above another one.
func (v *visit) partial() bool { return v.r.Header.Get("HX-Target") == "div#dialog-body" }

// render draws a page; nothing is sent before all of it is drawn.
func (v *visit) render(status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(v.r.Context(), &b); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if !v.secret {
		h.Set("Vary", "Accept-Encoding")
	}
	if v.secret || !acceptsGzip(v.r) {
		v.w.WriteHeader(status)
		_, _ = v.w.Write(b.Bytes()) // a client that went away
		return nil
	}
	h.Set("Content-Encoding", "gzip")
	v.w.WriteHeader(status)
	z := gzip.NewWriter(v.w)
	_, _ = z.Write(b.Bytes())
	_ = z.Close()
	return nil
}

// show draws a page's content within the frame, or alone where it opens above
// another page.
func (v *visit) show(title string, c templ.Component) error {
	return v.showAs(http.StatusOK, title, c)
}

// showAs is show with a status: a form that was refused says so to programs too.
func (v *visit) showAs(status int, title string, c templ.Component) error {
	v.frame.Title = title
	if v.partial() {
		return v.render(status, c)
	}
	return v.render(status, layout(v.frame, c))
}

// dialog draws what opens above the page that asked, and is a page of its own
// without JavaScript.
func (v *visit) dialog(status int, title string, c templ.Component) error {
	if !v.partial() {
		c = standalone(c)
	}
	return v.showAs(status, title, c)
}

// done leads to a page after something was stored, with a line that says so.
func (v *visit) done(to, said string) error {
	v.setFlash(said)
	return v.redirect(to)
}

func (v *visit) redirect(to string) error {
	if v.r.Header.Get("HX-Request") != "" {
		v.w.Header().Set("HX-Redirect", to)
		v.w.WriteHeader(http.StatusOK)
		return nil
	}
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// back is the page that a form came from, within the console, or another.
func (v *visit) back(otherwise string) string {
	if to := v.r.PostFormValue("back"); safePath(to) {
		return to
	}
	return otherwise
}

// safePath reports whether a path leads within this console.
func safePath(to string) bool {
	u, err := url.Parse(to)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && strings.HasPrefix(to, "/") &&
		!strings.HasPrefix(to, "//") && !strings.ContainsAny(to, "\\\r\n\t") && len(to) < 2048
}

// form reads the form; one that is too large or malformed is refused.
func (v *visit) form() error {
	err := v.r.ParseForm()
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &app.Error{Code: app.CodeInvalid, Message: "the form is too large: select fewer at once"}
	}
	if err != nil {
		return &app.Error{Code: app.CodeInvalid, Message: "the form cannot be read: go back and send it again"}
	}
	return nil
}

const flashCookie = "segue_said"

// setFlash keeps one line for the next page.
func (v *visit) setFlash(said string) {
	text, err := json.Marshal(said)
	if err != nil || said == "" {
		return
	}
	http.SetCookie(v.w, v.cookie(flashCookie, base64.RawURLEncoding.EncodeToString(text), 60))
}

func (v *visit) takeFlash() string {
	c, err := v.r.Cookie(flashCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(v.w, v.cookie(flashCookie, "", -1))
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	var said string
	if err != nil || json.Unmarshal(text, &said) != nil {
		return ""
	}
	return said
}

// cookie is one that scripts cannot read and other sites' forms do not send.
func (v *visit) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: v.Secure, SameSite: http.SameSiteLaxMode,
	}
}

func isCode(err error, code app.Code) bool {
	var e *app.Error
	return errors.As(app.AsError(err), &e) && e.Code == code
}
