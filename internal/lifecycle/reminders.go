package lifecycle

import (
	"fmt"
	"time"
)

// Notices is the policy of telling people: when they are reminded of a renewal
// that awaits acknowledgement, and how often mail may leave.
type Notices struct {
	// Reminders hold from each Within before the old pair's end, in falling order.
	Reminders []Reminder
	// AfterLapse is how often people are told once the old pair has ended.
	AfterLapse AfterLapse
	// DigestDelay gathers news before the first digest of a day leaves.
	DigestDelay time.Duration
	// DigestInterval is the least time between two digests of a project; from a
	// day up, digests are bound to calendar days and DigestHour.
	DigestInterval time.Duration
	// TimeZone is an IANA name, such as "Europe/Helsinki".
	TimeZone string
}

// Reminder says that within Within of the end people are reminded every Every.
type Reminder struct {
	Within, Every time.Duration
}

// AfterLapse says that people are told Times times, every Every after the end.
type AfterLapse struct {
	Every time.Duration
	Times int
}

// DigestHour is when reminders leave, in the project's time zone.
const DigestHour = 9

// UrgentWithin is how near an end news is told at once, outside the digest.
const UrgentWithin = 7 * day

// DefaultNotices is what a project has until somebody sets another.
func DefaultNotices() Notices {
	return Notices{
		Reminders:  []Reminder{{90 * day, 14 * day}, {30 * day, 7 * day}, {7 * day, day}},
		AfterLapse: AfterLapse{Every: 7 * day, Times: 8}, DigestDelay: 10 * time.Minute, DigestInterval: day, TimeZone: "UTC",
	}
}

// maxReminders bounds the windows of a schedule.
const maxReminders = 20

// maxAfterLapse bounds how often people are told after a lapse.
const maxAfterLapse = 100

// Check reports which rule the policy breaks, as an *Error of kind Invalid. The
// time zone's name is checked by who can load it.
func (n Notices) Check() error {
	if len(n.Reminders) == 0 || len(n.Reminders) > maxReminders {
		return invalid("reminders", "reminders must hold 1 to %d entries, or people would never be reminded", maxReminders)
	}
	for i, r := range n.Reminders {
		switch {
		case r.Within <= 0 || r.Every <= 0:
			return invalid("reminders", "within and every must be longer than 0")
		case r.Every > r.Within:
			return invalid("reminders", "every must not be longer than its within, or nothing would be sent in that time")
		case i > 0 && r.Within >= n.Reminders[i-1].Within:
			return invalid("reminders", "reminders must be in order, the longest within first")
		case r.Within > MaxValidity:
			return invalid("reminders", "no part of a policy may be longer than %s", FormatDuration(MaxValidity))
		}
	}
	switch {
	case n.AfterLapse.Times < 0 || n.AfterLapse.Times > maxAfterLapse:
		return invalid("after_lapse", "after_lapse.times must be 0 to %d", maxAfterLapse)
	case n.AfterLapse.Times > 0 && (n.AfterLapse.Every <= 0 || n.AfterLapse.Every > MaxValidity):
		return invalid("after_lapse", "after_lapse.every must be longer than 0")
	case n.DigestInterval <= 0 || n.DigestInterval > 31*day:
		return invalid("digest_interval", "digest_interval must be longer than 0 and at most 31d")
	case n.DigestInterval > day && n.DigestInterval%day != 0:
		return invalid("digest_interval", "digest_interval must be whole days where it is longer than one")
	case n.DigestDelay < 0 || n.DigestDelay > day:
		return invalid("digest_delay", "digest_delay must be 0 to 1d")
	}
	return nil
}

// byDay reports whether digests are bound to calendar days.
func (n Notices) byDay() bool { return n.DigestInterval >= day }

// NextReminder is when people are told next of a renewal whose old pair ends at
// oldEnd, after they were told at last; ok is false when the schedule is over.
// The lapse itself is told at oldEnd, everything else at DigestHour in zone.
func (n Notices) NextReminder(oldEnd, last time.Time, zone *time.Location) (next time.Time, ok bool) {
	if last.Before(oldEnd) {
		at := n.onDigestHour(n.nextBefore(oldEnd, last), last, zone)
		if at.Before(oldEnd) {
			return at, true
		}
		return oldEnd, true
	}
	if n.AfterLapse.Times == 0 {
		return time.Time{}, false
	}
	k := last.Sub(oldEnd)/n.AfterLapse.Every + 1
	if n.byDay() { // a digest hour before the exact moment already was that one
		k = (last.Sub(oldEnd)+day)/n.AfterLapse.Every + 1
	}
	if int(k) > n.AfterLapse.Times {
		return time.Time{}, false
	}
	return n.onDigestHour(oldEnd.Add(k*n.AfterLapse.Every), last, zone), true
}

// nextBefore is the exact moment of the next reminder before oldEnd, or oldEnd.
func (n Notices) nextBefore(oldEnd, last time.Time) time.Time {
	next := oldEnd
	for _, r := range n.Reminders {
		begin := oldEnd.Add(-r.Within)
		if begin.After(last) {
			if begin.Before(next) {
				next = begin // a shorter rhythm begins
			}
			break // the windows after this one begin later still
		}
		next = last.Add(r.Every)
	}
	if next.After(oldEnd) {
		return oldEnd
	}
	return next
}

// onDigestHour moves a moment to DigestHour of its day, or of the next day where
// that hour is not after last.
func (n Notices) onDigestHour(t, last time.Time, zone *time.Location) time.Time {
	if !n.byDay() {
		return t
	}
	local := t.In(zone)
	at := time.Date(local.Year(), local.Month(), local.Day(), DigestHour, 0, 0, 0, zone)
	if !at.After(last) {
		at = time.Date(local.Year(), local.Month(), local.Day()+1, DigestHour, 0, 0, 0, zone)
	}
	return at.UTC()
}

// DigestFree reports whether a digest may leave now, the last one having left at
// last (zero: none has).
func (n Notices) DigestFree(last, now time.Time, zone *time.Location) bool {
	return !now.Before(n.nextDigest(last, zone))
}

// nextDigest is the earliest moment of the next digest after the one at last.
func (n Notices) nextDigest(last time.Time, zone *time.Location) time.Time {
	if last.IsZero() {
		return last
	}
	if !n.byDay() {
		return last.Add(n.DigestInterval)
	}
	local := last.In(zone)
	return time.Date(local.Year(), local.Month(), local.Day()+int(n.DigestInterval/day), 0, 0, 0, 0, zone).UTC()
}

// NewsAt is when a digest about news of now leaves: after DigestDelay where none
// left today, else at DigestHour of the next day that has one.
func (n Notices) NewsAt(lastDigest, now time.Time, zone *time.Location) time.Time {
	at := now.Add(n.DigestDelay)
	free := n.nextDigest(lastDigest, zone)
	if !at.Before(free) {
		return at
	}
	if !n.byDay() {
		return free
	}
	return free.In(zone).Add(DigestHour * time.Hour).UTC()
}

// Slot names the stretch of time that has at most one digest.
func (n Notices) Slot(now time.Time, zone *time.Location) string {
	if n.byDay() {
		return now.In(zone).Format(time.DateOnly)
	}
	return fmt.Sprint(now.UnixMilli() / n.DigestInterval.Milliseconds())
}

// Urgent reports whether news about an end is told at once.
func Urgent(end, now time.Time) bool { return end.Sub(now) < UrgentWithin }

// CheckSnooze holds the rule for silencing reminders until a date: in the
// future, and never past the old pair's end.
func CheckSnooze(f Facts, until, now time.Time) error {
	end, ok := f.ExpiringEnd()
	switch {
	case !ok:
		return conflict("no renewal of this user awaits acknowledgement: there is nothing to snooze")
	case !until.After(now):
		return invalid("until", "until must lie in the future")
	case until.After(end):
		return invalid("until", "until must not lie past the old pair's end, %s: after that its clients are cut off", stamp(end))
	}
	return nil
}
