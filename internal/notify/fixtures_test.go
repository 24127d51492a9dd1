package notify

import (
	"fmt"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

func helsinki(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// at reads a UTC time as "2026-11-24 07:00".
func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

// renewal is an item whose pairs live for 820 days and overlap.
func renewal(user string, generation int, now, oldEnd, newEnd time.Time) app.DigestItem {
	return app.DigestItem{
		User: user, Generation: generation, Lapsed: now.After(oldEnd),
		OldNotBefore: oldEnd.AddDate(0, 0, -820), OldNotAfter: oldEnd,
		NewNotBefore: newEnd.AddDate(0, 0, -820), NewNotAfter: newEnd,
	}
}

// acme is a morning at a project where most things are the matter.
func acme(t testing.TB) app.Digest {
	now := at("2026-11-24 07:00")
	telemetry := app.DigestSection{
		ServiceSummary: app.ServiceSummary{Service: "kafka-telemetry", Lapsed: 1, Awaiting: 2, Renewed: 1},
		Items: []app.DigestItem{
			renewal("metrics-shipper", 2, now, at("2026-11-20 02:44"), at("2028-11-17 02:44")),
			renewal("edge-gateway", 4, now, at("2026-12-12 20:41"), at("2028-12-09 22:41")),
			renewal("device-registry", 2, now, at("2027-02-24 16:03"), at("2029-02-21 16:03")),
		},
	}
	orders := app.DigestSection{
		ServiceSummary: app.ServiceSummary{Service: "kafka-orders", Awaiting: 17, Snoozed: 1},
		Items: []app.DigestItem{
			renewal("orders-writer", 2, now, at("2026-11-30 21:57"), at("2028-11-28 21:57")),
			renewal("billing-sink", 3, now, at("2027-01-04 18:30"), at("2028-12-31 23:30")),
			renewal("audit-export", 2, now, at("2027-02-09 13:05"), at("2029-02-06 13:05")),
		},
		More: 14,
	}
	return app.Digest{
		Project: "acme-prod", Recipient: "ilse@acme.example", Why: "You are an operator of acme-prod",
		Now: now, Zone: helsinki(t), Lapsed: 1, Awaiting: 19, Renewed: 1, Snoozed: 1,
		Sections: []app.DigestSection{telemetry, orders}, PublicURL: "https://segue.acme.example",
		Recorded: now, AuditSeq: 18203, AuditMAC: "9c4170d2b85ee07b1f0a66c2d4e8b7399c4170d2b85ee07b1f0a66c2d4e8b739",
	}
}

// acmeWithConsole is the same where a console is reached.
func acmeWithConsole(t testing.TB) app.Digest {
	d := acme(t)
	d.ConsoleURL = "https://segue.acme.example/projects/acme-prod"
	return d
}

// oneUrgent is an end that is near, told at once, of a project in UTC.
func oneUrgent(testing.TB) app.Digest {
	now := at("2026-11-24 07:00")
	return app.Digest{
		Project: "acme.test", Recipient: "ops@acme.example", Why: "You are a technical contact of acme.test.",
		Now: now, Zone: time.UTC, Awaiting: 1, Urgent: true,
		Sections: []app.DigestSection{{
			ServiceSummary: app.ServiceSummary{Service: "orders", Awaiting: 1},
			Items:          []app.DigestItem{renewal("shop", 7, now, now.Add(5*time.Hour+59*time.Minute), at("2029-02-22 07:00"))},
		}},
	}
}

// quiet is a digest that has good news alone.
func quiet(t testing.TB) app.Digest {
	return app.Digest{
		Project: "acme-prod", Recipient: "ilse@acme.example", Why: "You are an admin of acme-prod.",
		Now: at("2026-11-24 07:00"), Zone: helsinki(t), Renewed: 3, Snoozed: 1,
		Sections: []app.DigestSection{{ServiceSummary: app.ServiceSummary{Service: "kafka-orders", Renewed: 3, Snoozed: 1}}},
	}
}

// large is as many items as a digest ever lists, most of them near their end.
func large(t testing.TB, sections, items int, name func(i int) string) app.Digest {
	now := at("2026-11-24 07:00")
	d := app.Digest{
		Project: "acme-prod", Recipient: "ilse@acme.example", Why: "You are an operator of acme-prod.",
		Now: now, Zone: helsinki(t), PublicURL: "https://segue.acme.example", Recorded: now,
		ConsoleURL: "https://segue.acme.example/projects/acme-prod",
		AuditSeq:   18203, AuditMAC: "9c4170d2b85ee07b1f0a66c2d4e8b7399c4170d2b85ee07b1f0a66c2d4e8b739",
	}
	for s := range sections {
		section := app.DigestSection{ServiceSummary: app.ServiceSummary{Service: name(s), Awaiting: 10_000}}
		for i := range items / sections {
			end := now.Add(time.Duration(s*items+i)*11*time.Hour - 20*24*time.Hour)
			section.Items = append(section.Items, renewal(name(100+s*items+i), 2, now, end, end.AddDate(0, 0, 730)))
		}
		section.More = 10_000 - len(section.Items)
		d.Awaiting += section.Awaiting
		d.Sections = append(d.Sections, section)
	}
	return d
}

// event is a fact about orders-writer.
func event(typ app.EventType) app.Event {
	return app.Event{
		ID: "evt_01hv", Type: typ, At: at("2026-11-24 07:00"),
		Project: "acme-prod", Service: "kafka-orders", User: "orders-writer",
		Renewal: &app.EventPair{
			Generation: 2, Replaced: 1, OldNotAfter: at("2026-11-30 21:57"), NewNotAfter: at("2028-11-28 21:57"),
		},
		Message:   "orders-writer of kafka-orders has a new pair, generation 2; the old one works until 30 Nov 2026 21:57 UTC",
		Remedy:    "put the new pair in use, then acknowledge it",
		PublicURL: "https://segue.acme.example",
	}
}

// failure is an event that stops everything.
func failure() app.Event {
	return app.Event{
		ID: "evt_02", Type: app.EventSweepStale, At: at("2026-11-24 07:00"), Project: "acme-prod",
		Message: "no sweep has run since 23 Nov 2026 06:12 UTC: nothing is being renewed",
		Remedy:  "look at the log of `segue serve` and run `segue doctor`",
	}
}

func names(prefix string) func(int) string {
	return func(i int) string { return fmt.Sprintf("%s-%03d", prefix, i) }
}
