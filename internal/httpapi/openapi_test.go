package httpapi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"

	"github.com/segue-project/segue/internal/bundle"
)

// specification is what /openapi.json serves.
func specification(t *testing.T) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	edge(t, io.Discard).ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("/openapi.json: %d %s", w.Code, w.Header().Get("Content-Type"))
	}
	return w.Body.Bytes()
}

// conforming holds requests and replies to the specification.
var conforming = sync.OnceValues(func() (validator.Validator, error) {
	text, err := json.Marshal(newServer(Config{Version: "v0"}).api.OpenAPI())
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc, config.WithFormatAssertions())
	if len(errs) > 0 {
		return nil, fmt.Errorf("%v", errs)
	}
	return v, nil
})

// conforms holds a reply to what the specification says of its call.
func conforms(t *testing.T, method, target string, res *http.Response) {
	t.Helper()
	v, err := conforming()
	if err != nil {
		t.Fatal(err)
	}
	ok, problems := v.ValidateHttpResponse(httptest.NewRequest(method, target, nil), res)
	if ok {
		return
	}
	for _, p := range problems {
		t.Errorf("%s %s: the reply is not what the specification says: %s: %s", method, target, p.Message, p.Reason)
		for _, s := range p.SchemaValidationErrors {
			t.Errorf("  %s at %s", s.Reason, s.FieldPath)
		}
	}
}

func TestSpecificationIsOpenAPI(t *testing.T) {
	doc, err := libopenapi.NewDocument(specification(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := doc.BuildV3Model(); err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, problems := v.ValidateDocument(); !ok {
		for _, p := range problems {
			t.Errorf("%s: %s", p.Message, p.Reason)
		}
	}
}

// described is what a reader of the specification needs of an operation.
type described struct {
	OperationID, Summary, Description string
	Tags                              []string
	Security                          []any
	Parameters                        []struct{ Name, In, Description string }
	Responses                         map[string]struct {
		Ref         string `json:"$ref"`
		Description string
		Content     map[string]any
	}
}

// Every operation is named, told about in words, has an answer and every failure
// that it can have; nothing is there that no operation uses.
func TestSpecification(t *testing.T) {
	text := specification(t)
	var spec struct {
		Paths      map[string]map[string]described
		Tags       []struct{ Name string }
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	var known []string
	for _, tag := range spec.Tags {
		known = append(known, tag.Name)
	}
	for path, methods := range spec.Paths {
		for method, op := range methods {
			what := strings.ToUpper(method) + " " + path
			if ids[op.OperationID] {
				t.Errorf("%s: %s names another operation too", what, op.OperationID)
			}
			ids[op.OperationID] = true
			op.inWords(t, what, known)
			op.answers(t, what, path)
		}
	}
	for id := range about {
		if !ids[id] {
			t.Errorf("%s is told about, but is no operation", id)
		}
	}
	for name := range spec.Components.Schemas {
		if !strings.Contains(string(text), `"#/components/schemas/`+name+`"`) {
			t.Errorf("schema %s is used by nothing", name)
		}
	}
	if want := `"spread":{"type":["string","null"]}`; !strings.Contains(string(text), want) {
		t.Errorf("a policy's values are not %s", want)
	}
}

func (op described) inWords(t *testing.T, what string, tags []string) {
	t.Helper()
	if op.OperationID == "" || op.Summary == "" || strings.HasSuffix(op.Summary, ".") || !strings.HasSuffix(op.Description, ".") {
		t.Errorf("%s is %q: %q, %q", what, op.OperationID, op.Summary, op.Description)
	}
	if len(op.Tags) != 1 || !slices.Contains(tags, op.Tags[0]) {
		t.Errorf("%s is in the groups %v", what, op.Tags)
	}
	for _, p := range op.Parameters {
		if p.Description == "" {
			t.Errorf("%s: nothing says what %s is", what, p.Name)
		}
	}
}

func (op described) answers(t *testing.T, what, path string) {
	t.Helper()
	content := "application/json"
	if strings.HasPrefix(path, "/crl/") {
		content = crlType
	}
	if op.Responses["200"].Content[content] == nil {
		t.Errorf("%s answers with %+v", what, op.Responses["200"])
	}
	open := path == "/livez" || path == "/readyz" || path == "/v1/userauth" || path == "/v1/setup" || path == "/v1/invitation/accept" || strings.HasPrefix(path, "/crl/")
	if open != (len(op.Security) == 0) {
		t.Errorf("%s: needs a token in the specification: %v", what, len(op.Security) > 0)
	}
	for status, r := range op.Responses {
		if status != "200" && !strings.HasPrefix(r.Ref, "#/components/responses/") {
			t.Errorf("%s: %s is %+v", what, status, r)
		}
	}
	for _, status := range []string{"400", "500", "503"} {
		if op.Responses[status].Ref == "" {
			t.Errorf("%s: nothing says that it can be %s", what, status)
		}
	}
}

// The formats of a bundle are named in words.
func TestSpecificationNamesFormats(t *testing.T) {
	var spec struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Description string
				}
			}
		}
	}
	if err := json.Unmarshal(specification(t), &spec); err != nil {
		t.Fatal(err)
	}
	known := spec.Components.Schemas["BundleRequest"].Properties["format"].Description
	for _, f := range bundle.Formats() {
		if !strings.Contains(known, " "+f.Name) {
			t.Errorf("the specification does not name the format %s", f.Name)
		}
	}
}
