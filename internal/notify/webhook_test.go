package notify

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/segue-project/segue/internal/app"
)

// TestWebhookVerifies checks a delivery as its receiver would, by the library of
// Standard Webhooks.
func TestWebhookVerifies(t *testing.T) {
	side := newWebSide(t, true)
	receiver, err := standardwebhooks.NewWebhook(side.secret)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // an attempt and its repetition
		if err := side.deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := side.read()
	for _, d := range got {
		if err := receiver.Verify([]byte(d.body), d.header); err != nil {
			t.Errorf("does not verify: %v", err)
		}
		if receiver.Verify([]byte(strings.Replace(d.body, "orders", "others", 1)), d.header) == nil {
			t.Error("a changed body verifies")
		}
		if d.header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", d.header)
		}
	}
	if a, b := got[0].header.Get("webhook-id"), got[1].header.Get("webhook-id"); a != b || a != "evt_01hv" {
		t.Errorf("ids %q and %q differ between attempts", a, b)
	}
	golden(t, "webhook.json", indented(t, got[0].body))
}

func indented(t *testing.T, body string) string {
	t.Helper()
	var any map[string]any
	if err := json.Unmarshal([]byte(body), &any); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(any, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// The signature is dated by the attempt, the event by when it happened.
func TestWebhookDates(t *testing.T) {
	side := newWebSide(t, true)
	attempt := at("2026-11-25 09:30")
	side.poster = NewWebhook(NewOutgoing(true), func() time.Time { return attempt })
	if err := side.deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := side.read()[0]
	if got := d.header.Get("webhook-timestamp"); got != strconv.FormatInt(attempt.Unix(), 10) {
		t.Errorf("signed at %s, want %d", got, attempt.Unix())
	}
	if !strings.Contains(d.body, `"timestamp":"2026-11-24T07:00:00Z"`) {
		t.Errorf("body %s", d.body)
	}
}

// What an event does not say is absent, and every event has a version.
func TestWebhookLeavesOut(t *testing.T) {
	body, err := json.Marshal(wireEvent(app.Event{Type: app.EventTest, At: at("2026-11-24 07:00"), Message: "a test"}))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"type":"test","timestamp":"2026-11-24T07:00:00Z","data":{"version":1,"message":"a test"}}`; string(body) != want {
		t.Errorf("body %s, want %s", body, want)
	}
	acknowledged := event(app.EventRenewalAcknowledged)
	acknowledged.Renewal.NewNotAfter, acknowledged.Renewal.Acknowledger = time.Time{}, "ilse@acme.example"
	if body, err = json.Marshal(wireEvent(acknowledged)); err != nil || strings.Contains(string(body), "new_not_after") || !strings.Contains(string(body), `"acknowledged_by":"ilse@acme.example"`) {
		t.Errorf("body %s, error %v", body, err)
	}
}

func TestWebhookSecrets(t *testing.T) {
	a, b := NewWebhookSecret(), NewWebhookSecret()
	if a == b || !strings.HasPrefix(a, "whsec_") {
		t.Errorf("secrets %q and %q", a, b)
	}
	side := newWebSide(t, true)
	for _, secret := range []string{"", "whsec_", "whsec_c2hvcnQ=", strings.TrimPrefix(a, "whsec_"), a + "!", "whsec_" + strings.Repeat("QUJD", 30)} {
		side.secret = secret
		err := side.deliver(t.Context())
		checkOutcome(t, err, false, true)
		if secret != "" && secret != "whsec_" {
			checkSilent(t, err, []string{secret})
		}
	}
	if n := side.arrived(); n != 0 {
		t.Errorf("%d events left unsigned", n)
	}
}

func TestSlackText(t *testing.T) {
	created := event(app.EventRenewalCreated)
	created.ConsoleURL = "https://segue.acme.example/projects/acme-prod"
	golden(t, "slack.txt", slackText(created)+"\n\n"+slackText(failure())+"\n")
	for text, want := range map[string]string{
		"<!channel> & <https://evil.example|click>": "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;",
		"@channel look":        "@\u200bchannel look",
		"to (@here), @all":     "to (@\u200bhere), @\u200ball",
		"ilse+x@acme.example":  "ilse+x@acme.example",
		"two\nlines\x00\u202e": "two lines",
	} {
		if got := slackEscape(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	side := newWebSide(t, false)
	if err := side.deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := side.read()[0]
	if d.header.Get(standardwebhooks.HeaderWebhookSignature) != "" || d.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", http.Header(d.header))
	}
	var body map[string]string
	if err := json.Unmarshal([]byte(d.body), &body); err != nil || body["text"] != slackText(event(app.EventRenewalCreated)) || len(body) != 1 {
		t.Errorf("body %s, error %v", d.body, err)
	}
}
