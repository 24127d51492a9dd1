package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// DemoProject is the project that the demo fills.
const DemoProject = "demo"

// demoUser is one life to be lived through before now. Times are relative to
// now; ages count back from it.
type demoUser struct {
	service, name string
	// oldEnd is when the first pair ends (or ended); its birth follows from the policy.
	oldEnd time.Duration
	// acknowledged is how long ago somebody acknowledged its renewal; 0: nobody did.
	acknowledged time.Duration
	// reset and deleted are how long ago that happened; 0: never.
	reset, deleted time.Duration
}

const (
	demoOrders = "kafka-orders"
	demoClicks = "kafka-clickstream"
	demoDay    = 24 * time.Hour
)

// demoUsers are twelve users at every stage of the life.
var demoUsers = []demoUser{
	{service: demoOrders, name: "orders-writer", oldEnd: 6*demoDay + 3*time.Hour},                   // ends this week, nobody acknowledged
	{service: demoOrders, name: "billing-sink", oldEnd: 41*demoDay + 5*time.Hour},                   // expiring
	{service: demoOrders, name: "audit-export", oldEnd: 77*demoDay + time.Hour},                     // expiring, renewed lately
	{service: demoOrders, name: "inventory-cdc", oldEnd: 9*time.Hour + 20*time.Minute},              // ends today
	{service: demoOrders, name: "fraud-scoring", oldEnd: -4*demoDay - time.Hour},                    // lapsed
	{service: demoOrders, name: "refunds", oldEnd: 33 * demoDay, acknowledged: 12 * demoDay},        // overlap, acknowledged
	{service: demoOrders, name: "warehouse", oldEnd: 270 * demoDay},                                 // valid
	{service: demoClicks, name: "web-collector", oldEnd: 815 * demoDay},                             // valid, new
	{service: demoClicks, name: "sessionizer", oldEnd: -120 * demoDay, acknowledged: 150 * demoDay}, // second pair, valid
	{service: demoClicks, name: "ads-export", oldEnd: -41 * demoDay},                                // lapsed long ago
	{service: demoClicks, name: "recommender", oldEnd: 500 * demoDay, reset: 20 * demoDay},          // reset after a leak
	{service: demoClicks, name: "trial-import", oldEnd: 600 * demoDay, deleted: 2 * demoDay},        // deleted
}

// demoSince is how long ago the demo's story begins: before its oldest pair.
const demoSince = 1000 * demoDay

// demoEvent is one moment of the story.
type demoEvent struct {
	at time.Time
	do func(ctx context.Context, at time.Time) error
}

// Demo lives the story of twelve users through the real use cases, oldest
// event first, so that the store holds real certificates and a real audit log.
// It does nothing where the project exists already.
func (a *App) Demo(ctx context.Context, now time.Time) error {
	begin := now.Add(-demoSince)
	_, err := a.createProject(ctx, System(), NewProject{Name: DemoProject, TechEmails: []string{"kafka-team@example.com"}}, begin.Add(-CABackdate), begin)
	var refused *Error
	if errors.As(err, &refused) && refused.Code == CodeConflict {
		return nil
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	story := &demoStory{app: a, now: now}
	story.services(begin)
	for _, u := range demoUsers {
		story.user(u)
	}
	for {
		next, ok := story.pop()
		if !ok {
			return nil
		}
		if err := next.do(ctx, next.at); err != nil {
			return fmt.Errorf("demo, at %s: %w", stamp(next.at), err)
		}
	}
}

type demoStory struct {
	app    *App
	now    time.Time
	events []demoEvent
}

func (d *demoStory) at(t time.Time, do func(ctx context.Context, at time.Time) error) {
	if !t.After(d.now) {
		d.events = append(d.events, demoEvent{t, do})
	}
}

// pop takes the earliest event; events may add later ones.
func (d *demoStory) pop() (demoEvent, bool) {
	first := -1
	for i, e := range d.events {
		if first < 0 || e.at.Before(d.events[first].at) {
			first = i
		}
	}
	if first < 0 {
		return demoEvent{}, false
	}
	e := d.events[first]
	d.events = append(d.events[:first], d.events[first+1:]...)
	return e, true
}

func (d *demoStory) services(begin time.Time) {
	for i, name := range []string{demoOrders, demoClicks} {
		n := NewService{Name: name, UserConfig: map[string]any{
			"bootstrap_servers": fmt.Sprintf("%s.example.com:%d", name, 9092),
		}}
		d.at(begin.Add(time.Duration(i)*time.Hour), func(ctx context.Context, at time.Time) error {
			if err := d.app.createService(ctx, System(), DemoProject, n, at); err != nil {
				return err
			}
			return d.renewWhenDue(ctx, n.Name, lifecycle.PrimaryUser, 5*demoDay)
		})
	}
}

func (d *demoStory) user(u demoUser) {
	born := d.now.Add(u.oldEnd - lifecycle.DefaultPolicy().Validity)
	d.at(born, func(ctx context.Context, at time.Time) error {
		if err := d.app.AddUser(ctx, System(), DemoProject, u.service, u.name, at); err != nil {
			return err
		}
		return d.renewWhenDue(ctx, u.service, u.name, 0)
	})
	if u.acknowledged > 0 {
		d.at(d.now.Add(-u.acknowledged), func(ctx context.Context, at time.Time) error {
			return d.app.AcknowledgeRenewal(ctx, System(), DemoProject, u.service, u.name, 0, at)
		})
	}
	if u.reset > 0 {
		d.at(d.now.Add(-u.reset), func(ctx context.Context, at time.Time) error {
			return d.app.ResetPair(ctx, System(), DemoProject, u.service, u.name, at)
		})
	}
	if u.deleted > 0 {
		d.at(d.now.Add(-u.deleted), func(ctx context.Context, at time.Time) error {
			_, err := d.app.DeleteUser(ctx, System(), DemoProject, u.service, u.name, at)
			return err
		})
	}
}

// renewWhenDue adds the sweep's renewal on its date, as serve would have made
// it, and an acknowledgement that long after it where that is not 0.
func (d *demoStory) renewWhenDue(ctx context.Context, service, user string, acknowledgedAfter time.Duration) error {
	var due time.Time
	err := d.app.Store.Read(ctx, func(r Reader) error {
		t, err := findTarget(ctx, r, System(), DemoProject, service, user, ReadProject)
		due = t.user.Facts.RenewAt
		return err
	})
	if err != nil {
		return err
	}
	d.at(due, func(ctx context.Context, at time.Time) error {
		return d.app.changeUser(ctx, System(), DemoProject, service, user, at,
			func(f lifecycle.Facts, t lifecycle.Terms) (lifecycle.Change, error) {
				return lifecycle.Renew(f, t, at)
			}, nil)
	})
	if acknowledgedAfter > 0 {
		d.at(due.Add(acknowledgedAfter), func(ctx context.Context, at time.Time) error {
			return d.app.AcknowledgeRenewal(ctx, System(), DemoProject, service, user, 0, at)
		})
	}
	return nil
}
