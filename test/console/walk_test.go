package console

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/segue-project/segue/test/browser"
)

const (
	orders = "/projects/demo/services/kafka-orders"
	users  = orders + "/users"
)

// row finds a user's row.
func row(user string) string { return `[id="user-` + user + `"]` }

// TestWalk is the walk that the console is for: the message on the service, its
// users, key and certificate, acknowledging, and the message gone; the API agrees,
// and no reminder names the user any more.
func TestWalk(t *testing.T) {
	s := serve(t)
	walk(t, s, admin(t, s), true)
}

// TestWalkWithoutJavaScript is the same walk in a browser that runs none.
func TestWalkWithoutJavaScript(t *testing.T) {
	s := serve(t)
	p := somebody(t, s)
	p.must(p.tab.WithoutJavaScript())
	p.must(p.tab.SignIn(browser.AdminEmail))
	walk(t, s, p, false)
}

// acknowledgeable are the users of kafka-orders whose renewal awaits somebody.
var acknowledgeable = []string{"fraud-scoring", "inventory-cdc", "orders-writer", "billing-sink", "audit-export"}

func walk(t *testing.T, s *browser.Server, p person, dialogs bool) {
	remindersNow(t, s, "orders-writer", true)
	p.opens(orders)
	p.sees("are expiring")
	p.clicksIn("main", "Users")
	p.isAt(users)

	p.clicksIn(row("orders-writer"), "Show access key")
	p.sees("BEGIN PRIVATE KEY")
	key := p.pem("PRIVATE KEY")
	p.leaves(dialogs)
	p.clicksIn(row("orders-writer"), "Show access cert")
	p.sees("BEGIN CERTIFICATE")
	cert := p.pem("CERTIFICATE")
	if _, err := tls.X509KeyPair([]byte(cert), []byte(key)); err != nil {
		t.Errorf("the key shown is not the certificate's: %v", err)
	}
	p.leaves(dialogs)

	for _, user := range acknowledgeable {
		p.acknowledges(user)
	}
	p.opens(orders)
	p.seesNot("expiring")
	p.seesNot("lapsed:")
	agrees(t, s)
	remindersNow(t, s, "orders-writer", false)
	if t.Failed() {
		return
	}
	p.opens(users + "?state=awaiting")
	p.seesNot("orders-writer")
}

// pem is the block of that kind that the page shows.
func (p person) pem(kind string) string {
	p.t.Helper()
	text, err := p.tab.Text()
	p.must(err)
	begin, end := "-----BEGIN "+kind+"-----", "-----END "+kind+"-----"
	_, rest, found := strings.Cut(text, begin)
	inner, _, ended := strings.Cut(rest, end)
	if !found || !ended {
		p.t.Fatalf("the page shows no %s", kind)
	}
	return begin + inner + end + "\n"
}

// leaves closes the dialog, or goes back where it is a page.
func (p person) leaves(dialog bool) {
	p.t.Helper()
	if dialog {
		p.clicksIn("dialog[open]", "Close")
		p.until(`!document.querySelector("dialog[open]")`)
		return
	}
	p.clicks("Close")
	p.isAt(users)
}

// acknowledges goes by the row's menu, and the dialog that it opens.
func (p person) acknowledges(user string) {
	p.t.Helper()
	p.clicksIn(row(user), "More actions for "+user)
	p.clicksIn(row(user), "Acknowledge certificate")
	p.sees("Acknowledge")
	p.must(p.tab.Click(`form[action$="/`+user+`/acknowledge"]`, "Acknowledge certificate"))
	p.until(`location.pathname === "` + users + `"`)
	p.until(`document.querySelector('` + row(user) + ` .pill').innerText.match(/Acknowledged|Valid/)`)
}

// agrees demands that the API says the same: nothing awaits, and who did it.
func agrees(t *testing.T, s *browser.Server) {
	t.Helper()
	client, err := s.API(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pending, err := client.RenewalsPage(t.Context(), browser.Project, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range pending.Renewals {
		if r.ServiceName == "kafka-orders" {
			t.Errorf("%s still awaits acknowledgement in the API", r.Username)
		}
	}
	service, err := client.Service(t.Context(), browser.Project, "kafka-orders")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range service.ServiceNotifications {
		if strings.Contains(n.Message, "expiring") {
			t.Errorf("the API still notifies: %s", n.Message)
		}
	}
	for _, user := range acknowledgeable {
		reply, err := client.User(t.Context(), browser.Project, "kafka-orders", user)
		if err != nil {
			t.Fatal(err)
		}
		if state := reply.User.State; state != "acknowledged" && state != "valid" {
			t.Errorf("%s is %s in the API", user, state)
		}
	}
}

// remindersNow demands that the digest which would leave now names the user, or not.
func remindersNow(t *testing.T, s *browser.Server, user string, want bool) {
	t.Helper()
	if err := s.SignInCommandLine(t.Context()); err != nil {
		t.Fatal(err)
	}
	digest, err := s.Command(t.Context(), "", "notify", "preview", "--text")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Contains(digest, user); got != want {
		t.Errorf("the digest names %s: %t, want %t\n%s", user, got, want, digest)
	}
}
