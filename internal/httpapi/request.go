package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/segue-project/segue/internal/app"
)

// request is what is known of a request beside its content.
type request struct {
	id        string // random; in the log and the reply, so that people can name it
	route     string // the pattern that matched
	address   string // the client's, for limits and the audit log
	userAgent string
	now       time.Time
	actor     app.Actor // set by authenticate
}

type requestKey struct{}

func requestOf(ctx context.Context) *request { return ctx.Value(requestKey{}).(*request) }

// noRoute is what the log calls a path that no call has: the path itself may hold a secret.
const noRoute = "none"

func newRequest(r *http.Request, now time.Time) *request {
	id := make([]byte, 8)
	rand.Read(id) // never fails
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	return &request{id: hex.EncodeToString(id), route: noRoute, address: address, userAgent: r.UserAgent(), now: now}
}

// ServeHTTP is the way of every request: named, bounded in time, answered by the
// envelope whatever goes wrong, and logged.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := newRequest(r, s.Now())
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), requestKey{}, req), requestTimeout)
	defer cancel()
	rw := &responseWriter{ResponseWriter: w}
	defer s.finish(rw, r, req)
	setHeaders(rw.Header(), req)
	s.route(rw, r.WithContext(ctx), req)
}

// setHeaders: a reply may hold secrets, so nothing keeps it.
func setHeaders(h http.Header, req *request) {
	h.Set("X-Request-Id", req.id)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
}

// finish answers a panic, if there was one, and writes the access log. It is deferred.
func (s *server) finish(w *responseWriter, r *http.Request, req *request) {
	what := recover()
	cut := what != nil && w.status != 0
	if what != nil && what != http.ErrAbortHandler {
		s.Log.Error("panic", "request_id", req.id, "route", req.route, "panic", what, "stack", string(debug.Stack()))
		if !cut {
			internalFailure(req).write(w)
		}
	}
	s.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("request_id", req.id), slog.String("method", knownMethod(r.Method)), slog.String("route", req.route),
		slog.Int("status", w.status), slog.Int64("bytes", w.bytes), slog.Duration("took", s.Now().Sub(req.now)),
		slog.String("address", req.address), slog.Int64("account_id", req.actor.AccountID))
	if cut {
		panic(http.ErrAbortHandler) // half a reply must not look like a whole one
	}
}

// knownMethod keeps what a client makes up out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "OTHER"
}

// route finds the call and runs it, or answers why there is none.
func (s *server) route(w http.ResponseWriter, r *http.Request, req *request) {
	for strings.HasPrefix(r.URL.Path, "//") { // a client's base URL ended in a slash
		r.URL.Path, r.URL.RawPath = r.URL.Path[1:], strings.TrimPrefix(r.URL.RawPath, "/")
	}
	if !callable(r) {
		noSuchCall().write(w)
		return
	}
	handler, pattern := s.mux.Handler(r)
	if pattern == "" {
		refuse(handler, w, r)
		return
	}
	req.route = pattern
	if r.ContentLength > maxBody {
		tooLarge().write(w)
		return
	}
	r.Header.Set("Content-Type", "application/json") // clients send what they like
	r.Header.Del("Accept")
	s.mux.ServeHTTP(w, r)
}

// callable keeps from the router what it would redirect, and from the store what
// no name can hold.
func callable(r *http.Request) bool {
	escaped := r.URL.EscapedPath()
	return path.Clean(escaped) == escaped && utf8.ValidString(r.URL.Path) &&
		!strings.ContainsFunc(r.URL.Path, unicode.IsControl)
}

// refuse translates the router's own answer, 404 or 405 in text, to the envelope.
func refuse(router http.Handler, w http.ResponseWriter, r *http.Request) {
	answer := &discard{header: http.Header{}}
	router.ServeHTTP(answer, r)
	if answer.status != http.StatusMethodNotAllowed {
		noSuchCall().write(w)
		return
	}
	allow := answer.header.Get("Allow")
	w.Header().Set("Allow", allow)
	newFailure(http.StatusMethodNotAllowed, "this call takes other methods: "+allow).write(w)
}

// discard keeps status and header of a reply and drops its body.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }

// responseWriter notes what was sent.
type responseWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *responseWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}
