package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/testenv"
)

// scale takes a reply as a client does that is in no hurry, and weighs what the
// server holds while it is under way.
type scale struct {
	header http.Header
	status int
	bytes  int
	next   int
	heap   uint64 // most that was live at once
	text   func([]byte)
}

func (s *scale) Header() http.Header  { return s.header }
func (s *scale) WriteHeader(code int) { s.status = code }

const weighEvery = 512 << 10

func (s *scale) Write(p []byte) (int, error) {
	s.bytes += len(p)
	if s.text != nil {
		s.text(p)
	}
	if s.bytes >= s.next {
		s.next += weighEvery
		s.heap = max(s.heap, liveHeap())
	}
	return len(p), nil
}

// liveHeap is what is in use after a collection, in bytes.
func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (c caller) weigh(target string, text func([]byte)) (bytes int, grown uint64) {
	c.t.Helper()
	q := httptest.NewRequest("GET", target, nil)
	q.RemoteAddr = c.address + ":40000"
	q.Header.Set("Authorization", "Bearer "+c.token)
	w := &scale{header: http.Header{}, text: text}
	before := liveHeap()
	c.server.ServeHTTP(w, q)
	if w.status >= 400 {
		c.t.Fatalf("GET %s: %d", target, w.status)
	}
	return w.bytes, max(w.heap, before) - before
}

// A service of many users is read in memory that does not grow with them, and
// every one of them arrives once, avnadmin first.
func TestServiceOfManyUsers(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		const users = 12_000
		c := r.fill()
		testenv.AddUsers(t, r.server.App, "shop", "orders", users, r.now)
		before := len(r.sights())
		for target, fewest := range map[string]int{orders: 15 << 20, shop + "/service": 1 << 20} {
			in, out := io.Pipe()
			got := make(chan []api.User, 1)
			go func() { got <- usersIn(t, in) }()
			size, grown := c.weigh(target, func(p []byte) { _, _ = out.Write(p) })
			_ = out.Close()
			t.Logf("GET %s: a reply of %d bytes held %d", target, size, grown)
			if size < fewest || grown > 6<<20 {
				t.Errorf("GET %s: a reply of %d bytes (want at least %d) held %d bytes", target, size, fewest, grown)
			}
			everybodyOnce(t, <-got, users+2)
		}
		if sights := r.sights()[before:]; len(sights) != 1 || !strings.Contains(sights[0], `"keys":12002`) {
			t.Errorf("the sight of the keys is audited as %v", sights)
		}
	})
}

// usersIn reads the users of a reply one by one, and all of the reply.
func usersIn(t *testing.T, in io.Reader) (users []api.User) {
	decoder := json.NewDecoder(in)
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return users
		}
		if err != nil {
			t.Errorf("the reply is broken: %v", err)
			_, _ = io.Copy(io.Discard, in)
			return users
		}
		if token != "users" {
			continue
		}
		if _, err := decoder.Token(); err != nil {
			t.Error(err)
		}
		for decoder.More() {
			var u api.User
			if err := decoder.Decode(&u); err != nil {
				t.Error(err)
				return users
			}
			users = append(users, api.User{Username: u.Username})
		}
	}
}

func everybodyOnce(t *testing.T, users []api.User, want int) {
	t.Helper()
	seen := map[string]bool{}
	for _, u := range users {
		if seen[u.Username] {
			t.Fatalf("%s is there twice", u.Username)
		}
		seen[u.Username] = true
	}
	if len(users) != want || users[0].Username != "avnadmin" {
		t.Errorf("%d users, want %d, avnadmin first", len(users), want)
	}
}

// sights are the details of the audit entries about keys that were read.
func (r *rig) sights() (details []string) {
	for _, e := range r.audit("shop") {
		if strings.HasPrefix(e.Action, "keys.read") {
			details = append(details, e.Detail)
		}
	}
	return details
}

// Where the client hangs up, the audit log says how many keys it was sent.
func TestClientHangsUp(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		const users = 12_000
		c := r.fill()
		testenv.AddUsers(t, r.server.App, "shop", "orders", users, r.now)
		before := len(r.sights())
		address := listen(t, r)
		ctx, hangUp := context.WithCancel(t.Context())
		defer hangUp()
		q, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+orders, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+c.token)
		res, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
		hangUp()
		_ = res.Body.Close()
		for range 100 {
			if len(r.sights())-before == 2 {
				break
			}
			time.Sleep(50 * time.Millisecond) // the server takes a moment to notice
		}
		sights := r.sights()[before:]
		if len(sights) != 2 || !strings.Contains(sights[0], `"keys":12002`) {
			t.Fatalf("the sight is audited as %v", sights)
		}
		var corrected struct{ Keys, Announced int }
		if err := json.Unmarshal([]byte(sights[1]), &corrected); err != nil {
			t.Fatal(err)
		}
		if corrected.Announced != users+2 || corrected.Keys < 500 || corrected.Keys >= users {
			t.Errorf("the sight is corrected as %s", sights[1])
		}
	})
}

// A reply that cannot be finished is cut off: a client must not take half of the
// users for all of them. A role that is taken away bites while the reply is under way.
func TestReplyIsCutOff(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	testenv.AddUsers(t, r.server.App, "shop", "orders", 3000, r.now)
	r.member("reader@example.com", app.RoleReadOnly)
	reader := r.signIn("reader@example.com")
	var sent strings.Builder
	cut := func() (cut any) {
		defer func() { cut = recover() }()
		reader.weigh(orders, func(p []byte) {
			if sent.Len() == 0 {
				c.ok("DELETE", shop+"/user/reader@example.com", "", nil)
			}
			sent.Write(p)
		})
		return nil
	}()
	if cut != http.ErrAbortHandler {
		t.Errorf("the reply ended with %v, want the connection cut", cut)
	}
	if text := sent.String(); !strings.HasPrefix(text, `{"service":{`) || json.Valid([]byte(text)) {
		t.Errorf("%d bytes were sent, a whole reply among them", len(text))
	}
}
