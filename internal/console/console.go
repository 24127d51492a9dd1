package console

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// Config is what the console is made of.
type Config struct {
	App     *app.App
	Now     func() time.Time
	Log     *slog.Logger
	Version string
	// Secure says that people reach the console by HTTPS: cookies are then sent
	// there alone.
	Secure bool
	// Origin is the scheme and host of the public URL, which a proxy in front may
	// hide from requests; empty where there is none.
	Origin string
}

type server struct {
	Config
	mux *router
}

// requestTimeout bounds a page.
const requestTimeout = 30 * time.Second

// maxForm bounds the body of a form: a thousand renewals to acknowledge at once fit.
const maxForm = 512 << 10

// New returns the console's handler. It serves every path but those of the API.
func New(c Config) http.Handler {
	return newServer(c).handler()
}

func newServer(c Config) *server {
	s := &server{Config: c, mux: &router{}}
	s.routes()
	return s
}

func (s *server) handler() http.Handler {
	// A form of another site, sent by a browser that is signed in here, is refused.
	protection := http.NewCrossOriginProtection()
	if s.Origin != "" {
		if err := protection.AddTrustedOrigin(s.Origin); err != nil {
			s.Log.Warn("the public URL's origin is not trusted: forms may be refused behind a proxy", "error", err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(s.foreign))
	return protection.Handler(http.HandlerFunc(s.serve))
}

func (s *server) routes() {
	s.mux.HandleFunc("GET /assets/{file}", serveAsset)
	s.sessionRoutes()
	s.accountRoutes()
	s.tokenRoutes()
	s.projectRoutes()
	s.overviewRoutes()
	s.serviceRoutes()
	s.userRoutes()
	s.renewalRoutes()
	s.calendarRoutes()
	s.activityRoutes()
	s.memberRoutes()
	s.settingsRoutes()
	s.outboxRoutes()
}

// serve is the way of every request: bounded, with headers that let nothing from
// elsewhere in, and logged by its pattern, as a path may hold a link's secret.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	r = r.WithContext(ctx)
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	setHeaders(w.Header())
	begun := s.Now()
	none, pattern := s.mux.Handler(r)
	defer func() {
		if failure := recover(); failure != nil {
			s.panicked(w, r, pattern, failure)
		}
		s.Log.Debug("page", "route", r.Method+" "+pattern, "took", s.Now().Sub(begun))
	}()
	if pattern == "" {
		s.public(nowhere(none))(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// csp lets this origin's own files in and nothing else: no inline script or
// style, no frame around a page, no form that leads elsewhere.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// setHeaders: a page may show a key, so nothing keeps it.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", csp)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
