package app

import (
	"context"
	"errors"
	"time"
)

// maxClockDifference is how far the clocks of a host and of its database may differ.
const maxClockDifference = 5 * time.Minute

// CheckClock refuses to sweep at now where the database host's clock says something
// else: renewals made by a clock that is ahead cannot be taken back.
func CheckClock(host, now time.Time) error {
	if host.Sub(now).Abs() > maxClockDifference {
		return errors.New("the clocks of this host and of the database differ by more than 5 minutes: set them right (for example by NTP); nothing is renewed until then")
	}
	return nil
}

// sweepAhead is how far in the future the last sweep may lie.
const sweepAhead = 5 * time.Minute

// acceptClock is the remedy for a sweep that was noted in the future.
const acceptClock = "set this host's clock right; where it is right and that sweep's was not, run `segue sweep --accept-clock`"

// longestWait is the longest that an attempt at a message is put off.
const longestWait = 9 * time.Hour

// AcceptClock takes now for the right time where the last sweep lies ahead of it:
// whoever runs Segue says that it ran by a wrong clock. Until then every sweep is
// refused, for a clock that fell behind looks the same from here. What was noted
// ahead of now is noted at now; certificates and messages stay as they were made.
// It returns the moment of that sweep, zero where there was nothing to accept.
func (a *App) AcceptClock(ctx context.Context, actor Actor, now time.Time) (ahead time.Time, err error) {
	last, err := a.Inspector.LastSweep(ctx)
	if err != nil || last.Sub(now) <= sweepAhead {
		return time.Time{}, err
	}
	return last, a.write(ctx, actor, now, func(u *unit) error {
		if err := u.RewindClock(ctx, now, now.Add(longestWait)); err != nil {
			return err
		}
		return u.audit(0, "sweep.accept-clock", "", "", map[string]string{"last_sweep": stamp(last), "now": stamp(now)})
	})
}
