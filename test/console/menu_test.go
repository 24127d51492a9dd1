package console

import (
	"archive/zip"
	"crypto/tls"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/test/browser"
)

// opensEntry opens an entry of a user's menu; its dialog is open then.
func (p person) opensEntry(user, entry string) {
	p.t.Helper()
	p.clicksIn(row(user), "More actions for "+user)
	p.clicksIn(row(user), entry)
	p.until(`document.querySelector("dialog[open]")`)
}

// closes leaves the dialog by the key for it; the row's menu has the focus again.
func (p person) closes() {
	p.t.Helper()
	p.presses("\x1b")
	p.until(`!document.querySelector("dialog[open]")`)
}

// TestMenu goes through every entry of the menu of a user but acknowledging, which
// TestWalk does.
func TestMenu(t *testing.T) {
	s := serve(t)
	client, err := s.API(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tab := admin(t, s).tab
	at := func(t *testing.T) person {
		p := person{t, tab}
		p.opens(users)
		return p
	}

	t.Run("Compare old and new", func(t *testing.T) {
		p := at(t)
		p.opensEntry("orders-writer", "Compare old and new")
		p.sees("Serial")
		p.closes()
		p.isAt(users)
	})
	t.Run("Download bundle…", func(t *testing.T) { at(t).downloadsBundle("orders-writer") })
	t.Run("Snooze reminders…", func(t *testing.T) {
		p := at(t)
		until := time.Now().UTC().AddDate(0, 0, 3).Format(time.DateOnly)
		p.opensEntry("orders-writer", "Snooze reminders…")
		p.must(p.tab.Choose("until", until))
		p.types("reason", `<b>rollout</b> on "Friday"`)
		p.clicksIn("dialog[open]", "Snooze")
		p.sees("snoozed until")
		renewal := pending(t, client, "orders-writer")
		if renewal.SnoozeReason == nil || *renewal.SnoozeReason != `<b>rollout</b> on "Friday"` {
			t.Errorf("the API has the reason %v", renewal.SnoozeReason)
		}
		p.opensEntry("orders-writer", "Snooze reminders…")
		p.sees(`<b>rollout</b> on "Friday"`) // text, not markup
		p.clicksIn("dialog[open]", "End snooze now")
		p.seesNot("snoozed until")
		if pending(t, client, "orders-writer").SnoozedUntil != nil {
			t.Error("the API still has the snooze")
		}
	})
	t.Run("Renew now…", func(t *testing.T) {
		p := at(t)
		p.opensEntry("orders-writer", "Renew now…")
		p.sees("Not now.") // both pairs live: the dialog says what can be done instead
		p.closes()
		p.opensEntry("warehouse", "Renew now…")
		p.clicksIn("dialog[open]", "Renew now")
		p.until(`document.querySelector('` + row("warehouse") + `').innerText.includes("generation 2")`)
		generation(t, client, "warehouse", 2)
	})
	t.Run("Reset credentials…", func(t *testing.T) {
		p := at(t)
		p.opensEntry("billing-sink", "Reset credentials…")
		p.types("name", "billing-snik")
		p.clicksIn("dialog[open]", "Reset credentials")
		p.until(`document.querySelector("dialog[open] [role=alert]")`)
		p.until(`document.querySelector("dialog[open] [name=name]").value === "billing-snik"`)
		generation(t, client, "billing-sink", 2)
		p.refusedOnce()
		p.types("name", "billing-sink")
		p.clicksIn("dialog[open]", "Reset credentials")
		p.until(`document.querySelector('` + row("billing-sink") + `')?.innerText.includes("generation 3")`)
		generation(t, client, "billing-sink", 3)
	})
	t.Run("Delete user…", func(t *testing.T) {
		p := at(t)
		p.opensEntry("refunds", "Delete user…")
		p.types("name", "refunds")
		p.clicksIn("dialog[open]", "Delete user")
		p.until(`location.pathname === "` + users + `" && !document.querySelector('` + row("refunds") + `')`)
		if _, err := client.User(t.Context(), browser.Project, "kafka-orders", "refunds"); err == nil {
			t.Error("the API still has the user")
		}
		p.clicksIn(row("avnadmin"), "More actions for avnadmin")
		p.until(`![...document.querySelectorAll('` + row("avnadmin") + ` [data-menu] a')].some(a => a.textContent.startsWith("Delete"))`)
	})
}

// refusedOnce forgets what the browser logged of a form that was refused.
func (p person) refusedOnce() {
	p.t.Helper()
	for _, trouble := range p.tab.Troubles() {
		if !strings.Contains(trouble, "status of 4") {
			p.t.Errorf("in the browser: %s", trouble)
		}
	}
}

func pending(t *testing.T, client *api.Client, user string) api.Renewal {
	t.Helper()
	page, err := client.RenewalsPage(t.Context(), browser.Project, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range page.Renewals {
		if r.Username == user {
			return r
		}
	}
	t.Fatalf("the API has no pending renewal of %s", user)
	return api.Renewal{}
}

func generation(t *testing.T, client *api.Client, user string, want int) {
	t.Helper()
	reply, err := client.User(t.Context(), browser.Project, "kafka-orders", user)
	if err != nil {
		t.Fatal(err)
	}
	if reply.User.Generation != want {
		t.Errorf("%s has generation %d in the API, want %d", user, reply.User.Generation, want)
	}
}

// downloadsBundle takes both generations of an overlap; each holds a pair that belongs
// together.
func (p person) downloadsBundle(user string) {
	p.t.Helper()
	serials := map[string]bool{}
	for _, generation := range []string{"1", "2"} {
		into := p.t.TempDir()
		p.must(p.tab.Downloads(into))
		p.opensEntry(user, "Download bundle…")
		p.must(p.tab.Choose("generation", generation))
		p.clicksIn("dialog[open]", "Download")
		files := unzip(p.t, downloaded(p.t, into))
		pair, err := tls.X509KeyPair(files["service.cert"], files["service.key"])
		if err != nil || len(files["ca.pem"]) == 0 {
			p.t.Fatalf("generation %s: %v", generation, err)
		}
		serials[pair.Leaf.SerialNumber.String()] = true
		p.closes()
	}
	if len(serials) != 2 {
		p.t.Error("both generations gave the same certificate")
	}
}

// downloaded waits for a file to come whole.
func downloaded(t *testing.T, into string) string {
	t.Helper()
	var path string
	whole := eventually(soon, func() bool {
		found, _ := filepath.Glob(filepath.Join(into, "*.zip"))
		if len(found) == 1 {
			path = found[0]
		}
		return len(found) == 1
	})
	if !whole {
		t.Fatal("nothing was downloaded")
	}
	return path
}

func unzip(t *testing.T, path string) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string][]byte{}
	for _, f := range archive.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[filepath.Base(f.Name)], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Remove(path)
	return files
}
