package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

const settings = demo + "/settings"

// policyForm is what the form of policies on a page would send.
func (r *reply) policyForm() url.Values { return r.form(settings + "/policy#preview") }

func (r *rig) policy(service string) app.PolicyView {
	r.t.Helper()
	p, err := r.app.GetPolicy(r.t.Context(), app.System(), app.DemoProject, service, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// TestPolicy previews a change, stores what was looked at, and inherits again.
func TestPolicy(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	form := c.get(settings).ok().policyForm()
	form.Set("validity", "900d")
	form.Set("do", "save") // without having looked: it is shown first
	page := c.postForm(settings+"/policy", form).ok().shows("What this change does", "820d → 900d", "Next renewals")
	if page.field("validity") != "900d" || r.policy("").Sources.Validity != lifecycle.FromDefault {
		t.Fatal("a preview keeps what was typed and stores nothing")
	}
	form = page.policyForm()
	form.Set("do", "save")
	form.Set("spread", "2d") // changed after it was looked at
	page = c.postForm(settings+"/policy", form).ok().shows("5d → 2d")
	form = page.policyForm()
	form.Set("do", "save")
	c.postForm(settings+"/policy", form).redirects(settings).follow().shows("The policy is stored.")
	if p := r.policy(""); lifecycle.FormatDuration(p.Policy.Validity) != "900d" || lifecycle.FormatDuration(p.Policy.Spread) != "2d" {
		t.Errorf("stored is %+v", p.Policy)
	}
	form = c.get(settings).ok().policyForm()
	form.Set("validity", "")
	form = c.postForm(settings+"/policy", form).ok().policyForm()
	form.Set("do", "save")
	c.postForm(settings+"/policy", form).redirects(settings)
	if p := r.policy(""); p.Sources.Validity != lifecycle.FromDefault || p.Sources.Spread != lifecycle.FromProject {
		t.Errorf("after an empty field values come from %+v", p.Sources)
	}
}

// TestReminders are set and inherited by their lines.
func TestReminders(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	save := func(page string, change func(url.Values)) {
		t.Helper()
		form := c.get(page).ok().policyForm()
		change(form)
		form = c.postForm(settings+"/policy", form).ok().policyForm()
		form.Set("do", "save")
		c.postForm(settings+"/policy", form).redirects("")
	}
	service := settings + "?service=kafka-orders"
	save(service, func(f url.Values) {
		f["within"], f["every"] = []string{"60d", " 10d ", "", ""}, []string{"20d", "2d", "", ""}
		f.Set("lapse_times", "3")
	})
	p := r.policy("kafka-orders")
	if words := reminderWords(p.Notices); words != "from 60d every 20d, from 10d every 2d" {
		t.Errorf("reminders are %s", words)
	}
	if words := lapseWords(p.Notices.AfterLapse); words != "3 times, every 7d" {
		t.Errorf("after a lapse: %s", words)
	}
	if r.policy("").NoticesFrom["reminders"] != lifecycle.FromDefault {
		t.Error("the project's reminders changed too")
	}
	save(service, func(f url.Values) {
		f["within"], f["every"] = nil, nil
		f.Set("lapse_every", "")
		f.Set("lapse_times", "")
	})
	if p := r.policy("kafka-orders"); p.NoticesFrom["reminders"] != lifecycle.FromDefault || p.NoticesFrom["after_lapse"] != lifecycle.FromDefault {
		t.Errorf("empty lines leave %v", p.NoticesFrom)
	}
	save(settings, func(f url.Values) { f.Set("time_zone", "Europe/Helsinki") })
	c.get(renewals).ok().shows("times in Europe/Helsinki")
}

// TestPolicyRefusals keep what was typed and store nothing.
func TestPolicyRefusals(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	for field, value := range map[string]string{
		"validity": "4x", "renew_before": "500d", "spread": "-1d", "time_zone": "Middle/Earth", "lapse_times": "many", "digest_interval": "0s",
	} {
		form := c.get(settings).ok().policyForm()
		form.Set(field, value)
		form.Set("do", "save")
		page := c.postForm(settings+"/policy", form).status(http.StatusUnprocessableEntity)
		if page.field(field) != value || len(page.all("p", "role", "alert")) != 1 {
			t.Errorf("%s %q: kept %q", field, value, page.field(field))
		}
	}
	c.postForm(settings+"/policy", c.get(settings).policyForm()).redirects(settings).follow().shows("Nothing is changed")
	form := url.Values{"validity": {"900d"}}
	r.developer().postForm(settings+"/policy", form).status(http.StatusForbidden)
	r.reader().postForm(settings+"/policy", form).status(http.StatusForbidden)
	if n := r.audited("policy.set"); n != 0 {
		t.Errorf("%d changes were stored", n)
	}
	if page := r.reader().get(settings).ok(); page.hasLink("Preview the change") || page.hasLink("Save contacts") || page.hasLink("Add channel") {
		t.Error("somebody who only reads is offered to change settings")
	}
}

// TestContacts are addresses, one a line; refused ones are kept as typed.
func TestContacts(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	contacts := settings + "/contacts"
	c.get(settings).ok().submit(contacts, "contacts", "a@example.com\r\nb@example.com, c@example.com").redirects(settings).
		follow().shows("3 technical contacts are told from now on.")
	typed := "a@example.com\n<b>not an address</b>"
	page := c.get(settings).submit(contacts, "contacts", typed).status(http.StatusUnprocessableEntity).lacks("<b>not an")
	if got := page.field("contacts"); got != typed {
		t.Errorf("kept is %q", got)
	}
	if got := c.get(settings).field("contacts"); got != "a@example.com\nb@example.com\nc@example.com" {
		t.Errorf("stored is %q", got)
	}
	c.get(settings+"?service=kafka-orders").submit(contacts, "contacts", "orders@example.com").redirects(settings + "?service=kafka-orders")
	c.get(orders + "/notifications").ok().shows("orders@example.com")
}

// TestChannels: a webhook's secret is shown once; a test says what came of it;
// deleting asks.
func TestChannels(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	var signed string
	up := true
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		signed = q.Header.Get("webhook-signature")
		if !up {
			http.Error(w, "down", http.StatusServiceUnavailable)
		}
	}))
	defer receiver.Close()
	add := settings + "/channels/new"
	done := c.get(add).ok().submit(add, "name", "ops", "url", receiver.URL, "kind", "webhook").ok().shows("It is shown only now")
	secret := attr(done.one("button", "data-copy", "*"), "data-copy")
	if !strings.HasPrefix(secret, "whsec_") || done.Header.Get("Content-Encoding") != "" {
		t.Errorf("the secret is %q, the page's encoding %q", secret, done.Header.Get("Content-Encoding"))
	}
	c.get(settings).ok().shows("ops").lacks(secret, receiver.URL)
	c.get(settings).submit(settings + "/channels/ops/test").redirects(settings).follow().shows("The test of ops was delivered.")
	if signed == "" {
		t.Error("the test was not signed")
	}
	up = false
	c.post(settings + "/channels/ops/test").redirects(settings).follow().shows("ops: the test was not delivered: ")
	remove := settings + "/channels/ops/delete"
	c.get(remove).ok().shows("Delete channel").submit(remove).redirects(settings).follow().shows("Channel ops is deleted")
	c.post(settings + "/channels/ops/test").status(http.StatusNotFound)
}

// TestChannelRefusals keep what was typed, store nothing, and show no address.
func TestChannelRefusals(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	add := settings + "/channels/new"
	for name, address := range map[string]string{"ops": "ftp://example.com", "a b": "https://example.com/hook", "": "https://example.com/hook"} {
		page := c.get(add).submit(add, "name", name, "url", address, "kind", "webhook").status(http.StatusUnprocessableEntity)
		if page.field("name") != name || page.field("url") != address {
			t.Errorf("%q %q: kept %q %q", name, address, page.field("name"), page.field("url"))
		}
	}
	r.developer().post(add, "name", "ops", "url", "https://example.com/hook", "kind", "webhook").status(http.StatusForbidden)
	if n := r.audited("channel.create"); n != 0 {
		t.Errorf("%d channels were stored", n)
	}
}

// TestProjectCA is downloaded and named with its fingerprint.
func TestProjectCA(t *testing.T) {
	r := newRig(t)
	bundle := r.reader().get(settings + "/ca.pem").ok().body
	known, err := authorities([]byte(bundle))
	if err != nil || len(known) != 1 {
		t.Fatalf("it holds %d certificates: %v", len(known), err)
	}
	r.reader().get(settings).ok().shows(known[0].Name, known[0].Fingerprint)
	r.operator().post(settings + "/test-mail").redirects(settings).follow().shows("No mail leaves this Segue")
}
