package app_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// TestAcceptClock sweeps by a clock that is two years ahead and then right again:
// everything is refused and says so, until somebody says that this clock is right.
func TestAcceptClock(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.member(operator, app.RoleOperator)
		f.createUser("ada")
		f.tick()
		f.at(f.now.Add(740 * day)) // by the wrong clock
		f.at(f.now.Add(time.Hour))
		if len(f.news()) != 2 {
			t.Fatal("nobody heard of the renewals")
		}
		ahead := f.now
		f.now = start.Add(8 * day)
		if _, err := f.Sweep(f.ctx, app.SweepOptions{}, f.now); !errors.Is(err, app.ErrClockBehind) || !strings.Contains(err.Error(), "--accept-clock") {
			t.Fatalf("a sweep long before the last one: %v", err)
		}
		const refused = "3 this Segue: the last sweep was noted at "
		notYet := []string{"0 acme/orders/ada: its pair is not valid before", "0 acme/orders/avnadmin: its pair is not valid before"}
		f.named(f.check(), append(notYet, refused+ahead.Format(time.RFC3339))...)
		f.record()
		f.deliver()
		mail := f.mailedTo(operator)[operator]
		f.says(mail, "ahead of this clock: every sweep is refused until then", "segue sweep --accept-clock")
		m, err := f.ReadMetrics(f.ctx, f.now)
		f.must(err)
		if !m.LastSweep.Equal(ahead) {
			t.Errorf("the metrics speak of a sweep at %s", m.LastSweep)
		}

		accepted, err := f.AcceptClock(f.ctx, f.admin, f.now)
		f.must(err)
		if !accepted.Equal(ahead) {
			t.Errorf("accepted instead of %s, want %s", accepted, ahead)
		}
		f.named(f.check(), notYet...)
		f.sweep()
		if again, err := f.AcceptClock(f.ctx, f.admin, f.now); err != nil || !again.IsZero() {
			t.Errorf("with nothing to accept: %s, %v", again, err)
		}
		if n := ask[int](f.fixture, `SELECT COUNT(*) FROM audit WHERE project_id = 0 AND action = 'sweep.accept-clock'`); n != 1 {
			t.Errorf("%d entries in the log of the instance, want one", n)
		}

		// The pairs that nobody can use yet are made again, and life goes on.
		for _, user := range []string{"ada", "avnadmin"} {
			_, err := f.ResetCredentials(f.ctx, f.admin, "acme", "orders", user, "", f.now)
			f.must(err)
		}
		f.named(f.check())
		f.now = f.user("ada").RenewAt.Add(time.Minute)
		f.at(f.now)
		f.at(f.now.Add(time.Hour))
		f.names(f.mailedTo(kafkaTeam, operator)[operator], "ada", "avnadmin")
		f.clean()
	})
}

// TestCheckClock has a host and its database differ.
func TestCheckClock(t *testing.T) {
	for by, fine := range map[time.Duration]bool{0: true, 5 * time.Minute: true, -5 * time.Minute: true, 5*time.Minute + 1: false, -6 * time.Minute: false} {
		if err := app.CheckClock(start.Add(by), start); (err == nil) != fine {
			t.Errorf("%s: %v", by, err)
		}
	}
}
