package console

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"

	"github.com/segue-project/segue/internal/app"
)

var statuses = map[app.Code]int{
	app.CodeInvalid: http.StatusUnprocessableEntity, app.CodeUnauthenticated: http.StatusUnauthorized,
	app.CodeForbidden: http.StatusForbidden, app.CodeNotFound: http.StatusNotFound, app.CodeConflict: http.StatusConflict,
	app.CodeTooMany: http.StatusTooManyRequests, app.CodeUnavailable: http.StatusServiceUnavailable,
}

// refusal is what a failure says to people: its status and message. A failure
// that is nobody's to act on is logged, and its page tells nothing of it.
func (v *visit) refusal(err error) (int, *app.Error) {
	var e *app.Error
	if errors.As(app.AsError(err), &e) {
		return statuses[e.Code], e
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return http.StatusServiceUnavailable, &app.Error{Code: app.CodeUnavailable, Message: "this took too long and was ended: try again"}
	}
	v.Log.Error("page failed", "error", err)
	return http.StatusInternalServerError, &app.Error{Message: "something failed here that is not yours to mend: the log of segue serve says what"}
}

// fail shows a failure as a page.
func (v *visit) fail(err error) {
	status, e := v.refusal(err)
	title := map[int]string{
		http.StatusNotFound: "Not here", http.StatusForbidden: "Not allowed", http.StatusConflict: "Not now",
		http.StatusTooManyRequests: "Too many attempts", http.StatusServiceUnavailable: "Not now",
	}[status]
	if title == "" {
		title = "That did not work"
	}
	v.failAs(status, title, sentence(e.Message))
}

func (v *visit) failAs(status int, title, message string) {
	if drawn := v.showAs(status, title, failed(title, message)); drawn != nil {
		v.Log.Error("draw a failure", "error", drawn)
		http.Error(v.w, title, status)
	}
}

// nowhere answers what no route takes. refusal is the mux's own answer, which
// knows whether another method would be taken.
func nowhere(refusal http.Handler) page {
	return func(v *visit) error {
		answer := unsent{}
		refusal.ServeHTTP(answer, v.r)
		allow := http.Header(answer).Get("Allow")
		if allow == "" {
			return &app.Error{Code: app.CodeNotFound, Message: "there is no such page: the menu leads to those that exist"}
		}
		v.w.Header().Set("Allow", allow)
		v.failAs(http.StatusMethodNotAllowed, "Not here", "This page does not take "+v.r.Method+": the menu leads to it.")
		return nil
	}
}

// unsent keeps the header of an answer that nobody gets.
type unsent http.Header

func (u unsent) Header() http.Header         { return http.Header(u) }
func (u unsent) Write(b []byte) (int, error) { return len(b), nil }
func (u unsent) WriteHeader(int)             {}

// foreign answers a form that another site sent.
func (s *server) foreign(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	s.Log.Warn("a form of another site was refused")
	v := s.visit(w, r)
	v.fail(&app.Error{Code: app.CodeForbidden, Message: "this form was sent by another site and is refused: open the console and do it there"})
}

func (s *server) panicked(w http.ResponseWriter, r *http.Request, pattern string, failure any) {
	if failure == http.ErrAbortHandler {
		panic(failure)
	}
	// The value could hold what somebody sent: only where it happened is logged.
	s.Log.Error("page panicked", "route", pattern, "stack", string(debug.Stack()))
	v := s.visit(w, r)
	v.fail(errors.New("a panic"))
}
