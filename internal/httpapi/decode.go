package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// maxBody is the largest body that is read, in bytes.
const maxBody = 1 << 20

// readBody reads the body whole, so that a broken one is the client's fault and
// a large one is refused before it is decoded.
func (s *server) readBody(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var network interface{ Timeout() bool }
	switch {
	case errors.As(err, &network) && network.Timeout():
		newFailure(http.StatusRequestTimeout, "the body did not arrive in time").write(w)
	case err != nil:
		newFailure(http.StatusBadRequest, "the body ended too early").write(w)
	case len(body) > maxBody:
		tooLarge().write(w)
	default:
		r.Body = io.NopCloser(bytes.NewReader(body))
		next(ctx)
	}
}

// jsonFormat reads bodies and writes replies.
var jsonFormat = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: decode}

// decode reads one JSON value. Its errors never repeat what was sent.
func decode(data []byte, into any) error {
	if holdsNUL(data) {
		return errors.New("the body holds the character U+0000, which no value may")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // user_config keeps its numbers to the last digit
	err := decoder.Decode(into)
	if err == nil {
		if _, err = decoder.Token(); err == io.EOF {
			return nil
		}
		return errors.New("the body must be one JSON value and nothing after it")
	}
	var mismatch *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &mismatch):
		return misplaced(mismatch)
	case errors.As(err, &syntax), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the body is not valid JSON")
	}
	return errors.New("a time is expected in RFC 3339, such as 2026-12-24T09:00:00Z") // all else that reads itself
}

// misplaced says what belongs where something else was sent.
func misplaced(mismatch *json.UnmarshalTypeError) error {
	field := mismatch.Field
	if field == "" {
		field = "the body"
	}
	return fmt.Errorf("%s: %s is expected here", field, kindInWords(mismatch.Type))
}

func kindInWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// holdsNUL reports whether a string of the JSON text would hold U+0000, which
// PostgreSQL cannot store. A raw one is no JSON anyway.
func holdsNUL(data []byte) bool {
	for i := 0; i < len(data)-1; i++ {
		if data[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(data[i+1:], []byte("u0000")) {
			return true
		}
		i++ // what a backslash escapes is no backslash of its own
	}
	return false
}
