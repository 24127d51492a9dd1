package console

import (
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/test/browser"
)

// TestBack: the browser's own button leads where people expect it to.
func TestBack(t *testing.T) {
	t.Parallel()
	p := admin(t, serve(t))
	p.opens("/projects/demo")
	p.clicksIn("aside nav", "Services 2")
	p.isAt("/projects/demo/services")
	p.clicksIn("main", "kafka-orders")
	p.clicksIn("main", "Users")
	p.isAt(users)
	p.clicksIn("main", "orders-writer")
	p.isAt(users + "/orders-writer")
	p.goesBack()
	p.isAt(users)
	p.sees("fraud-scoring")

	// A search is the page's address: it is there after going on and back.
	p.types("search", "billing")
	p.until(`location.search.includes("search=billing")`)
	p.seesNot("fraud-scoring")
	p.clicksIn("main", "billing-sink")
	p.isAt(users + "/billing-sink")
	p.goesBack()
	p.until(`location.search.includes("search=billing") && document.querySelector("[name=search]").value === "billing"`)
	p.seesNot("fraud-scoring")

	// A dialog is above its page: back leaves the page, and no dialog is left open.
	p.clicksIn(row("billing-sink"), "Show access cert")
	p.until(`document.querySelector("dialog[open]")`)
	p.goesBack()
	p.until(`!document.querySelector("dialog[open]")`)
}

// TestTwoTabs: two people acknowledge at once; one does it, the other is told who
// did, and neither sees an error.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := admin(t, s)
	second := somebody(t, s)
	second.must(second.tab.SignIn(browser.DeveloperEmail))
	for _, p := range []person{first, second} {
		p.opens(users)
		p.opensEntry("orders-writer", "Acknowledge certificate")
		p.sees("uses generation 2 now")
	}
	first.clicksIn("dialog[open]", "Acknowledge certificate")
	first.sees("Generation 2 of orders-writer is acknowledged")
	second.clicksIn("dialog[open]", "Acknowledge certificate")
	second.sees("Nothing is left to do.")
	second.sees("ada")
	for _, p := range []person{first, second} {
		p.until(`document.querySelector('` + row("orders-writer") + ` .pill').innerText === "Acknowledged"`)
	}

	// A generation that came after the page was loaded is not acknowledged unseen.
	client, err := s.API(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	beside := first.beside()
	beside.opens(users)
	beside.opensEntry("fraud-scoring", "Acknowledge certificate")
	if _, err := client.RenewUser(t.Context(), browser.Project, "kafka-orders", "fraud-scoring"); err != nil {
		t.Fatal(err)
	}
	beside.clicksIn("dialog[open]", "Acknowledge certificate")
	beside.sees("A newer generation, 3, exists. Look at it, then acknowledge.")
	beside.refusedOnce()
	if r := pending(t, client, "fraud-scoring"); r.Generation != 3 {
		t.Errorf("the pending renewal is of generation %d", r.Generation)
	}
}

// refreshWithin is more than a page waits before it looks again.
const refreshWithin = 45 * time.Second

// TestRefresh: a page that nobody touches shows what others did, by itself.
func TestRefresh(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := admin(t, s)
	p.opens(users)
	p.sees("4 access certificates are expiring")
	client, err := s.API(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.AcknowledgeRenewal(t.Context(), browser.Project, "kafka-orders", "orders-writer", 2); err != nil {
		t.Fatal(err)
	}
	acknowledged := func() bool {
		now, err := browser.Eval[bool](p.tab, `document.querySelector('`+row("orders-writer")+` .pill').innerText === "Acknowledged" &&
			document.body.innerText.includes("3 access certificates are expiring") &&
			document.getElementById("count-renewals").innerText === "5" && document.getElementById("user-states").innerText.includes("Awaiting acknowledgement 4")`)
		p.must(err)
		return now
	}
	if !eventually(refreshWithin, acknowledged) {
		t.Error("the page still shows how it was")
	}
}

// TestSessionEnds: somebody else signs this browser out while a form is filled;
// nothing of it is lost.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := admin(t, s)
	p.opens(users + "/orders-writer/snooze")
	p.types("reason", "typed before the session ended")
	other := p.beside()
	other.opens("/projects/demo")
	other.clicks("Sign out")
	other.sees("First time here?")
	p.until(`(document.querySelector("[name=until]").value = document.querySelector("[name=until]").min) !== ""`)
	p.clicksIn("main form", "Snooze")
	p.sees("Your session ended.")
	p.refusedOnce()
	p.types("email", browser.AdminEmail)
	p.types("password", browser.AdminPassword)
	p.clicks("Sign in")
	p.sees("Go on where you were")
	p.clicks("Send it now")
	p.sees("Reminders of orders-writer go on from")
	client, err := s.API(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := pending(t, client, "orders-writer"); r.SnoozeReason == nil || *r.SnoozeReason != "typed before the session ended" {
		t.Errorf("stored was %v", r.SnoozeReason)
	}
}

// TestKeyboard does the work by keys alone.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	p := admin(t, serve(t))
	p.opens("/projects/demo")
	p.presses("?")
	p.until(`document.querySelector("#keys[open]")`)
	p.closes()
	for keys, path := range map[string]string{"gs": "/services", "gr": "/renewals", "gc": "/calendar", "go": ""} {
		p.presses(strings.Split(keys, "")...)
		p.until(`location.pathname.replace(/\/$/, "") === "/projects/demo` + path + `"`)
	}
	p.opens(users)
	p.presses("/", "b", "i", "l", "l")
	p.until(`location.search.includes("search=bill") && document.querySelectorAll("[data-row]").length === 1`)
	p.opens(users)
	focused := func(user string) {
		t.Helper()
		p.until(`document.activeElement?.closest("[data-row]")?.id === "user-` + user + `"`)
	}
	p.presses("j", "j", "j")
	focused("orders-writer")
	p.presses("k")
	focused("inventory-cdc")
	p.presses("j", ".")
	p.until(`document.querySelector('` + row("orders-writer") + ` details[open]')`)
	p.presses("\x1b")
	p.until(`!document.querySelector("details.menu[open]")`)
	p.presses("x")
	p.until(`document.querySelector('` + row("orders-writer") + ` input').checked`)
	p.presses("x", "a")
	p.until(`document.querySelector("dialog[open]")`)
	p.sees("uses generation 2 now") // it asks first
	p.presses("\x1b")
	p.until(`!document.querySelector("dialog[open]")`)
	p.presses("a")
	p.until(`document.activeElement?.textContent === "Acknowledge certificate"`)
	p.presses("\r")
	p.sees("Generation 2 of orders-writer is acknowledged")
	p.presses("j", "\r")
	p.isAt(users + "/fraud-scoring")
}
