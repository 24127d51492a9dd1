package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/segue-project/segue/api"
)

// conversations holds what Terraform's provider sent in each step of its life.
const conversations = "testdata/terraform"

// exchange is one request of a client and what of the answer it can rely on.
type exchange struct {
	Method string          `json:"method"`
	Target string          `json:"target"`
	Body   json.RawMessage `json:"body,omitempty"`
	Status int             `json:"status"`
	// Keys are the paths of the answer's values with their JSON types.
	Keys []string `json:"keys,omitempty"`
}

// recorder is a proxy that keeps the conversation.
type recorder struct {
	url string

	mu    sync.Mutex
	kept  []exchange
	agent string
}

func startRecorder(t *testing.T, target string) *recorder {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		proxy.ServeHTTP(answer, req)
		r.keep(exchange{
			Method: req.Method, Target: req.URL.RequestURI(), Body: body, Status: answer.Code, Keys: keys(answer.Body.Bytes()),
		}, req.UserAgent())
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// aclID is the id of a row of an access list in a target. Which row it is stands in
// no conversation: there, and where it is replayed, it is the newest.
var aclID = regexp.MustCompile(`/acl/acl[0-9a-f]+`)

const newestACL = "/acl/{newest}"

// keep leaves out a request that was asked and answered alike before, with no
// change in between: a client that waits asks often.
func (r *recorder) keep(e exchange, agent string) {
	e.Target = aclID.ReplaceAllString(e.Target, newestACL)
	r.mu.Lock()
	defer r.mu.Unlock()
	if strings.Contains(agent, "terraform-provider-aiven") {
		r.agent = agent
	}
	for i := len(r.kept) - 1; i >= 0 && e.Method == http.MethodGet && r.kept[i].Method == http.MethodGet; i-- {
		if r.kept[i].Target == e.Target && r.kept[i].Status == e.Status && slices.Equal(r.kept[i].Keys, e.Keys) {
			return
		}
	}
	r.kept = append(r.kept, e)
}

// take returns the conversation since the last take, a line for each exchange, and
// how the client names itself.
func (r *recorder) take(t *testing.T) (conversation []byte, agent string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, e := range r.kept {
		if err := encoder.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	r.kept = nil
	return text.Bytes(), r.agent
}

// keys are the paths of the values in a JSON text, each with its type; elements of
// a list are alike. A text that is no JSON has none.
func keys(text []byte) []string {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return nil
	}
	found := map[string]bool{}
	addKeys(found, "", value)
	var list []string
	for key := range found {
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}

func addKeys(found map[string]bool, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		found[path+":object"] = true
		for key, below := range v {
			addKeys(found, path+"/"+key, below)
		}
	case []any:
		found[path+":list"] = true
		for _, below := range v {
			addKeys(found, path+"/-", below)
		}
	case nil:
		found[path+":null"] = true
	default:
		found[fmt.Sprintf("%s:%T", path, v)] = true
	}
}

// TestTerraformReplay sends what Aiven's provider sent in its whole life, as far as
// it changes nothing by itself, and holds each answer to the status, keys and
// types that the provider got, and went on with.
func TestTerraformReplay(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	token, err := s.api.CreateAccessToken(t.Context(), api.AccessTokenCreate{Description: "replay"})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range terraformLife {
		if step.before != nil {
			step.before(t, s)
		}
		for _, e := range readConversation(t, step.name) {
			if before, after, found := strings.Cut(e.Target, newestACL); found {
				e.Target = before + "/acl/" + s.newestACL(t, "shop", "orders") + after
			}
			e.replay(t, s.url, token.FullToken)
		}
	}
	s.doctor(t)
}

func (s *segue) newestACL(t *testing.T, project, service string) string {
	t.Helper()
	list, err := s.api.ACLs(t.Context(), project, service)
	if err != nil || len(list.ACL) == 0 {
		t.Fatalf("the access list is %+v, %v", list, err)
	}
	return list.ACL[len(list.ACL)-1].ID
}

func readConversation(t *testing.T, step string) []exchange {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(conversations, step+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []exchange
	for decoder := json.NewDecoder(bytes.NewReader(text)); decoder.More(); {
		var e exchange
		if err := decoder.Decode(&e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		t.Fatalf("the step %s says nothing", step)
	}
	return all
}

func (e exchange) replay(t *testing.T, server, token string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), e.Method, server+e.Target, bytes.NewReader(e.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "aivenv1 "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != e.Status {
		t.Fatalf("%s %s: %d, the provider got %d\n%s", e.Method, e.Target, res.StatusCode, e.Status, text)
	}
	now := keys(text)
	for _, key := range e.Keys {
		if !slices.Contains(now, key) {
			t.Errorf("%s %s: the answer has no %s any more", e.Method, e.Target, key)
		}
	}
}
