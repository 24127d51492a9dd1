package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

// A service may have very many users, and the calls that existing clients know
// answer with all of them: such replies are encoded while they are read, and never
// held whole.

// serviceCall registers a call that answers with a whole service.
func serviceCall[I any](s *server, method, path, id, summary string, h handler[I, *app.ServiceReading]) {
	stream[I, api.ServiceReply](s, method, path, id, summary, func(ctx context.Context, req *request, in *I) (writes, error) {
		reading, err := h(ctx, req, in)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, w *bufio.Writer) error {
			_, _ = w.WriteString(`{"service":`) // see writeService
			if err := writeService(ctx, w, reading); err != nil {
				return err
			}
			_, err := w.WriteString("}\n")
			return err
		}, nil
	})
}

// writes encodes a reply. It fails before its first byte, or cuts the reply off.
type writes func(ctx context.Context, w *bufio.Writer) error

// stream registers a call whose reply, of the form of O, is encoded while it is read.
func stream[I, O any](s *server, method, path, id, summary string, h handler[I, writes]) {
	streamAs[O](s, jsonType, guarded(s, method, path, id, summary), h)
}

const jsonType = "application/json"

// streamAs registers an operation that answers with a content type, of whose parts
// O is the form.
func streamAs[O, I any](s *server, contentType string, op huma.Operation, h handler[I, writes]) {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[O](), true, "")
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{contentType: {Schema: schema}}}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		write, err := h(ctx, requestOf(ctx), in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			_, w := humago.Unwrap(c)
			s.send(c.Context(), w, contentType, write)
		}}, nil
	})
}

// sendBuffer is how much of a reply is gathered before it is sent, in bytes.
const sendBuffer = 64 << 10

// send writes a reply. Where it fails after its first byte the connection is cut,
// so that half a reply is not taken for a whole one.
func (s *server) send(ctx context.Context, w http.ResponseWriter, contentType string, write writes) {
	begun := &begun{ResponseWriter: w, contentType: contentType}
	out := bufio.NewWriterSize(begun, sendBuffer)
	err := write(ctx, out)
	if err == nil {
		err = out.Flush()
	}
	switch {
	case err == nil:
		begun.begin() // also where there was nothing to write
	case !begun.yes:
		s.fail(ctx, err).write(w)
	default:
		req := requestOf(ctx)
		s.Log.Warn("a reply was cut off", "request_id", req.id, "route", req.route, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// begun notes that something was sent.
type begun struct {
	http.ResponseWriter
	contentType string
	yes         bool
}

func (b *begun) begin() {
	if !b.yes {
		b.yes = true
		b.Header().Set("Content-Type", b.contentType)
	}
}

func (b *begun) Write(p []byte) (int, error) {
	b.begin()
	return b.ResponseWriter.Write(p)
}

// usersKey is where the users go in an encoded service. Before it are values whose
// quotes are escaped, so that none of them looks like it.
var usersKey = []byte(`"users":[]`)

// writeService encodes a service with the users of all its pages.
func writeService(ctx context.Context, w *bufio.Writer, reading *app.ServiceReading) error {
	if err := reading.ReadACL(ctx); err != nil {
		return err
	}
	text, err := encode(serviceHead(reading.ServiceView))
	if err != nil {
		return err
	}
	before, after, found := bytes.Cut(text, usersKey)
	if !found {
		return errors.New("a service is encoded without its users")
	}
	first := true
	for page, err := range reading.Pages(ctx) {
		if err != nil {
			return err
		}
		if first {
			_, _ = w.Write(before)            // a writer that failed keeps failing: Flush says why,
			_, _ = w.WriteString(`"users":[`) // and writeUsers too
		}
		if err := writeUsers(w, page, first); err != nil {
			return err
		}
		first = false
	}
	_, _ = w.WriteString("]")
	_, err = w.Write(after)
	return err
}

func writeUsers(w *bufio.Writer, page []app.UserView, first bool) error {
	for i, v := range page {
		if i > 0 || !first {
			_ = w.WriteByte(',') // see writeService
		}
		text, err := encode(user(v))
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// encode is one JSON value as other replies have it, without a newline.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// writeServices encodes a project's services, each with its users.
func writeServices(ctx context.Context, w *bufio.Writer, readings iter.Seq2[*app.ServiceReading, error]) error {
	before := `{"services":[`
	for reading, err := range readings {
		if err != nil {
			return err
		}
		_, _ = w.WriteString(before) // see writeService
		if err := writeService(ctx, w, reading); err != nil {
			return err
		}
		before = ","
	}
	if before != "," {
		_, _ = w.WriteString(before)
	}
	_, err := w.WriteString("]}\n")
	return err
}
