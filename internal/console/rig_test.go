package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/auth"
	"github.com/segue-project/segue/internal/kafka"
	"github.com/segue-project/segue/internal/keys"
	"github.com/segue-project/segue/internal/notify"
	"github.com/segue-project/segue/internal/store"
)

// rig is the whole of Segue behind its console, on a store of its own that holds
// the demo: project demo, services kafka-orders and kafka-clickstream, twelve
// users at every stage, and one member of each role.
type rig struct {
	t       testing.TB
	server  *server
	handler http.Handler
	app     *app.App
	store   *store.Store
	now     time.Time
	log     *lockedBuffer
	clients int
}

// t0 is when a rig's time begins; it moves only where a test moves rig.now.
var t0 = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// The accounts of a rig, all with the same password. The first is the instance's
// administrator, the others are members of project demo.
const (
	adminEmail     = "ada@example.com"
	operatorEmail  = "olga@example.com"
	developerEmail = "dana@example.com"
	readerEmail    = "rita@example.com"

	password = "correct horse battery"
)

// The pages that most tests start from.
const (
	demo   = "/projects/" + app.DemoProject
	orders = demo + "/services/kafka-orders"
	users  = orders + "/users"
	writer = users + "/orders-writer" // expiring, ends in 6 days
)

// roleEmails are the members of project demo by their role there.
var roleEmails = map[app.Role]string{
	app.RoleAdmin: adminEmail, app.RoleOperator: operatorEmail, app.RoleDeveloper: developerEmail, app.RoleReadOnly: readerEmail,
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

// newRig copies the demo, which is lived through once a test process.
func newRig(t testing.TB) *rig {
	t.Helper()
	from, err := demoStore()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "key"), 0o600); err != nil { // CopyFS lets others read
		t.Fatal(err)
	}
	return openRig(t, dir)
}

// newEmptyRig is a rig on a store that nobody has set up yet.
func newEmptyRig(t testing.TB) *rig {
	t.Helper()
	return openRig(t, t.TempDir())
}

func openRig(t testing.TB, dir string) *rig {
	t.Helper()
	r := &rig{t: t, now: t0, log: &lockedBuffer{}}
	log := slog.New(slog.NewJSONHandler(r.log, nil))
	var err error
	if r.app, r.store, err = openApp(t.Context(), dir, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.store.Close(); err != nil {
			t.Error(err)
		}
	})
	r.server = newServer(Config{App: r.app, Now: func() time.Time { return r.now }, Log: log, Version: "v0"})
	r.handler = r.server.handler()
	return r
}

func openApp(ctx context.Context, dir string, log *slog.Logger) (*app.App, *store.Store, error) {
	st, err := store.Open(ctx, store.Options{Dir: dir, Version: "v0"})
	if err != nil {
		return nil, nil, err
	}
	empty, err := st.Empty(ctx)
	if err != nil {
		return nil, nil, err
	}
	keyFile, err := keys.OpenKeyFile(filepath.Join(dir, "key"), empty)
	if err != nil {
		return nil, nil, err
	}
	custody, err := keys.Open(ctx, st, keyFile)
	if err != nil {
		return nil, nil, err
	}
	outgoing := notify.NewOutgoing(true)
	return app.New(app.Config{
		Store: st, Inspector: st, Resealer: st, Custody: custody, Passwords: auth.NewPasswords(), Tokens: auth.Tokens{},
		Limits: auth.NewLimits(), Kit: kafka.Kit{}, PublicURL: "https://segue.example.com", Log: log,
		Renderer: notify.NewRenderer(), Mailer: notify.NewOutbox(), NewWebhookSecret: notify.NewWebhookSecret,
		Posters: map[app.ChannelKind]app.Poster{
			app.ChannelWebhook: notify.NewWebhook(outgoing, func() time.Time { return t0 }),
			app.ChannelSlack:   notify.NewSlack(outgoing),
		},
	}), st, nil
}

// demoStore is a directory with the demo and its members, made once; TestMain
// removes it.
var demoStore = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "segue-console-")
	if err != nil {
		return "", err
	}
	madeDirs = append(madeDirs, dir)
	ctx := context.Background()
	a, st, err := openApp(ctx, dir, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	if _, err := a.FirstAdministrator(ctx, adminEmail, password, t0); err != nil {
		return "", err
	}
	if err := a.Demo(ctx, t0); err != nil {
		return "", err
	}
	if err := addMembers(ctx, st); err != nil {
		return "", err
	}
	return dir, st.Close()
})

var madeDirs []string

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range madeDirs {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// addMembers gives each role but admin a member.
func addMembers(ctx context.Context, st *store.Store) error {
	hash, err := auth.NewPasswords().Hash(ctx, password)
	if err != nil {
		return err
	}
	return st.Write(ctx, func(tx app.Tx) error {
		p, err := tx.ProjectByName(ctx, app.DemoProject)
		if err != nil {
			return err
		}
		for i, role := range []app.Role{app.RoleOperator, app.RoleDeveloper, app.RoleReadOnly} {
			a := app.Account{ID: int64(i) + 1, Email: roleEmails[role], RealName: "Somebody", PasswordHash: hash, CreatedAt: t0}
			if err := tx.InsertAccount(ctx, a); err != nil {
				return err
			}
			if err := tx.SetRole(ctx, p.ID, a.ID, role, t0); err != nil {
				return err
			}
		}
		return nil
	})
}

// account adds somebody who can sign in.
func (r *rig) account(email string, administrator bool) {
	r.t.Helper()
	hash, err := auth.NewPasswords().Hash(r.t.Context(), password)
	if err != nil {
		r.t.Fatal(err)
	}
	r.clients++
	a := app.Account{
		ID: int64(1000 + r.clients), Email: email, RealName: "Somebody", PasswordHash: hash, Administrator: administrator, CreatedAt: t0,
	}
	if err := r.store.Write(r.t.Context(), func(tx app.Tx) error { return tx.InsertAccount(r.t.Context(), a) }); err != nil {
		r.t.Fatal(err)
	}
}

// client is a browser without JavaScript, at an address of its own: it keeps
// cookies and follows no redirect by itself.
type client struct {
	*rig
	address string
	agent   string // User-Agent
	cookies map[string]string
}

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"

// nobody is a browser where nobody is signed in.
func (r *rig) nobody() *client {
	r.clients++
	return &client{rig: r, address: fmt.Sprintf("10.1.%d.%d", r.clients/256, r.clients%256), agent: firefox, cookies: map[string]string{}}
}

// as signs a member in by the form, from an address of its own.
func (r *rig) as(email string) *client {
	r.t.Helper()
	c := r.nobody()
	c.get("/signin").submit("/signin", "email", email, "password", password).redirects("/")
	return c
}

func (r *rig) admin() *client     { r.t.Helper(); return r.as(adminEmail) }
func (r *rig) operator() *client  { r.t.Helper(); return r.as(operatorEmail) }
func (r *rig) developer() *client { r.t.Helper(); return r.as(developerEmail) }
func (r *rig) reader() *client    { r.t.Helper(); return r.as(readerEmail) }

// get asks for a page.
func (c *client) get(path string) *reply {
	c.t.Helper()
	return c.send(httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends a form, given as names and values in turn, as a browser does from a
// page of this console.
func (c *client) post(path string, pairs ...string) *reply {
	c.t.Helper()
	return c.postForm(path, values(pairs))
}

func (c *client) postForm(path string, form url.Values) *reply {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "http://"+r.Host)
	return c.send(r)
}

// dialog asks for a page as htmx does when it opens above another.
func (c *client) dialog(path string) *reply {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("HX-Request", "true")
	r.Header.Set("HX-Target", "div#dialog-body")
	return c.send(r)
}

func values(pairs []string) url.Values {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return form
}

// send sends a request with the cookies and keeps those that come back.
func (c *client) send(r *http.Request) *reply {
	c.t.Helper()
	r.RemoteAddr = c.address + ":40000"
	r.Header.Set("User-Agent", c.agent)
	r.Header.Set("Accept-Encoding", "gzip")
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	res := w.Result()
	for _, cookie := range res.Cookies() {
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		} else {
			c.cookies[cookie.Name] = cookie.Value
		}
	}
	return c.read(r, res)
}

func (c *client) read(r *http.Request, res *http.Response) *reply {
	c.t.Helper()
	var body io.Reader = res.Body
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(res.Body)
		if err != nil {
			c.t.Fatal(err)
		}
		body = z
	}
	text, err := io.ReadAll(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return &reply{Response: res, client: c, what: r.Method + " " + r.URL.RequestURI(), path: r.URL.Path, body: string(text)}
}

// copyOf is the same browser in another window, whose cookies go their own way.
func (c *client) copyOf() *client {
	return &client{rig: c.rig, address: c.address, agent: c.agent, cookies: maps.Clone(c.cookies)}
}

// audit returns the entries of project demo, oldest first.
func (r *rig) audit() []app.AuditEntry {
	r.t.Helper()
	var entries []app.AuditEntry
	err := r.store.Read(r.t.Context(), func(rd app.Reader) error {
		p, err := rd.ProjectByName(r.t.Context(), app.DemoProject)
		if err != nil {
			return err
		}
		entries, err = rd.AuditEntries(r.t.Context(), p.ID, 0, 10_000)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return entries
}

// audited counts the entries of project demo with this action.
func (r *rig) audited(action string) (n int) {
	r.t.Helper()
	for _, e := range r.audit() {
		if e.Action == action {
			n++
		}
	}
	return n
}

// user is a user of kafka-orders as the store has it now.
func (r *rig) user(name string) app.UserView {
	r.t.Helper()
	u, err := r.app.GetUser(r.t.Context(), app.System(), app.DemoProject, "kafka-orders", name, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

// deliver does what the jobs do: digests are recorded, and what is due leaves.
func (r *rig) deliver() {
	r.t.Helper()
	ctx := r.t.Context()
	if err := r.app.RecordDigests(ctx, r.now); err != nil {
		r.t.Fatal(err)
	}
	due, err := r.app.DueMessages(ctx, r.now, 100)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, id := range due {
		if err := r.app.DeliverMessage(ctx, id, r.now); err != nil {
			r.t.Fatal(err)
		}
	}
}
