package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
)

const outbox = demo + "/outbox"

// TestOutbox lists what was written, with its text and attempts.
func TestOutbox(t *testing.T) {
	r := newRig(t)
	r.deliver()
	page := r.reader().get(outbox).ok().shows("kafka-team@example.com", "Kept in the Outbox")
	messages, _, err := r.app.ListMessages(t.Context(), app.System(), app.DemoProject, "", app.Page{}, r.now)
	if err != nil || len(messages) == 0 {
		t.Fatalf("%d messages: %v", len(messages), err)
	}
	if n := len(page.all("tr", "data-row", "*")); n != len(messages) {
		t.Errorf("%d of %d messages are listed", n, len(messages))
	}
	m := messages[0]
	at := outbox + "/" + messageID(m.ID)
	one := r.reader().dialog(at).ok().shows(m.Subject, m.Recipient, "Attempts", "fraud-scoring")
	if one.hasLink("Send again") {
		t.Error("somebody who only reads is offered to send again")
	}
	r.reader().get(at + "/retry").status(http.StatusMethodNotAllowed)
	r.reader().get(outbox + "?state=sent").ok().shows("No message is in this state")
	r.reader().get(outbox + "?state=lost").status(http.StatusUnprocessableEntity)
	for _, unknown := range []string{"1", "xyz", strings.Repeat("f", 40)} {
		r.reader().get(outbox + "/" + unknown).status(http.StatusNotFound)
	}
}

// TestRetryMessage sends a message again that was given up, and says why others
// are not.
func TestRetryMessage(t *testing.T) {
	r := newRig(t)
	r.deliver() // what the demo made before there is a channel
	c := r.operator()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "gone", http.StatusGone)
	}))
	defer receiver.Close()
	c.post(settings+"/channels/new", "name", "ops", "url", receiver.URL, "kind", "webhook").ok()
	c.post(acknowledge, "renewal", "kafka-orders/orders-writer/2").redirects("")
	r.deliver()
	dead, _, err := r.app.ListMessages(t.Context(), app.System(), app.DemoProject, app.MessageDead, app.Page{}, r.now)
	if err != nil || len(dead) != 1 {
		t.Fatalf("%d messages were given up: %v", len(dead), err)
	}
	at := outbox + "/" + messageID(dead[0].ID)
	c.get(outbox+"?state=dead").ok().shows("Given up", "after 1 attempt")
	r.developer().post(at + "/retry").status(http.StatusForbidden)
	c.get(at).ok().submit(at + "/retry").redirects(outbox).follow().shows("The message is due again")
	c.post(at + "/retry").status(http.StatusConflict).shows("only one that was given up, dropped or kept can be retried")
	if n := r.audited("message.retry"); n != 1 {
		t.Errorf("%d retries are in the audit log", n)
	}
}

// TestDigestPreview shows what would leave now, and sends nothing.
func TestDigestPreview(t *testing.T) {
	r := newRig(t)
	before, _, err := r.app.ListMessages(t.Context(), app.System(), app.DemoProject, "", app.Page{}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	r.reader().get(outbox+"/digest").ok().shows("The digest that would leave now", "orders-writer", readerEmail)
	after, _, err := r.app.ListMessages(t.Context(), app.System(), app.DemoProject, "", app.Page{}, r.now)
	if err != nil || len(after) != len(before) {
		t.Errorf("%d messages became %d: %v", len(before), len(after), err)
	}
	c := r.operator()
	for _, u := range []string{"orders/orders-writer", "orders/inventory-cdc", "orders/fraud-scoring", "orders/billing-sink", "orders/audit-export", "clickstream/ads-export"} {
		c.post(acknowledge, "renewal", "kafka-"+u+"/2").redirects("")
	}
	c.get(outbox + "/digest").ok().shows("No digest would leave now")
	c.get(renewals).ok().shows("Nothing awaits acknowledgement")
}
