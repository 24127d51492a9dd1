package console

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

const (
	renewals    = demo + "/renewals"
	acknowledge = renewals + "/acknowledge"
)

// workShown are the users on a page of the work list, in its order.
func workShown(r *reply) []string {
	var shown []string
	for _, row := range r.all("tr", "data-row", "*") {
		for n := range row.Descendants() {
			if hasAttr(n, "data-open") {
				shown = append(shown, textOf(n))
			}
		}
	}
	return shown
}

// TestRenewals lists what awaits somebody across services, most urgent first.
func TestRenewals(t *testing.T) {
	r := newRig(t)
	page := r.operator().get(renewals).ok()
	want := []string{"ads-export", "fraud-scoring", "inventory-cdc", "orders-writer", "billing-sink", "audit-export"}
	if got := workShown(page); !slices.Equal(got, want) {
		t.Errorf("the list is %v, want %v", got, want)
	}
	page.shows("Lapsed 2", "Ends within 7 days 2", "Awaiting acknowledgement 2", "6 renewals across all services", "6 days left", "9 hours left")
	narrowed := r.operator().get(renewals + "?service=kafka-clickstream").ok().shows("1 renewal of kafka-clickstream")
	if got := workShown(narrowed); !slices.Equal(got, []string{"ads-export"}) {
		t.Errorf("of kafka-clickstream it is %v", got)
	}
	r.operator().get(renewals + "?service=nowhere").status(http.StatusNotFound)
	r.operator().get(renewals + "?after=x").status(http.StatusUnprocessableEntity)
	reader := r.reader().get(renewals).ok()
	if reader.hasLink("Acknowledge selected") || len(reader.all("input", "name", "renewal")) > 0 || strings.Contains(reader.body, "/acknowledge") {
		t.Error("somebody who only reads is offered to acknowledge")
	}
}

// TestAcknowledgeMany acknowledges what was selected, once.
func TestAcknowledgeMany(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	c.post(acknowledge, "renewal", "kafka-orders/orders-writer/2", "renewal", "kafka-clickstream/ads-export/2", "back", users).
		redirects(users).follow().ok().shows("2 renewals are acknowledged")
	if state := r.user("orders-writer").State; state != lifecycle.Acknowledged {
		t.Errorf("orders-writer is %s", state)
	}
	if n := r.audited("renewal.acknowledge"); n != r.acknowledgedByDemo()+2 {
		t.Errorf("%d entries of acknowledgements", n)
	}
	// Somebody else with an older page: told by whom, and nothing is stored again.
	r.now = r.now.Add(time.Minute)
	r.operator().post(acknowledge, "renewal", "kafka-orders/orders-writer/2").
		redirects(renewals).follow().shows("dana acknowledged orders-writer of kafka-orders", "Nothing is left to do.")
	if n := r.audited("renewal.acknowledge"); n != r.acknowledgedByDemo()+2 {
		t.Errorf("%d entries after acknowledging again", n)
	}
}

// acknowledgedByDemo counts what the demo's own story acknowledged.
func (r *rig) acknowledgedByDemo() (n int) {
	for _, e := range r.audit() {
		if e.Action == "renewal.acknowledge" && e.Actor == app.System().Email {
			n++
		}
	}
	return n
}

// TestAcknowledgeSomeCannot tells of each what became of it.
func TestAcknowledgeSomeCannot(t *testing.T) {
	r := newRig(t)
	c := r.operator()
	page := c.post(acknowledge, "renewal", "kafka-orders/billing-sink/2", "renewal", "kafka-orders/warehouse/1",
		"renewal", "kafka-orders/orders-writer/7", "renewal", "kafka-orders/gone/2", "back", renewals).ok()
	page.shows("1 renewal acknowledged", "Not acknowledged 2", "Nothing left to do 1", "Acknowledged now 1",
		"Nothing of warehouse of kafka-orders awaits acknowledgement.", "The newest generation is 2", "No such service user")
	if page.link("Back to the list") != renewals {
		t.Error("the way back does not lead back")
	}
	if state := r.user("orders-writer").State; state != lifecycle.Expiring {
		t.Errorf("orders-writer, of which another generation was named, is %s", state)
	}
	c.post(acknowledge, "renewal", "kafka-orders/gone/2").status(http.StatusConflict).shows("Nothing was acknowledged")
}

// TestAcknowledgeRefusals: what is malformed or not allowed stores nothing.
func TestAcknowledgeRefusals(t *testing.T) {
	r := newRig(t)
	before := r.audited("renewal.acknowledge")
	c := r.operator()
	c.post(acknowledge, "back", "https://elsewhere.example").redirects(renewals).follow().shows("no row was selected")
	for _, bad := range []string{"orders-writer", "kafka-orders/orders-writer/x", "kafka-orders/orders-writer/0", "a/b/c/2", "//2"} {
		if got := c.post(acknowledge, "renewal", bad); got.StatusCode != http.StatusUnprocessableEntity && got.StatusCode != http.StatusConflict {
			t.Errorf("%q: status %d", bad, got.StatusCode)
		}
	}
	r.reader().post(acknowledge, "renewal", "kafka-orders/orders-writer/2").status(http.StatusForbidden)
	if n := r.audited("renewal.acknowledge"); n != before {
		t.Errorf("%d acknowledgements were stored", n-before)
	}
}

// TestWorkGroups counts a group only where all of it is on the page.
func TestWorkGroups(t *testing.T) {
	row := func(end time.Duration) app.RenewalView {
		v := app.RenewalView{State: lifecycle.Expiring}
		v.OldNotAfter = t0.Add(end)
		if end < 0 {
			v.State = lifecycle.Lapsed
		}
		return v
	}
	rows := []app.RenewalView{row(-time.Hour), row(time.Hour), row(2 * time.Hour), row(30 * 24 * time.Hour)}
	for name, c := range map[string]struct {
		first, last bool
		want        []int
	}{
		"the whole list":      {true, true, []int{5, 2, 1}},
		"the first of pages":  {true, false, []int{5, 2, 0}},
		"the last of pages":   {false, true, []int{5, 2, 1}},
		"one between of many": {false, false, []int{5, 2, 0}},
	} {
		var got []int
		for _, g := range groupWork(rows, 5, t0, c.first, c.last) {
			got = append(got, g.Count)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: counts %v, want %v", name, got, c.want)
		}
	}
	if got := groupWork(rows[1:], 5, t0, false, true)[0].Count; got != 0 {
		t.Errorf("a group that begins on the page before counts %d", got)
	}
}
