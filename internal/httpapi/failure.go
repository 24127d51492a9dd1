package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

// failure is the envelope on its way to the client.
type failure struct {
	api.ErrorReply
	status int
	header http.Header
}

// Error, GetStatus and GetHeaders are what huma asks of a failure.
func (f *failure) Error() string           { return f.Message }
func (f *failure) GetStatus() int          { return f.status }
func (f *failure) GetHeaders() http.Header { return f.header }

// write sends the failure where huma does not.
func (f *failure) write(w http.ResponseWriter) {
	for key, values := range f.header {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(f) // the client is gone: nobody is left to tell
}

// codeOf is the error_code of failures that the protocol makes rather than a use case.
var codeOf = map[int]app.Code{
	http.StatusBadRequest:            app.CodeInvalid,
	http.StatusUnauthorized:          app.CodeUnauthenticated,
	http.StatusNotFound:              app.CodeNotFound,
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusRequestTimeout:        "request_timeout",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusInternalServerError:   "internal",
	http.StatusServiceUnavailable:    app.CodeUnavailable,
}

func newFailure(status int, message string) *failure {
	return failureOf(status, &app.Error{Code: codeOf[status], Message: message})
}

func failureOf(status int, e *app.Error) *failure {
	f := &failure{status: status, ErrorReply: api.ErrorReply{
		Message: e.Message,
		Errors:  []api.ErrorDetail{{Message: e.Message, Status: status, ErrorCode: string(e.Code), Field: e.Field}},
	}}
	switch status {
	case http.StatusUnauthorized:
		f.header = http.Header{"Www-Authenticate": {"Bearer"}}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		f.header = http.Header{"Retry-After": {"10"}}
	}
	return f
}

// noSuchCall is worded so that no client takes it for a service that is still
// being made, and waits.
func noSuchCall() *failure {
	return newFailure(http.StatusNotFound, "there is no such call in this API: check the client's base URL and version")
}

func tooLarge() *failure {
	return newFailure(http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB")
}

func internalFailure(req *request) *failure {
	return newFailure(http.StatusInternalServerError, "something went wrong inside Segue: its log says what, under request_id "+req.id)
}

// statusOf translates the codes of use cases.
var statusOf = map[app.Code]int{
	app.CodeInvalid:         http.StatusBadRequest,
	app.CodeUnauthenticated: http.StatusUnauthorized,
	app.CodeForbidden:       http.StatusForbidden,
	app.CodeNotFound:        http.StatusNotFound,
	app.CodeConflict:        http.StatusConflict,
	app.CodeTooMany:         http.StatusTooManyRequests,
	app.CodeUnavailable:     http.StatusServiceUnavailable,
}

// fail translates what a use case returned. What is nobody's to act on but the
// operator's goes to the log, not to the client.
func (s *server) fail(ctx context.Context, err error) *failure {
	var known *app.Error
	if err = app.AsError(err); errors.As(err, &known) {
		if status, ok := statusOf[known.Code]; ok {
			return failureOf(status, known)
		}
	}
	req := requestOf(ctx)
	if ctx.Err() != nil {
		s.Log.Warn("request ended before its work", "request_id", req.id, "route", req.route, "error", err)
		return newFailure(http.StatusServiceUnavailable, "this took too long and was given up: try again")
	}
	s.Log.Error("request failed", "request_id", req.id, "route", req.route, "error", err)
	return internalFailure(req)
}

// The envelope replaces huma's own. Its details hold the value that was sent,
// often a secret: message and place alone are passed on. What huma calls
// unprocessable is a bad request to the clients.
func init() {
	huma.DefaultArrayNullable = false // lists are [] here, never null
	huma.NewError = func(status int, message string, details ...error) huma.StatusError {
		if status == http.StatusUnprocessableEntity {
			status = http.StatusBadRequest
		}
		e := &app.Error{Code: codeOf[status], Message: message}
		for _, detail := range details {
			if d, ok := detail.(huma.ErrorDetailer); ok {
				e.Field, e.Message = place(d.ErrorDetail())
				break
			}
		}
		return failureOf(status, e)
	}
}

// place names the parameter at fault. The decoder of bodies names its field itself.
func place(d *huma.ErrorDetail) (field, message string) {
	in, name, _ := strings.Cut(d.Location, ".")
	if in == "body" {
		return "", d.Message
	}
	return name, name + ": " + d.Message
}
