package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/auth"
	"github.com/segue-project/segue/internal/kafka"
	"github.com/segue-project/segue/internal/keys"
	"github.com/segue-project/segue/internal/notify"
	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/testenv"
)

// rig is the whole of Segue behind its API, on a store of its own.
type rig struct {
	t         *testing.T
	server    *server
	store     *store.Store
	now       time.Time
	log       *lockedBuffer
	passwords *countedPasswords
	addresses int
}

// lockedBuffer takes the log of several requests at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// countedPasswords counts what is hashed to verify.
type countedPasswords struct {
	app.Passwords
	verified int
}

func (c *countedPasswords) Verify(ctx context.Context, hash, password string) (bool, error) {
	c.verified++
	return c.Passwords.Verify(ctx, hash, password)
}

const (
	ownerEmail = "owner@example.com"
	// password of every account here.
	password = "correct horse battery"
)

// passwordHash is of password; hashing it once is enough.
var passwordHash = sync.OnceValue(func() string {
	hash, err := auth.NewPasswords().Hash(context.Background(), password)
	if err != nil {
		panic(err)
	}
	return hash
})

func newRig(t *testing.T) *rig {
	t.Helper()
	r := newRigOn(t, store.Options{Dir: t.TempDir(), Version: "v0"})
	r.account(ownerEmail, true)
	return r
}

// onBothStores runs the test on SQLite and on PostgreSQL, which take different values.
func onBothStores(t *testing.T, test func(t *testing.T, r *rig)) {
	onBothEmpty(t, func(t *testing.T, r *rig) {
		r.account(ownerEmail, true)
		test(t, r)
	})
}

// onBothEmpty does the same where nobody has an account yet.
func onBothEmpty(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newRigOn(t, store.Options{Dir: t.TempDir(), Version: "v0"})) })
	t.Run("postgres", func(t *testing.T) {
		test(t, newRigOn(t, store.Options{DatabaseURL: testenv.Postgres(t), Version: "v0"}))
	})
}

func newRigOn(t *testing.T, o store.Options) *rig {
	t.Helper()
	st, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	keyFile, err := keys.OpenKeyFile(filepath.Join(t.TempDir(), "key"), true)
	if err != nil {
		t.Fatal(err)
	}
	custody, err := keys.Open(t.Context(), st, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, store: st, now: t0, log: &lockedBuffer{}, passwords: &countedPasswords{Passwords: auth.NewPasswords()}}
	log := slog.New(slog.NewJSONHandler(r.log, nil))
	r.server = newServer(Config{
		App: app.New(app.Config{
			Store: st, Inspector: st, Resealer: st, Custody: custody, Passwords: r.passwords, Tokens: auth.Tokens{},
			Limits: auth.NewLimits(), Kit: kafka.Kit{}, Clusters: kafka.Clusters{}, PublicURL: "https://segue.example.com", Log: log,
			Renderer: notify.NewRenderer(), Mailer: notify.NewOutbox(), NewWebhookSecret: notify.NewWebhookSecret,
			Posters: map[app.ChannelKind]app.Poster{
				app.ChannelWebhook: notify.NewWebhook(notify.NewOutgoing(false), func() time.Time { return t0 }),
				app.ChannelSlack:   notify.NewSlack(notify.NewOutgoing(false)),
			},
		}),
		Now: func() time.Time { return r.now }, Log: log, Version: "v0",
	})
	return r
}

// account adds somebody who can sign in.
func (r *rig) account(email string, administrator bool) app.Account {
	r.t.Helper()
	r.addresses++
	a := app.Account{
		ID: int64(r.addresses), Email: email, RealName: "Somebody", PasswordHash: passwordHash(),
		Administrator: administrator, CreatedAt: t0,
	}
	r.write(func(tx app.Tx) error { return tx.InsertAccount(r.t.Context(), a) })
	return a
}

func (r *rig) write(fn func(app.Tx) error) {
	r.t.Helper()
	if err := r.store.Write(r.t.Context(), fn); err != nil {
		r.t.Fatal(err)
	}
}

// caller is somebody signed in, at an address of their own.
type caller struct {
	*rig
	token   string
	address string
}

// signIn signs in from a new address, so that limits do not get in the way.
func (r *rig) signIn(email string) caller {
	r.t.Helper()
	r.addresses++
	c := caller{rig: r, address: fmt.Sprintf("10.1.%d.%d", r.addresses/256, r.addresses%256)}
	body, err := json.Marshal(api.UserAuthRequest{Email: email, Password: password})
	if err != nil {
		r.t.Fatal(err)
	}
	var reply api.UserAuthReply
	c.ok("POST", "/v1/userauth", string(body), &reply)
	c.token = reply.Token
	return c
}

func (r *rig) admin() caller { return r.signIn(ownerEmail) }

// nobody has no token.
func (r *rig) nobody() caller { return caller{rig: r, address: "10.0.0.1"} }

// do sends a request as existing clients do: without a Content-Type of use.
func (c caller) do(method, target, body string) *http.Response {
	c.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, reader)
	r.RemoteAddr = c.address + ":40000"
	r.Header.Set("Content-Type", "application/octet-stream")
	if c.token != "" {
		r.Header.Set("Authorization", "aivenv1 "+c.token)
	}
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	return w.Result()
}

// recorded is a call that succeeds, whose reply is what the specification says and
// what was recorded under the name.
func (c caller) recorded(name, method, target, body string) {
	c.t.Helper()
	res := c.do(method, target, body)
	conforms(c.t, method, target, res)
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		c.t.Fatalf("%s %s: %d %s", method, target, res.StatusCode, text)
	}
	compare(c.t, name, text)
}

// ok is a call that succeeds; into may be nil.
func (c caller) ok(method, target, body string, into any) []byte {
	c.t.Helper()
	res := c.do(method, target, body)
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
		c.t.Fatalf("%s %s: %d %s", method, target, res.StatusCode, text)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			c.t.Fatalf("%s %s: %v", method, target, err)
		}
	}
	return text
}

// refused is a call that fails with the status, in the envelope.
func (c caller) refused(method, target, body string, status int) api.ErrorReply {
	c.t.Helper()
	res := c.do(method, target, body)
	e := envelope(c.t, res)
	if res.StatusCode != status {
		c.t.Fatalf("%s %s: %d %q, want %d", method, target, res.StatusCode, e.Message, status)
	}
	return e
}

const (
	shop   = "/v1/project/shop"
	orders = shop + "/service/orders"
	writer = orders + "/user/writer"
)

// fill makes project shop, service orders and user writer.
func (r *rig) fill() caller {
	r.t.Helper()
	c := r.admin()
	c.ok("POST", "/v1/project", `{"project":"shop","tech_emails":[{"email":"kafka@example.com"}]}`, nil)
	c.ok("POST", shop+"/service", `{"service_name":"orders","service_type":"kafka","plan":"business-4","cloud":"own-dc1",
		"user_config":{"bootstrap_servers":"kafka-1.example.com:9093,kafka-2.example.com:9093"}}`, nil)
	c.ok("POST", orders+"/user", `{"username":"writer"}`, nil)
	return c
}

// invite asks somebody into project shop and returns the token of the link.
func (c caller) invite(email, role string) string {
	c.t.Helper()
	var reply api.InviteReply
	c.ok("POST", shop+"/invite", `{"user_email":"`+email+`","member_type":"`+role+`"}`, &reply)
	_, token, found := strings.Cut(reply.Link, "/invitation/")
	if !found {
		c.t.Fatalf("the invitation of %s has the link %q", email, reply.Link)
	}
	return token
}

// deliver does what the jobs do: digests are recorded, and what is due leaves.
func (r *rig) deliver() {
	r.t.Helper()
	a := r.server.App
	if err := a.RecordDigests(r.t.Context(), r.now); err != nil {
		r.t.Fatal(err)
	}
	due, err := a.DueMessages(r.t.Context(), r.now, 100)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, id := range due {
		if err := a.DeliverMessage(r.t.Context(), id, r.now); err != nil {
			r.t.Fatal(err)
		}
	}
}

// newestDelivery is the message of project shop that was made last.
func (c caller) newestDelivery() api.Delivery {
	c.t.Helper()
	var page api.DeliveriesReply
	c.ok("GET", shop+"/deliveries?limit=1", "", &page)
	if len(page.Deliveries) != 1 {
		c.t.Fatal("no message")
	}
	return page.Deliveries[0]
}

func (c caller) user(target string) api.User {
	c.t.Helper()
	var reply api.UserReply
	c.ok("GET", target, "", &reply)
	return reply.User
}

func (c caller) service(target string) api.Service {
	c.t.Helper()
	var reply api.ServiceReply
	c.ok("GET", target, "", &reply)
	return reply.Service
}

// audit returns the actions in a log, oldest first; project "" is the instance's own.
func (r *rig) audit(project string) []app.AuditEntry {
	r.t.Helper()
	var entries []app.AuditEntry
	err := r.store.Read(r.t.Context(), func(rd app.Reader) error {
		var id int64
		if project != "" {
			p, err := rd.ProjectByName(r.t.Context(), project)
			if err != nil {
				return err
			}
			id = p.ID
		}
		var err error
		entries, err = rd.AuditEntries(r.t.Context(), id, 0, 10_000)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return entries
}

// clean demands that every invariant of the store holds now.
func (r *rig) clean() {
	r.t.Helper()
	err := r.server.App.CheckStore(r.t.Context(), r.now, func(v app.Violation) {
		if v.Invariant != 0 {
			r.t.Errorf("invariant %d: %s: %s", v.Invariant, v.Subject, v.Message)
		}
	})
	if err != nil {
		r.t.Fatal(err)
	}
}
