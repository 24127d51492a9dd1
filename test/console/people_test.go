package console

import (
	"context"
	"testing"

	"github.com/segue-project/segue/test/browser"
)

// TestFromNothing goes from an empty store to the first user: the one-time link, a
// project, a service and a user.
func TestFromNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), serveWithin)
	defer cancel()
	s, setUp, err := browser.ServeUnset(ctx, segueBin, t.TempDir(), "--tick", "1s", "--log-level", "warn")
	stops(t, s, err)
	p := somebody(t, s)
	p.opens(setUp)
	p.sees("Set up Segue")
	p.types("real_name", "Ada Lovelace")
	p.types("password", browser.AdminPassword)
	p.clicks("Set up")
	p.isAt("/projects")
	p.types("project", "shop")
	p.clicks("Make project")
	p.isAt("/projects/shop/services")
	p.sees("No service yet")
	p.clicksIn(".empty", "Add service")
	p.until(`document.querySelector("dialog[open]")`)
	p.types("name", "kafka orders")
	p.clicksIn("dialog[open]", "Add service")
	p.until(`document.querySelector("dialog[open] [role=alert]") && document.querySelector("dialog[open] [name=name]").value === "kafka orders"`)
	p.refusedOnce()
	p.types("name", "kafka-orders")
	p.types("bootstrap", "kafka.example.com:9094")
	p.clicksIn("dialog[open]", "Add service")
	p.until(`location.pathname === "/projects/shop/services/kafka-orders"`)
	p.sees("kafka.example.com:9094")
	p.opens("/projects/shop/services/kafka-orders/users")
	p.clicks("Add user")
	p.until(`document.querySelector("dialog[open]")`)
	p.types("username", "orders-writer")
	p.clicksIn("dialog[open]", "Add user")
	p.sees("orders-writer is made.")
	p.clicks("Sign out")
	p.isAt("/signin")
	p.must(p.tab.SignIn(browser.AdminEmail))
	p.isAt("/projects/shop")

	stranger := somebody(t, s)
	stranger.opens(setUp)
	stranger.seesNot("Choose a password")
	stranger.refusedOnce()
}

// TestReadOnly looks, and is offered nothing that would be refused: no key, no
// certificate, no change, by mouse, key or address.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := somebody(t, s)
	p.must(p.tab.SignIn(browser.ReaderEmail))
	for _, path := range []string{users, users + "/orders-writer", "/projects/demo", "/projects/demo/renewals", orders} {
		p.opens(path)
		for _, words := range []string{"Show access key", "Show access cert", "Acknowledge certificate", "Download bundle", "Reset credentials", "PRIVATE KEY"} {
			p.seesNot(words)
		}
		p.until(`!document.querySelector("main form[method=post] :is(button, input:not([type=hidden])), [data-menu], [data-pick]")`)
	}
	p.opens(users)
	p.presses("j", "a", ".", "x")
	p.until(`!document.querySelector("dialog[open], details.menu[open]")`)
	for _, page := range []string{"key", "cert", "bundle"} {
		p.opens(users + "/orders-writer/" + page)
		p.seesNot("PRIVATE KEY")
		p.refusedOnce()
	}
	p.sees("Not allowed")
}
