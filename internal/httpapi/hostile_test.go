package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/segue-project/segue/api"
)

// marker is in every hostile value: no failure and no log line may hold it.
const marker = "hunter2"

// calls are all that the router serves, as "METHOD path" with its parameters.
func (r *rig) calls() []string {
	var calls []string
	for path, item := range r.server.api.OpenAPI().Paths {
		for method, op := range map[string]any{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if fmt.Sprint(op) != "<nil>" {
				calls = append(calls, method+" "+path)
			}
		}
	}
	sort.Strings(calls)
	return calls
}

// withPath fills the parameters of a path, all with one value or each with its own.
func withPath(path string, value func(name string) string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(path, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		b.WriteString(value(name))
		path = after
	}
}

// existing names what fill made.
func existing(name string) string {
	return map[string]string{
		"project": "shop", "service": "orders", "user": "writer", "generation": "1", "type": "kafka",
		"organization": organizationID, "file": "0000000000000001.crl",
		"email": "nobody@example.com", "token_prefix": "sgu_000000", "channel": "nothing", "acl": "default", "delivery": "0000000000000001",
	}[name]
}

// refusedOrFine holds a reply to hostile input to the rules.
func (c caller) refusedOrFine(what string, res *http.Response) {
	c.t.Helper()
	if res.StatusCode >= 500 {
		c.t.Errorf("%s: status %d", what, res.StatusCode)
	}
	if res.StatusCode < 400 {
		return
	}
	if e := envelope(c.t, res); strings.Contains(fmt.Sprint(e), marker) {
		c.t.Errorf("%s: the value is repeated: %+v", what, e)
	}
}

func TestHostilePaths(t *testing.T) { onBothStores(t, testHostilePaths) }

func testHostilePaths(t *testing.T, r *rig) {
	c := r.fill()
	for _, call := range r.calls() {
		method, path, _ := strings.Cut(call, " ")
		if !strings.Contains(path, "{") {
			continue
		}
		for _, value := range []string{
			marker, marker + "%2f..%2f..", "%2e%2e", "%00", marker + "%0a", "%ff%fe" + marker, "%27%20OR%201%3d1%20--" + marker,
			strings.Repeat(marker, 2000), "%F0%9F%94%91" + marker, "%E2%80%AE" + marker, "nobody", "-1", "99999999999999999999", "%25s%25n" + marker,
		} {
			for _, body := range []string{"", `{}`} {
				target := withPath(path, func(string) string { return value })
				c.refusedOrFine(method+" "+path+" with "+value[:min(30, len(value))], c.do(method, target, body))
				target = withPath(path, func(name string) string { // everything right but the last
					if strings.HasSuffix(path, "{"+name+"}") {
						return value
					}
					return existing(name)
				})
				c.refusedOrFine(method+" "+target[:min(60, len(target))], c.do(method, target, body))
			}
		}
	}
	if strings.Contains(r.log.String(), marker) {
		t.Error("the log holds a value from a path")
	}
}

func TestHostileBodies(t *testing.T) { onBothStores(t, testHostileBodies) }

func testHostileBodies(t *testing.T, r *rig) {
	c := r.fill()
	long := strings.Repeat(marker, 10_000)
	values := []string{
		`null`, `true`, `12345`, `1e400`, `-0`, `""`, `[]`, `{}`, `"` + marker + `"`, `["` + marker + `"]`, `{"` + marker + `":"` + marker + `"}`,
		`"` + marker + `\u0000"`, `"` + marker + `\ud800"`, `"` + marker + `\n\r\t\u001b[31m"`, `"` + long + `"`, "\"" + marker + "\xff\xfe\"",
		`[{"email":"` + marker + `"}]`, `[{"email":null}]`, `[null]`, `[[["` + marker + `"]]]`, strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000),
		`[{"id":1,"host":"` + marker + ` "}]`, `[{"id":-1,"host":"h"}]`, `[{"id":1,"host":"h","alt":["` + long + `"]}]`,
		`{"bootstrap_servers":"` + marker + `"}`, `{"bootstrap_servers":7}`, `{"kafka_authentication_methods":"` + marker + `"}`,
		`{"` + marker + `":` + strings.Repeat(`{"a":`, 5000) + `1` + strings.Repeat(`}`, 5000) + `}`,
	}
	bodies := []string{
		"", " ", marker, `"` + marker + `"`, `[` + marker, `{"` + marker + `"`, `{} {"` + marker + `":1}`, "\xef\xbb\xbf{}", "\x00", `[]`, `null`, `7`,
		strings.Repeat(`{"a":`, 100_000), strings.Repeat(" ", maxBody) + "{}",
	}
	for _, call := range r.calls() {
		method, path, _ := strings.Cut(call, " ")
		if method != "POST" && method != "PUT" && method != "PATCH" {
			continue
		}
		for _, body := range append(r.hostileIn(call, values), bodies...) {
			res := c.do(method, withPath(path, existing), body)
			c.refusedOrFine(fmt.Sprintf("%s %s with %.60q", method, path, body), res)
			if len(body) > maxBody && res.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%s %s: a body of %d bytes got %d", method, path, len(body), res.StatusCode)
			}
		}
	}
	if strings.Contains(r.log.String(), marker) {
		t.Error("the log holds a value from a body")
	}
}

// hostileIn are bodies of a call that would do but for one field, which holds each
// of the values in turn. The fields are those of the specification, so that a new
// one is tried too.
func (r *rig) hostileIn(call string, values []string) (bodies []string) {
	r.t.Helper()
	valid := map[string]json.RawMessage{}
	if text := validBody(call); text != "" {
		if err := json.Unmarshal([]byte(text), &valid); err != nil {
			r.t.Fatalf("%s: %v", call, err)
		}
	}
	for _, field := range r.fieldsOf(call) {
		for _, value := range values {
			body := `{"` + field + `":` + value
			for other, fine := range valid {
				if other != field {
					body += `,"` + other + `":` + string(fine)
				}
			}
			bodies = append(bodies, strings.ReplaceAll(body, "NEW", fmt.Sprintf("new-%d", len(bodies)))+"}")
		}
	}
	return bodies
}

// validBody is what a call would take.
func validBody(call string) string {
	switch call {
	case "POST /v1/userauth":
		return `{"email":"` + ownerEmail + `","password":"` + password + `"}`
	case "POST /v1/project":
		return `{"project":"NEW"}`
	case "POST /v1/access_token", "PUT " + atAccessToken:
		return `{"description":"nightly"}`
	}
	if p, ok := permitted[call]; ok {
		return p.body
	}
	return missing[call].body
}

// fieldsOf are the fields of a call's body.
func (r *rig) fieldsOf(call string) []string {
	method, path, _ := strings.Cut(call, " ")
	spec := r.server.api.OpenAPI()
	op := map[string]*huma.Operation{
		"POST": spec.Paths[path].Post, "PUT": spec.Paths[path].Put, "PATCH": spec.Paths[path].Patch,
	}[method]
	if op.RequestBody == nil {
		return nil
	}
	schema := op.RequestBody.Content["application/json"].Schema
	if schema.Ref != "" {
		schema = spec.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	return slices.Sorted(maps.Keys(schema.Properties))
}

// Headers are stored with a token: PostgreSQL takes valid text alone.
func TestHostileHeaders(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		for _, value := range []string{"\xff\xfe", "a\x00b", strings.Repeat("x", 100_000), "\u202e" + marker + "\x1b[31m"} {
			q := httptest.NewRequest("POST", "/v1/userauth", strings.NewReader(`{"email":"owner@example.com","password":"`+password+`"}`))
			for _, header := range []string{"User-Agent", "Authorization", "Content-Type", "Accept", "X-Request-Id", "X-Forwarded-For"} {
				q.Header.Set(header, value)
			}
			w := httptest.NewRecorder()
			r.server.ServeHTTP(w, q)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("headers of %.10q: %d %s", value, w.Code, w.Body)
			}
		}
		if strings.Contains(r.log.String(), marker) {
			t.Error("the log holds a header")
		}
	})
}

// misfits are values that a rule forbids, and the field that the refusal names.
var misfits = []struct{ method, target, body, field string }{
	{"POST", "/v1/project", `{"project":"no spaces"}`, "project"},
	{"POST", "/v1/project", `{"project":"ok","tech_emails":[{"email":"nobody"}]}`, "tech_emails"},
	{"POST", shop + "/service", `{"service_name":""}`, "service_name"},
	{"POST", shop + "/service", `{"service_name":"pg","service_type":"pg"}`, "service_type"},
	{"POST", shop + "/service", `{"service_name":"s","user_config":{"bootstrap_servers":"no-port"}}`, "user_config.bootstrap_servers"},
	{"POST", orders + "/user", `{"username":"nobody"}`, "username"},
	{"POST", "/v1/project", `{"project":"ok","tags":{"":"x"}}`, "tags"},
	{"PUT", shop, `{"project_name":"no spaces"}`, "project_name"},
	{"PUT", shop, `{"tech_emails":[{"email":"nobody"}]}`, "tech_emails"},
	{"PUT", shop, `{"tags":{"` + strings.Repeat("k", 65) + `":"x"}}`, "tags"},
	{"PUT", shop + "/tags", `{}`, "tags"},
	{"PUT", shop + "/tags", `{"tags":null}`, "tags"},
	{"PATCH", orders + "/tags", `{"tags":{"a":"` + strings.Repeat("v", 1025) + `"}}`, "tags"},
	{"PUT", orders + "/tags", `{"tags":{"segue_bootstrap_servers":"no-port"}}`, "tags.segue_bootstrap_servers"},
	{"POST", shop + "/service", `{"service_name":"s","tags":{"segue_bootstrap_servers":"no-port"}}`, "tags.segue_bootstrap_servers"},
	{"PUT", orders, `{"user_config":{"bootstrap_servers":"no-port"}}`, "user_config.bootstrap_servers"},
	{"PUT", orders, `{"user_config":{"kafka_authentication_methods":"tls"}}`, "user_config"},
	{"PUT", orders, `{"user_config":{"x":"` + strings.Repeat("v", 64<<10) + `"}}`, "user_config"},
	{"PUT", orders, `{"tech_emails":[{"email":"nobody"}]}`, "tech_emails"},
	{"PUT", orders, `{"plan":"` + strings.Repeat("p", 129) + `"}`, "plan"},
	{"POST", orders + "/user", `{"username":"` + strings.Repeat("a", 65) + `"}`, "username"},
	{"DELETE", orders + "/user/avnadmin", "", "username"},
	{"PUT", shop + "/policy", `{"validity":"10d"}`, "validity"},
	{"PUT", shop + "/policy", `{"spread":"five days"}`, "spread"},
	{"PUT", shop + "/policy", `{"reminders":[{"within":"7d","every":"1d"},{"within":"30d","every":"7d"}]}`, "reminders"},
	{"PUT", shop + "/policy", `{"reminders":[]}`, "reminders"},
	{"PUT", shop + "/policy", `{"after_lapse":{"every":"0s","times":3}}`, "after_lapse"},
	{"PUT", shop + "/policy", `{"digest_interval":"36h"}`, "digest_interval"},
	{"PUT", shop + "/policy", `{"time_zone":"Europe/Atlantis"}`, "time_zone"},
	{"PUT", orders + "/policy", `{"time_zone":"UTC"}`, "time_zone"},
	{"POST", orders + "/broker-kit", `{"brokers":[]}`, "brokers"},
	{"POST", "/v1/access_token", `{}`, "description"},
	{"POST", "/v1/access_token", `{"description":"` + strings.Repeat("x", 129) + `"}`, "description"},
	{"POST", "/v1/access_token", `{"description":"d","max_age_seconds":0}`, "max_age_seconds"},
	{"POST", "/v1/access_token", `{"description":"d","max_age_seconds":-1}`, "max_age_seconds"},
	{"POST", "/v1/access_token", `{"description":"d","max_age_seconds":315360001}`, "max_age_seconds"},
	{"PUT", "/v1/access_token/sgu_000000", `{"description":""}`, "description"},
	{"GET", "/v1/access_token?after=x", "", "after"},
	{"PUT", shop + "/contacts", `{"tech_emails":[{"email":"Ada <ada@example.com>"}]}`, "tech_emails"},
	{"PUT", orders + "/contacts", `{"tech_emails":[{"email":"nobody"}]}`, "tech_emails"},
	{"POST", shop + "/invite", `{"user_email":"nobody"}`, "user_email"},
	{"POST", shop + "/invite", `{"user_email":"ada@example.com","member_type":"owner"}`, "member_type"},
	{"PUT", shop + "/user/" + ownerEmail, `{"member_type":""}`, "member_type"},
	{"POST", writer + "/snooze", `{"reason":"holiday"}`, "until"},
	{"POST", writer + "/snooze", `{"until":"2040-01-01T00:00:00Z","reason":" "}`, "reason"},
	{"POST", writer + "/bundle", `{}`, "format"},
	{"POST", writer + "/bundle", `{"format":"PEM"}`, "format"},
	{"POST", writer + "/bundle", `{"format":"pem","password":"changeit"}`, "password"},
	{"POST", writer + "/bundle", `{"format":"jks","password":"short"}`, "password"},
	{"POST", writer + "/bundle", `{"format":"pkcs12","password":"пароль-длинный"}`, "password"},
	{"POST", writer + "/bundle", `{"format":"jks","password":" changeit"}`, "password"},
	{"POST", writer + "/bundle", `{"format":"jks","password":"change\nit"}`, "password"},
	{"POST", writer + "/bundle", `{"format":"pkcs12","directory":"/etc\nssl.key.password=x"}`, "directory"},
	{"POST", writer + "/bundle", `{"format":"pem","generation":-1}`, "generation"},
	{"POST", shop + "/channels", `{"name":"no spaces","kind":"webhook","url":"https://hooks.example.com"}`, "name"},
	{"POST", shop + "/channels", `{"name":"ops","kind":"pager","url":"https://hooks.example.com"}`, "kind"},
	{"POST", shop + "/channels", `{"name":"ops","kind":"webhook","url":"http://hooks.example.com"}`, "url"},
	{"POST", shop + "/channels", `{"name":"ops","kind":"webhook","url":"https://127.0.0.1/hook"}`, "url"},
	{"POST", shop + "/channels", `{"name":"ops","kind":"slack","url":"https://[::1]:8443/hook"}`, "url"},
	{"POST", shop + "/channels", `{"name":"ops","kind":"webhook","url":"https://169.254.169.254/latest"}`, "url"},
	{"GET", shop + "/deliveries?state=lost", "", "state"},
	{"GET", shop + "/deliveries?after=x", "", "after"},
}

func TestHostileOperations(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	for _, c2 := range []struct{ target, body, field string }{
		{writer, `{"operation":"set-access-control","access_control":{}}`, "operation"},
		{writer, `{"operation":""}`, "operation"},
		{writer, `{}`, "operation"},
		{writer, `{"operation":"Acknowledge-Renewal"}`, "operation"},
	} {
		if e := c.refused("PUT", c2.target, c2.body, http.StatusBadRequest); e.Errors[0].Field != c2.field {
			t.Errorf("PUT %s %s names %q", c2.target, c2.body, e.Errors[0].Field)
		}
	}
	for _, c3 := range misfits {
		if e := c.refused(c3.method, c3.target, c3.body, http.StatusBadRequest); e.Errors[0].Field != c3.field {
			t.Errorf("%s %s %s names %q, want %q", c3.method, c3.target, c3.body, e.Errors[0].Field, c3.field)
		}
	}
	for _, exists := range [][2]string{
		{"/v1/project", `{"project":"shop"}`}, {shop + "/service", `{"service_name":"orders"}`}, {orders + "/user", `{"username":"writer"}`},
	} {
		if e := c.refused("POST", exists[0], exists[1], http.StatusConflict); !strings.Contains(e.Message, "already exists") {
			t.Errorf("POST %s: %q must contain \"already exists\"", exists[0], e.Message)
		}
	}
}

// What is gone is 404 everywhere, in words that no client takes for something
// that is still being made.
func TestWordsOfNotFound(t *testing.T) { onBothStores(t, testWordsOfNotFound) }

func testWordsOfNotFound(t *testing.T, r *rig) {
	c := r.fill()
	bodies := map[string]string{
		"POST " + atProject + "/service":     `{"service_name":"s"}`,
		"POST " + atService + "/user":        `{"username":"u"}`,
		"PUT " + atUser:                      `{"operation":"acknowledge-renewal"}`,
		"PUT " + atProject:                   `{"tags":{}}`,
		"PUT " + atService:                   `{"user_config":{}}`,
		"PUT " + atProject + "/tags":         `{"tags":{}}`,
		"PATCH " + atProject + "/tags":       `{"tags":{}}`,
		"PUT " + atService + "/tags":         `{"tags":{}}`,
		"PATCH " + atService + "/tags":       `{"tags":{}}`,
		"PUT " + atProject + "/policy":       `{"spread":"1d"}`,
		"PUT " + atService + "/policy":       `{"spread":"1d"}`,
		"POST " + atService + "/broker-kit":  `{"brokers":[{"id":1,"host":"h"}]}`,
		"POST " + atService + "/acl":         `{"permission":"read","topic":"t","username":"u"}`,
		"POST " + atProject + "/channels":    `{"name":"n","kind":"webhook","url":"https://hooks.example.com/n"}`,
		"POST " + atProject + "/invite":      `{"user_email":"ada@example.com"}`,
		"PUT " + atProject + "/user/{email}": `{"member_type":"admin"}`,
		"PUT " + atProject + "/contacts":     `{"tech_emails":[]}`,
		"PUT " + atService + "/contacts":     `{"tech_emails":[]}`,
		"POST " + atUser + "/bundle":         `{"format":"pem"}`,
		"POST " + atUser + "/csr":            `{"csr":"x"}`,
		"POST " + atUser + "/snooze":         `{"until":"2040-01-01T00:00:00Z","reason":"r"}`,
	}
	for _, gone := range []string{"project", "service", "user"} {
		for _, call := range r.calls() {
			method, path, _ := strings.Cut(call, " ")
			if !strings.Contains(path, "{"+gone+"}") {
				continue
			}
			target := withPath(path, func(name string) string {
				if name == gone {
					return "gone"
				}
				return existing(name)
			})
			e := c.refused(method, target, bodies[call], http.StatusNotFound)
			for _, misread := range []string{"does not exist", "avnadmin", "Not a project member", "gone"} {
				if strings.Contains(e.Message, misread) {
					t.Errorf("%s %s: %q", method, target, e.Message)
				}
			}
		}
	}
}

// listen serves on loopback, with a short patience, until the test ends.
func listen(t *testing.T, r *rig) (address string) {
	t.Helper()
	server := NewServer(r.server)
	server.ReadTimeout = 300 * time.Millisecond
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-done
	})
	return listener.Addr().String()
}

// A real connection: bodies that break off, lie about their length, or never come.
func TestBrokenBodies(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	address := listen(t, r)
	send := func(head, body string) string {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		request := "POST " + orders + "/user HTTP/1.1\r\nHost: segue\r\nAuthorization: Bearer " + c.token + "\r\nConnection: close\r\n" + head + "\r\n\r\n" + body
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		var answer bytes.Buffer
		_, _ = answer.ReadFrom(conn) // may end with a reset: the server does not wait for the rest
		line, _, _ := strings.Cut(answer.String(), "\r\n")
		if !strings.Contains(answer.String(), `{"message":`) {
			t.Errorf("%s: no envelope in %q", head, answer.String())
		}
		return line
	}
	for _, b := range []struct{ head, body, want string }{
		{"Transfer-Encoding: chunked", "zz\r\n", "400"},
		{"Transfer-Encoding: chunked", "5\r\n{\"a\"\r\n", "408"},
		{"Content-Length: 100", `{"username":"x"}`, "408"},
		{"Content-Length: 1048577", `{`, "413"},
		{"Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", maxBody+1, strings.Repeat(" ", maxBody+1)), "413"},
	} {
		if line := send(b.head, b.body); !strings.Contains(line, " "+b.want+" ") {
			t.Errorf("%s %.20q: %q, want %s", b.head, b.body, line, b.want)
		}
	}
	exactly := `{"username":"big"` + strings.Repeat(" ", maxBody-len(`{"username":"big"}`)) + `}`
	var made api.UserReply
	c.ok("POST", orders+"/user", exactly, &made)
	if made.User.Username != "big" {
		t.Errorf("a body of exactly 1 MiB made %q", made.User.Username)
	}
}
