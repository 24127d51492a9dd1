package httpapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/segue-project/segue/api"
)

// humaConfig leaves out huma's pages, which load from elsewhere: see docPage.
func humaConfig(version string) huma.Config {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schemas.RegisterTypeAlias(reflect.TypeFor[api.Setting](), reflect.TypeFor[*string]())
	schemas.RegisterTypeAlias(reflect.TypeFor[failure](), reflect.TypeFor[api.ErrorReply]())
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Segue", Version: version, Description: description,
				Contact: &huma.Contact{Name: "The Segue project", URL: "https://github.com/segue-project/segue"},
				License: &huma.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: "/", Description: "This server"}},
			Tags:    tags,
			Components: &huma.Components{
				Schemas:         schemas,
				Responses:       failures(schemas),
				SecuritySchemes: map[string]*huma.SecurityScheme{tokenScheme: {Type: "http", Scheme: "bearer", Description: "A token of signing in, or an access token."}},
			},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat},
		DefaultFormat: "application/json",
	}
	config.AllowAdditionalPropertiesByDefault = true
	return config
}

const description = "Segue keeps the TLS client certificates of Apache Kafka service users alive. " +
	"The calls that existing clients of managed Kafka know keep their paths, names and shapes; what is Segue's own stands beside them. " +
	"Unknown fields and query parameters are ignored, times are RFC 3339 in UTC, and every failure has the same form."

// The groups of calls.
const (
	tagAccount  = "Account"
	tagProject  = "Project"
	tagService  = "Service"
	tagUser     = "Service user"
	tagNotices  = "Notices"
	tagInstance = "Instance"
)

var tags = []*huma.Tag{
	{Name: tagAccount, Description: "Signing in, and tokens by which programs act for somebody."},
	{Name: tagProject, Description: "Projects, their members, policies and authorities."},
	{Name: tagService, Description: "Kafka clusters and what belongs to each."},
	{Name: tagUser, Description: "Service users, their pairs and the renewal of these."},
	{Name: tagNotices, Description: "Who is told of renewals, how, and what was said."},
	{Name: tagInstance, Description: "Segue itself: health, and lists of revoked certificates."},
}

// failureNames are the statuses that failures have, by what the specification calls each.
var failureNames = map[int]string{
	http.StatusBadRequest:            "BadRequest",
	http.StatusUnauthorized:          "Unauthorized",
	http.StatusForbidden:             "Forbidden",
	http.StatusNotFound:              "NotFound",
	http.StatusMethodNotAllowed:      "MethodNotAllowed",
	http.StatusRequestTimeout:        "RequestTimeout",
	http.StatusConflict:              "Conflict",
	http.StatusRequestEntityTooLarge: "TooLarge",
	http.StatusTooManyRequests:       "TooManyRequests",
	http.StatusInternalServerError:   "Internal",
	http.StatusServiceUnavailable:    "Unavailable",
}

var failureTexts = map[int]string{
	http.StatusBadRequest:            "A value breaks a rule; error_code is invalid, field names it.",
	http.StatusUnauthorized:          "The token, password or invitation is missing, unknown, revoked or expired.",
	http.StatusForbidden:             "The role in the project does not allow it.",
	http.StatusNotFound:              "There is no such thing, or the account has no role in its project.",
	http.StatusMethodNotAllowed:      "The path takes other methods; Allow names them.",
	http.StatusRequestTimeout:        "The body did not arrive in time.",
	http.StatusConflict:              "It stands against what is there: the message says what, and what to do.",
	http.StatusRequestEntityTooLarge: "The body is larger than 1 MiB.",
	http.StatusTooManyRequests:       "Too many attempts; Retry-After says when to come again.",
	http.StatusInternalServerError:   "Something went wrong inside Segue; its log says what, under the request_id of the message.",
	http.StatusServiceUnavailable:    "Segue, or its store, cannot serve at this moment; Retry-After says when to come again.",
}

func failures(schemas huma.Registry) map[string]*huma.Response {
	schema := schemas.Schema(reflect.TypeFor[api.ErrorReply](), true, "")
	all := map[string]*huma.Response{}
	for status, name := range failureNames {
		all[name] = &huma.Response{Description: failureTexts[status], Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	}
	return all
}

// digestPreview is a read that what is there can stand against, as aclDiff is: with nothing
// to tell there is no digest.
const digestPreview = "ProjectDigestPreview"

// mayFail names in an operation every failure that it can have.
func mayFail(op *huma.Operation, guarded bool) {
	statuses := []int{http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if guarded {
		statuses = append(statuses, http.StatusUnauthorized, http.StatusForbidden)
	}
	if guarded || strings.Contains(op.Path, "{") {
		statuses = append(statuses, http.StatusNotFound)
	}
	if op.Method != http.MethodGet || op.OperationID == digestPreview || op.OperationID == aclDiff {
		statuses = append(statuses, http.StatusConflict)
	}
	if op.Method != http.MethodGet {
		statuses = append(statuses, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests)
		if !guarded {
			statuses = append(statuses, http.StatusUnauthorized)
		}
	}
	for _, status := range statuses {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + failureNames[status]}
	}
}

// specRoute serves the specification as it was registered.
func (s *server) specRoute() {
	text := sync.OnceValues(func() ([]byte, error) { return json.Marshal(s.api.OpenAPI()) })
	s.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		body, err := text()
		if err != nil {
			s.fail(r.Context(), err).write(w)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // the client is gone: nobody is left to tell
	})
}
