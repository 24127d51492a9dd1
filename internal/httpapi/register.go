package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// tokenScheme names the way of signing requests in the specification.
const tokenScheme = "token"

// reply is a JSON body of type T.
type reply[T any] struct {
	Body T
}

// handler is a call: decoded input to reply.
type handler[I, O any] func(ctx context.Context, req *request, in *I) (O, error)

// call registers a call for whoever is signed in.
func call[I, O any](s *server, method, path, id, summary string, h handler[I, O]) {
	register(s, guarded(s, method, path, id, summary), h)
}

// guarded is an operation for whoever is signed in.
func guarded(s *server, method, path, id, summary string) huma.Operation {
	op := operation(s, method, path, id, summary)
	op.Middlewares = append(huma.Middlewares{s.authenticate}, op.Middlewares...)
	op.Security = []map[string][]string{{tokenScheme: {}}}
	mayFail(&op, true)
	return op
}

// public registers a call for everybody.
func public[I, O any](s *server, method, path, id, summary string, h handler[I, O]) {
	register(s, operation(s, method, path, id, summary), h)
}

func register[I, O any](s *server, op huma.Operation, h handler[I, O]) {
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*reply[O], error) {
		out, err := h(ctx, requestOf(ctx), in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &reply[O]{out}, nil
	})
}

// operation leaves checking values to the use cases, so that console, API and
// CLI refuse the same, and reading bodies to readBody, with its limit and the
// server's own deadline.
func operation(s *server, method, path, id, summary string) huma.Operation {
	op := huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: summary,
		Description: about[id].text, Tags: []string{about[id].tag}, Responses: map[string]*huma.Response{},
		Security:         []map[string][]string{}, // said, not left out: whoever reads the specification knows that no token is needed
		SkipValidateBody: true, MaxBodyBytes: maxBody + 1, BodyReadTimeout: -1,
	}
	mayFail(&op, false)
	if method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		op.Middlewares = huma.Middlewares{s.readBody}
	}
	return op
}

// authenticate finds the actor behind the token, before anything else is read.
func (s *server) authenticate(ctx huma.Context, next func(huma.Context)) {
	req := requestOf(ctx.Context())
	actor, err := s.App.Authenticate(ctx.Context(), bearer(ctx.Header("Authorization")), req.address, req.userAgent, req.now)
	if err != nil {
		_, w := humago.Unwrap(ctx)
		s.fail(ctx.Context(), err).write(w)
		return
	}
	req.actor = actor
	next(ctx)
}

// bearer returns the token of an Authorization header, by either scheme; empty for any other.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
	if strings.EqualFold(scheme, "aivenv1") || strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return ""
}

// ProjectPath, ServicePath and UserPath are what paths name. They are exported
// because huma fills in exported fields alone.
type ProjectPath struct {
	Project string `path:"project" doc:"Name of the project"`
}

// ServicePath names a service.
type ServicePath struct {
	ProjectPath
	Service string `path:"service" doc:"Name of the service"`
}

// UserPath names a service user.
type UserPath struct {
	ServicePath
	User string `path:"user" doc:"Name of the service user"`
}

const (
	atProject = "/v1/project/{project}"
	atService = atProject + "/service/{service}"
	atUser    = atService + "/user/{user}"
)
