package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/notify"
)

// edge is a server without use cases: for what never reaches one.
func edge(t *testing.T, log io.Writer) *server {
	t.Helper()
	return newServer(Config{
		App: app.New(app.Config{Mailer: notify.NewOutbox()}), Now: func() time.Time { return t0 }, Version: "v0",
		Log:   slog.New(slog.NewJSONHandler(log, nil)),
		Ready: func(context.Context) error { return nil },
	})
}

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// envelope reads a failure and holds it to the contract.
func envelope(t *testing.T, res *http.Response) api.ErrorReply {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e api.ErrorReply
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		t.Fatalf("status %d: the body is not the envelope: %v: %.200s", res.StatusCode, err, body)
	}
	switch {
	case res.Header.Get("Content-Type") != "application/json":
		t.Errorf("Content-Type is %q", res.Header.Get("Content-Type"))
	case e.Message == "" || len(e.Errors) != 1 || e.Errors[0].Message != e.Message:
		t.Errorf("the envelope is %s", body)
	case e.Errors[0].Status != res.StatusCode:
		t.Errorf("the envelope says %d, the status line %d", e.Errors[0].Status, res.StatusCode)
	case e.Errors[0].ErrorCode == "":
		t.Errorf("the envelope has no error_code: %s", body)
	}
	return e
}

func TestPathsWithoutACall(t *testing.T) {
	var log bytes.Buffer
	h := edge(t, &log)
	for _, c := range []struct {
		method, target string
		status         int
		allow          string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/v1", 404, ""},
		{"GET", "/v1/secret-in-a-path", 404, ""},
		{"GET", "/v1/project/", 404, ""},
		{"GET", "/v1//project", 404, ""},
		{"GET", "/v1/project/../project", 404, ""},
		{"GET", "/v1/project/%00", 404, ""},
		{"GET", "/v1/project/%ff", 404, ""},
		{"GET", "/v1/project/a%0ab", 404, ""},
		{"GET", "/openapi.yaml", 404, ""},
		{"GET", "/docs", 404, ""},
		{"DELETE", "/v1/me", 405, "GET, HEAD"},
		{"PATCH", "/v1/project", 405, "GET, HEAD, POST"},
		{"OPTIONS", "/v1/project", 405, "GET, HEAD, POST"},
		{"BREW", "/v1/project/p/service/s/user/u", 405, "DELETE, GET, HEAD, PUT"},
		{"POST", "/livez", 405, "GET, HEAD"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, c.target, nil))
		res := w.Result()
		envelope(t, res)
		if res.StatusCode != c.status || res.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", c.method, c.target, res.StatusCode, res.Header.Get("Allow"), c.status, c.allow)
		}
	}
	for _, leak := range []string{"secret-in-a-path", "BREW"} {
		if strings.Contains(log.String(), leak) {
			t.Errorf("the log holds %q: %s", leak, log.String())
		}
	}
}

// A base URL that ends in a slash doubles the first one.
func TestDoubledFirstSlash(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/livez", nil)
	r.URL.Path = "//livez"
	edge(t, io.Discard).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

func TestHealth(t *testing.T) {
	ready := error(nil)
	s := newServer(Config{App: app.New(app.Config{Mailer: notify.NewOutbox()}), Now: time.Now, Version: "v1.2.3", Log: slog.New(slog.DiscardHandler),
		Ready: func(context.Context) error { return ready }})
	get := func(path string) *http.Response {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Result()
	}
	for path, want := range map[string]string{
		"/livez": `{"status":"ok","version":"v1.2.3"}`, "/readyz": `{"status":"ok","version":"v1.2.3","mail":"outbox"}`,
	} {
		res := get(path)
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != 200 || strings.TrimSpace(string(body)) != want {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	ready = errors.New("password of the database is wrong")
	res := get("/readyz")
	if e := envelope(t, res); res.StatusCode != 503 || strings.Contains(e.Message, "database") {
		t.Errorf("/readyz while not ready: %d %q", res.StatusCode, e.Message)
	}
	if res.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if res := get("/livez"); res.StatusCode != 200 {
		t.Errorf("/livez while not ready: %d", res.StatusCode)
	}
}

func TestHeadersOfEveryReply(t *testing.T) {
	s := edge(t, io.Discard)
	ids := map[string]bool{}
	for _, path := range []string{"/livez", "/nowhere"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "application/json",
			"Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", path, header, got, want)
			}
		}
		ids[w.Header().Get("X-Request-Id")] = true
	}
	if len(ids) != 2 || ids[""] {
		t.Errorf("request ids are %v", ids)
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	var log bytes.Buffer
	s := edge(t, &log)
	public(s, "GET", "/before", "before", "", func(context.Context, *request, *struct{}) (api.HealthReply, error) {
		panic("the key is swordfish")
	})
	s.mux.HandleFunc("GET /during", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"half":`))
		panic("late")
	})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/before", nil))
	e := envelope(t, w.Result())
	if w.Code != 500 || strings.Contains(e.Message, "swordfish") || !strings.Contains(e.Message, w.Header().Get("X-Request-Id")) {
		t.Errorf("%d %q", w.Code, e.Message)
	}
	if !strings.Contains(log.String(), "the key is swordfish") || !strings.Contains(log.String(), `"status":500`) {
		t.Errorf("the log is %s", log.String())
	}
	func() {
		defer func() {
			if what := recover(); what != http.ErrAbortHandler {
				t.Errorf("half a reply ended with %v", what)
			}
		}()
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/during", nil))
	}()
}

func TestFailuresOfUseCases(t *testing.T) {
	var log bytes.Buffer
	s := edge(t, &log)
	result := error(nil)
	public(s, "GET", "/fails", "fails", "", func(context.Context, *request, *struct{}) (api.HealthReply, error) {
		return api.HealthReply{}, result
	})
	for code, status := range map[app.Code]int{
		app.CodeInvalid: 400, app.CodeUnauthenticated: 401, app.CodeForbidden: 403, app.CodeNotFound: 404,
		app.CodeConflict: 409, app.CodeTooMany: 429, app.CodeUnavailable: 503, "new-and-unknown": 500,
	} {
		result = errors.Join(errors.New("context of the failure"), &app.Error{Code: code, Field: "f", Message: "m"})
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/fails", nil))
		e := envelope(t, w.Result())
		if w.Code != status {
			t.Errorf("%s: status %d, want %d", code, w.Code, status)
		}
		if status != 500 && (e.Message != "m" || e.Errors[0].Field != "f" || e.Errors[0].ErrorCode != string(code)) {
			t.Errorf("%s: %+v", code, e)
		}
		if retry := w.Header().Get("Retry-After") != ""; retry != (status == 429 || status == 503) {
			t.Errorf("%s: Retry-After there: %v", code, retry)
		}
		if challenge := w.Header().Get("WWW-Authenticate") != ""; challenge != (status == 401) {
			t.Errorf("%s: WWW-Authenticate there: %v", code, challenge)
		}
	}
	result = errors.New("disk full at /var/lib/segue")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/fails", nil))
	if e := envelope(t, w.Result()); w.Code != 500 || strings.Contains(e.Message, "disk") {
		t.Errorf("%d %q", w.Code, e.Message)
	}
	if !strings.Contains(log.String(), "disk full") {
		t.Error("the log does not say what went wrong")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w = httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/fails", nil).WithContext(ctx))
	if envelope(t, w.Result()); w.Code != 503 {
		t.Errorf("a request that ran out of time got %d", w.Code)
	}
}

// What huma itself says when it fails must not hold the value.
func TestHumasOwnFailures(t *testing.T) {
	err := huma.NewError(http.StatusUnprocessableEntity, "validation failed",
		&huma.ErrorDetail{Location: "query.limit", Message: "invalid integer", Value: "hunter2"})
	sent, marshalErr := json.Marshal(err)
	want := `{"message":"limit: invalid integer","errors":[{"message":"limit: invalid integer","status":400,"error_code":"invalid","field":"limit"}]}`
	if marshalErr != nil || string(sent) != want || err.GetStatus() != 400 {
		t.Errorf("%d %s, %v; want %s", err.GetStatus(), sent, marshalErr, want)
	}
	err = huma.NewError(http.StatusInternalServerError, "unexpected", errors.New("hunter2"))
	if sent, _ := json.Marshal(err); strings.Contains(string(sent), "hunter2") {
		t.Errorf("an unknown detail is passed on: %s", sent)
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // part of the error; empty for none
	}{
		{`{"username":"u","unknown":{"a":[1]}}`, ""},
		{`{"username":null}`, ""},
		{`{"username":"a","username":"b"}`, ""},
		{`{"username":"\\u0000"}`, ""},
		{`null`, ""},
		{`{"username":"\u0000"}`, "U+0000"},
		{`{"username":"\\\u0000"}`, "U+0000"},
		{"{\"username\":\"\x00\"}", "not valid JSON"},
		{`{"username":12345}`, "username: a string is expected here"},
		{`{"USERNAME":12345}`, "username: a string is expected here"},
		{`{"username":{"hunter2":1}}`, "username: a string is expected here"},
		{`[12345]`, "the body: an object is expected here"},
		{`"hunter2"`, "the body: an object is expected here"},
		{`hunter2`, "not valid JSON"},
		{`{"username":"hunter2"`, "not valid JSON"},
		{`{} {}`, "nothing after it"},
		{`{} hunter2`, "nothing after it"},
		{"\ufeff{}", "not valid JSON"},
		{` `, "not valid JSON"},
		{strings.Repeat(`{"x":`, 20_000), "not valid JSON"},
		{strings.Repeat(`[`, 500_000), "not valid JSON"},
	} {
		var into api.UserCreate
		err := decode([]byte(c.text), &into)
		if c.want == "" {
			if err != nil {
				t.Errorf("decode(%.40q) = %v", c.text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("decode(%.40q) = %v, want %q", c.text, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "12345")) {
			t.Errorf("decode(%.40q) repeats the value: %v", c.text, err)
		}
	}
}

func TestDecodeNamesTheField(t *testing.T) {
	for text, want := range map[string]string{
		`{"generation":"x"}`:                    "generation: a whole number is expected here",
		`{"generation":1.5}`:                    "generation: a whole number is expected here",
		`{"generation":1e30}`:                   "generation: a whole number is expected here",
		`{"generation":9999999999999999999999}`: "generation: a whole number is expected here",
	} {
		if err := decode([]byte(text), &api.UserModify{}); err == nil || err.Error() != want {
			t.Errorf("decode(%s) = %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		`{"validity":7}`:     "validity: a string is expected here",
		`{"spread":["5d"]}`:  "spread: a string is expected here",
		`{"confirm":"true"}`: "confirm: true or false is expected here",
	} {
		if err := decode([]byte(text), &api.PolicyUpdate{}); err == nil || err.Error() != want {
			t.Errorf("decode(%s) = %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		`{"tech_emails":["a@example.com"]}`:   "tech_emails: an object is expected here",
		`{"tech_emails":{"email":"a"}}`:       "tech_emails: a list is expected here",
		`{"tech_emails":[{"email":7}]}`:       "tech_emails.email: a string is expected here",
		`{"user_config":"x"}`:                 "user_config: an object is expected here",
		`{"termination_protection":"please"}`: "termination_protection: true or false is expected here",
	} {
		if err := decode([]byte(text), &api.ServiceCreate{}); err == nil || err.Error() != want {
			t.Errorf("decode(%s) = %v, want %q", text, err, want)
		}
	}
}

func TestDecodeSaysHowTimesAreWritten(t *testing.T) {
	for _, until := range []string{`"hunter2"`, `12345`, `{}`, `"2026-12-24"`, `"2026-13-01T00:00:00Z"`} {
		err := decode([]byte(`{"until":`+until+`}`), &api.Snooze{})
		if err == nil || !strings.Contains(err.Error(), "RFC 3339") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("until %s: %v", until, err)
		}
	}
	if err := decode([]byte(`{"until":"2026-12-24T09:00:00+02:00"}`), &api.Snooze{}); err != nil {
		t.Error(err)
	}
}

func TestNumbersOfUserConfigAreKept(t *testing.T) {
	var in api.ServiceCreate
	if err := decode([]byte(`{"user_config":{"kafka":{"log_retention_bytes":9223372036854775807}}}`), &in); err != nil {
		t.Fatal(err)
	}
	stored, err := json.Marshal(in.UserConfig)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := json.Marshal(userConfig(stored))
	if want := `{"kafka":{"log_retention_bytes":9223372036854775807}}`; err != nil || string(sent) != want {
		t.Errorf("%s, %v; want %s", sent, err, want)
	}
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"aivenv1 sgu_x": "sgu_x", "Bearer sgu_x": "sgu_x", "bearer  sgu_x ": "sgu_x", "AIVENV1 sgu_x": "sgu_x",
		"": "", "sgu_x": "", "Basic sgu_x": "", "Bearer": "", "Bearersgu_x": "",
	} {
		if got := bearer(header); got != want {
			t.Errorf("bearer(%q) = %q, want %q", header, got, want)
		}
	}
}
