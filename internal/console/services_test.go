package console

import (
	"bytes"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

const newServicePath = demo + "/new-service"

func (r *rig) service(name string) error {
	_, err := r.app.SummarizeService(r.t.Context(), app.System(), app.DemoProject, name, r.now)
	return err
}

func TestAddService(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	form := c.get(demo + "/services").ok().link("Add service")
	reads := r.audited("keys.read")
	c.get(form).ok().submit(newServicePath, "name", "kafka-returns", "bootstrap", "k1.example.com:9094,k2.example.com:9094").
		redirects(demo+"/services/kafka-returns").follow().ok().
		shows("Service kafka-returns is added, with its user avnadmin.", "k1.example.com:9094", "TLS, by client certificate")
	if err := r.service("kafka-returns"); err != nil {
		t.Error(err)
	}
	if got := r.audited("keys.read"); got != reads {
		t.Error("adding a service reads keys that nobody sees")
	}
}

// TestAddServiceRefused keeps what was typed and stores nothing.
func TestAddServiceRefused(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	before := len(r.audit())
	for name, s := range map[string]struct{ name, bootstrap, says string }{
		"no port":     {"kafka-returns", "k1.example.com", `Bootstrap servers must be "host:port"`},
		"no name":     {"", "k1.example.com:9094", "Name must not be empty."},
		"bad name":    {"kafka returns", "", "Name must be 1 to 64 letters"},
		"hostile":     {`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "Name must be"},
		"taken":       {"kafka-orders", "k1.example.com:9094", "A service of this name already exists"},
		"bad address": {"kafka-returns", "k1.example.com:0", "Bootstrap servers must be"},
	} {
		page := c.get(newServicePath).ok().submit(newServicePath, "name", s.name, "bootstrap", s.bootstrap)
		if page.StatusCode != http.StatusUnprocessableEntity && page.StatusCode != http.StatusConflict {
			t.Errorf("%s: status %d", name, page.StatusCode)
		}
		page.shows(s.says).lacks("<script>alert", "<img", "user_config", "service_name")
		if page.field("name") != s.name || page.field("bootstrap") != s.bootstrap {
			t.Errorf("%s: what was typed is lost: %q, %q", name, page.field("name"), page.field("bootstrap"))
		}
	}
	if got := len(r.audit()); got != before {
		t.Errorf("%d entries were written by refused forms", got-before)
	}
	if page := c.dialog(newServicePath).ok(); strings.Contains(page.body, "<html") || !strings.Contains(page.body, `id="dialog-title"`) {
		t.Error("above another page the dialog comes alone")
	}
}

func TestServicesByRole(t *testing.T) {
	r := newRig(t)
	for _, email := range []string{developerEmail, readerEmail} {
		c := r.as(email)
		c.get(demo+"/services").ok().lacks("Add service", newServicePath)
		c.get(orders).ok().lacks("Delete service")
		c.get(newServicePath).status(http.StatusForbidden)
		c.post(newServicePath, "name", "kafka-returns").status(http.StatusForbidden)
		c.get(orders + "/delete").status(http.StatusForbidden)
		c.post(orders+"/delete", "name", "kafka-orders").status(http.StatusForbidden)
		c.post(orders+"/notifications", "contacts", "x@example.com").status(http.StatusForbidden)
	}
	r.reader().get(orders).ok().shows("Your role sees no keys").lacks("PRIVATE KEY")
	if err := r.service("kafka-orders"); err != nil {
		t.Error(err)
	}
	if err := r.service("kafka-returns"); err == nil {
		t.Error("a refused form made a service")
	}
}

func TestDeleteService(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	until, err := r.app.PairsEnd(t.Context(), app.System(), app.DemoProject, "kafka-orders", r.now)
	if err != nil {
		t.Fatal(err)
	}
	words := "Brokers that do not check revocation accept its pairs until " + day(until, time.UTC)
	dialog := c.get(orders).ok().link("Delete service…")
	page := c.get(dialog).ok().shows(words, "8 users of kafka-orders go with it")
	page = page.submit(dialog, "name", "kafka-order").status(http.StatusUnprocessableEntity).shows("The name does not match. Nothing was deleted", words)
	if page.field("name") != "kafka-order" || r.service("kafka-orders") != nil {
		t.Fatal("a wrong name must be kept, and delete nothing")
	}
	page.submit(dialog, "name", "kafka-orders").redirects(demo + "/services").follow().ok().
		shows("Service kafka-orders is deleted, with its users. " + words).lacks(orders + "/users")
	c.get(orders).status(http.StatusNotFound)
}

func TestDeleteProtectedService(t *testing.T) {
	r := newRig(t)
	err := r.app.AddService(t.Context(), app.System(), app.DemoProject, app.NewService{Name: "ledger", TerminationProtection: true}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	c, ledger := r.admin(), demo+"/services/ledger"
	c.get(ledger).ok().shows("ledger has termination protection").lacks(ledger + "/delete")
	c.get(ledger + "/delete").ok().shows("It cannot be deleted while that is on").lacks("<button class=\"btn danger\">")
	c.post(ledger+"/delete", "name", "ledger").status(http.StatusConflict)
	if err := r.service("ledger"); err != nil {
		t.Error(err)
	}
	change := c.get(ledger).link("Change…")
	c.get(change).ok().submit(change, "protected", "").redirects(ledger)
	c.get(ledger).ok().link("Delete service…")
}

// TestChangeService: addresses and protection are changed, options that the form does not name stay.
func TestChangeService(t *testing.T) {
	r := newRig(t)
	config := map[string]any{"bootstrap_servers": "k1.example.com:9094", "kafka_version": "4.1"}
	if err := r.app.AddService(t.Context(), app.System(), app.DemoProject, app.NewService{Name: "ledger", UserConfig: config}, r.now); err != nil {
		t.Fatal(err)
	}
	c, ledger := r.operator(), demo+"/services/ledger"
	change := c.get(ledger).ok().link("Change…")
	form := c.get(change).ok()
	if form.field("bootstrap") != "k1.example.com:9094" {
		t.Errorf("the form holds %q", form.field("bootstrap"))
	}
	refused := form.submit(change, "bootstrap", "k1.example.com").status(http.StatusUnprocessableEntity).shows("Bootstrap servers must be")
	if refused.field("bootstrap") != "k1.example.com" {
		t.Error("what was typed is lost")
	}
	form.submit(change, "bootstrap", "k1.example.com:9095, k2.example.com:9095", "protected", "yes").redirects(ledger).follow().
		shows("Service ledger is changed.", "k2.example.com:9095", "ledger has termination protection")
	v, err := r.app.SummarizeService(t.Context(), app.System(), app.DemoProject, "ledger", r.now)
	if err != nil || !strings.Contains(string(v.UserConfig), `"kafka_version":"4.1"`) {
		t.Errorf("%s, %v", v.UserConfig, err)
	}
	c.get(change).ok().submit(change, "bootstrap", "").redirects(ledger).follow().shows("not known")
}

func TestServiceBanner(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	for _, tab := range []string{"", "/users", "/notifications", "/activity", "/banner"} {
		c.get(orders+tab).ok().shows("4 access certificates are expiring, 1 lapsed; the next stops working in 9 hours",
			"The renewed certificates are ready. Old and new both work until then: put the new one in use, then acknowledge it.")
	}
	if got := c.get(orders).link("Review 5 renewals"); got != demo+"/renewals?service=kafka-orders" {
		t.Error("the banner leads to", got)
	}
	c.get(demo+"/services/kafka-clickstream").ok().
		shows("1 access certificate lapsed: the old pair no longer works", "The renewed certificate is ready. Put the new one in use")
	r.acknowledgeAll()
	c.get(orders).ok().lacks("access certificate", "Review")
	if page := c.get(orders + "/banner").ok(); strings.TrimSpace(page.text()) != "" {
		t.Errorf("nothing needs doing, and the banner says %q", page.text())
	}
}

func TestServiceOverview(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.get(orders).ok().shows("segue service user-creds-download kafka-orders --project demo --username audit-export -d audit-export",
		"ssl.keystore.location=audit-export/service.pem", "kafka-orders.example.com:9092")
	page := c.get(orders + "?client=kcat&user=orders-writer").ok().shows("-X ssl.key.location=orders-writer/service.key")
	if got := page.link("Java"); got != orders+"?client=java&user=orders-writer#connect" {
		t.Error("another client loses the user:", got)
	}
	hostile := "<b>x</b>"
	page = c.get(withQuery(orders, "user", hostile)).ok().shows("There is no user " + hostile + " in kafka-orders. This is shown for audit-export.")
	page.lacks("<b>x</b>")
	c.get(orders + "?client=nowhere").ok().shows("client.properties")
	before := r.audited("keys.read")
	c.get(orders + "?user=orders-writer").ok()
	if r.audited("keys.read") != before {
		t.Error("looking at a configuration counts as seeing a key")
	}
}

func TestServiceCA(t *testing.T) {
	r := newRig(t)
	got := r.reader().get(orders + "/ca.pem").ok()
	want, err := r.app.ProjectCA(t.Context(), app.System(), app.DemoProject, r.now)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode([]byte(got.body))
	if got.body != want || block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) != 0 {
		t.Errorf("ca.pem is\n%s", got.body)
	}
	if name := got.Header.Get("Content-Disposition"); name != `attachment; filename="ca.pem"` {
		t.Error(name)
	}
}

func TestServiceNotes(t *testing.T) {
	r := newRig(t)
	if err := r.app.AddService(t.Context(), app.System(), app.DemoProject, app.NewService{Name: "ledger"}, r.now); err != nil {
		t.Fatal(err)
	}
	r.admin().get(demo+"/services/ledger").ok().shows("To know", "The address of this cluster is not known", unknownBroker)
	r.admin().get(orders).ok().lacks("To know", unknownBroker)
	words := inWords("the brokers' own certificates end at 2026-12-30T10:00:00Z: make the broker kit again", t0, time.UTC)
	if words != "The brokers' own certificates end at 30 Dec, 10:00: make the broker kit again." {
		t.Error(words)
	}
}

func TestServiceContacts(t *testing.T) {
	r := newRig(t)
	c, path := r.operator(), orders+"/notifications"
	page := c.get(path).ok().shows("kafka-team@example.com", "a technical contact of project demo", "olga@example.com", "an operator of project demo")
	typed := "payments@example.com\n<script>alert(1)</script>"
	page = page.submit(path, "contacts", typed).status(http.StatusUnprocessableEntity).shows("Contacts must hold e-mail addresses").lacks("<script>alert")
	if got := strings.ReplaceAll(page.field("contacts"), "\r", ""); got != typed {
		t.Errorf("what was typed is lost: %q", got)
	}
	if r.audited("contacts.set") != 0 {
		t.Error("refused contacts were stored")
	}
	page = page.submit(path, "contacts", "payments@example.com, kafka@example.com\r\n").redirects(path).follow().ok().
		shows("The contacts of kafka-orders are stored.", "payments@example.com", "a technical contact of service kafka-orders")
	if told := textOf(page.one("section", "id", "told")); strings.Contains(told, "kafka-team@example.com") {
		t.Error("a service's own contacts are told in place of the project's, not besides:", told)
	}
	c.get(orders + "/activity").ok().shows("olga set 2 contacts of kafka-orders")
	c.post(path, "contacts", " ").redirects(path).follow().ok().shows("has no contacts of its own now", "kafka-team@example.com")
}

func TestServiceMessages(t *testing.T) {
	r := newRig(t)
	r.deliver()
	r.reader().get(orders+"/notifications").ok().shows("to kafka-team@example.com", "Kept in the Outbox").lacks("Store contacts")
	if _, err := r.app.CreateProject(t.Context(), app.System(), app.NewProject{Name: "shop"}, r.now); err != nil {
		t.Fatal(err)
	}
	if err := r.app.AddService(t.Context(), app.System(), "shop", app.NewService{Name: "ledger"}, r.now); err != nil {
		t.Fatal(err)
	}
	r.admin().get("/projects/shop/services/ledger/notifications").ok().shows("Nothing was sent yet", "Nobody would be told.", "Store contacts")
}

func TestServiceActivity(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	if page := c.get(orders + "/activity").ok(); page.hasLink("Newest") || strings.Contains(page.text(), "ads-export") {
		t.Error("entries of another service are shown, or pages that are not there")
	}
	for range activityShown + 5 {
		if err := r.app.SetContacts(t.Context(), app.System(), app.DemoProject, "kafka-orders", nil, r.now); err != nil {
			t.Fatal(err)
		}
	}
	first := c.get(orders + "/activity").ok().shows("50 entries")
	next := attr(first.one("a", "rel", "next"), "href")
	second := c.get(next).ok().shows("Segue set 0 contacts of kafka-orders", "Segue added the service kafka-orders")
	if got := second.link("Newest"); got != orders+"/activity" {
		t.Error(got)
	}
	seen := map[string]bool{}
	for _, page := range []*reply{first, second} {
		for _, n := range page.all("small", "class", "mut") {
			if words := textOf(n); seen[words] {
				t.Error(words, "is on both pages")
			} else {
				seen[words] = true
			}
		}
	}
	if want := len(seen); want < activityShown+5+10 {
		t.Errorf("only %d entries on two pages", want)
	}
	c.get(orders + "/activity?before=1").ok().shows("Nothing earlier")
	c.get(orders + "/activity?before=x").status(http.StatusUnprocessableEntity)
}
