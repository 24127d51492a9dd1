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
	// DigestInterval is the least time between two digests of a project, at least
	// a second; from a day up, digests are bound to calendar days and DigestHour.
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
	if err := n.checkReminders(); err != nil {
		return err
	}
	switch {
	case n.AfterLapse.Times < 0 || n.AfterLapse.Times > maxAfterLapse:
		return invalid("after_lapse", "after_lapse.times must be 0 to %d", maxAfterLapse)
	case n.AfterLapse.Times > 0 && n.AfterLapse.Every <= 0:
		return invalid("after_lapse", "after_lapse.every must be longer than 0")
	case n.AfterLapse.Times > 0 && n.AfterLapse.Every > MaxValidity/time.Duration(n.AfterLapse.Times):
		return invalid("after_lapse", "after_lapse must not go on for longer than %s", FormatDuration(MaxValidity))
	case n.DigestInterval < time.Second || n.DigestInterval > 31*day:
		return invalid("digest_interval", "digest_interval must be 1s to 31d")
	case n.DigestInterval > day && n.DigestInterval%day != 0:
		return invalid("digest_interval", "digest_interval must be whole days where it is longer than one")
	case n.DigestDelay < 0 || n.DigestDelay > day:
		return invalid("digest_delay", "digest_delay must be 0 to 1d")
	}
	return nil
}

func (n Notices) checkReminders() error {
	if len(n.Reminders) == 0 || len(n.Reminders) > maxReminders {
		return invalid("reminders", "reminders must hold 1 to %d entries, or people would never be reminded", maxReminders)
	}
	for i, r := range n.Reminders {
		switch {
		case r.Within <= 0 || r.Every <= 0:
			return invalid("reminders", "within and every must be longer than 0")
		case r.Every > r.Within:
			return invalid("reminders", "every must not be longer than its within, or nothing would be sent in that time")
		case r.Within > MaxValidity:
			return invalid("reminders", "no part of a policy may be longer than %s", FormatDuration(MaxValidity))
		case i > 0 && r.Within >= n.Reminders[i-1].Within:
			return invalid("reminders", "reminders must be in order, the longest within first")
		case i > 0 && r.Every > n.Reminders[i-1].Every:
			return invalid("reminders", "every must not grow from one entry to the next: people would hear less as the end comes near")
		}
	}
	return nil
}

// byDay reports whether digests are bound to calendar days.
func (n Notices) byDay() bool { return n.DigestInterval >= day }

// lapseOf is the first moment at which a pair that ends at oldEnd is not valid
// any more; moments are whole milliseconds.
func lapseOf(oldEnd time.Time) time.Time { return oldEnd.Add(time.Millisecond) }

// NextReminder is when people are told next of a renewal whose old pair ends at
// oldEnd, after they were told at last; ok is false when the schedule is over.
// The lapse itself is told as it happens, everything else at DigestHour in zone.
func (n Notices) NextReminder(oldEnd, last time.Time, zone *time.Location) (next time.Time, ok bool) {
	if last.After(oldEnd) {
		return n.nextAfter(oldEnd, last, zone)
	}
	if exact := n.nextBefore(oldEnd, last); !exact.After(oldEnd) {
		if at := n.notBefore(exact, last, zone); at.Before(oldEnd) {
			return at, true
		}
	}
	return lapseOf(oldEnd), true
}

// nextBefore is the exact moment of the next reminder, or of the lapse where that
// comes first. Each window asks for one an Every after the last, and for none
// before it begins.
func (n Notices) nextBefore(oldEnd, last time.Time) time.Time {
	next := lapseOf(oldEnd)
	for _, r := range n.Reminders {
		at := last.Add(r.Every)
		if begin := oldEnd.Add(-r.Within); begin.After(at) {
			at = begin
		}
		if at.Before(next) {
			next = at
		}
	}
	return next
}

// nextAfter is when people are told next once the old pair has ended. The k-th
// time is bound to its day and not to the time before, so that being told late
// once does not put off all that follows.
func (n Notices) nextAfter(oldEnd, last time.Time, zone *time.Location) (next time.Time, ok bool) {
	if n.AfterLapse.Times == 0 {
		return time.Time{}, false
	}
	for k := max(1, last.Sub(oldEnd)/n.AfterLapse.Every); int(k) <= n.AfterLapse.Times; k++ {
		at := oldEnd.Add(k * n.AfterLapse.Every)
		if n.byDay() {
			at = digestHour(at, 0, zone)
		}
		if at.After(last) {
			return at, true
		}
	}
	return time.Time{}, false
}

// ReminderFrom is the next reminder after the one at last, where nobody is to be
// told before from: what the schedule had until then comes once, at the first
// DigestHour. The lapse is told as it happens, or at once where it has.
func (n Notices) ReminderFrom(oldEnd, last, from time.Time, zone *time.Location) (next time.Time, ok bool) {
	next, ok = n.NextReminder(oldEnd, last, zone)
	if !ok || !next.Before(from) {
		return next, ok
	}
	at := n.notBefore(from, from.Add(-time.Millisecond), zone)
	if !last.After(oldEnd) && !at.Before(oldEnd) {
		at = lapseOf(oldEnd)
	}
	return at, true
}

// notBefore moves a moment to DigestHour of its day, or of the next one where that
// hour is not after last.
func (n Notices) notBefore(t, last time.Time, zone *time.Location) time.Time {
	if !n.byDay() {
		return t
	}
	for days := 0; ; days++ {
		if at := digestHour(t, days, zone); at.After(last) {
			return at
		}
	}
}

// digestHour is DigestHour some days after the day of t.
func digestHour(t time.Time, days int, zone *time.Location) time.Time {
	year, month, date := t.In(zone).Date()
	return time.Date(year, month, date+days, DigestHour, 0, 0, 0, zone).UTC()
}

// dayOf numbers the calendar days of a zone. Days are counted and not measured:
// where clocks change they are longer or shorter, and some have no midnight.
func dayOf(t time.Time, zone *time.Location) int {
	year, month, date := t.In(zone).Date()
	return int(time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Unix() / int64(day/time.Second))
}

// DigestFree reports whether a digest may leave now, the last one having left at
// last (zero: none has).
func (n Notices) DigestFree(last, now time.Time, zone *time.Location) bool {
	switch {
	case last.IsZero():
		return true
	case n.byDay():
		return dayOf(now, zone)-dayOf(last, zone) >= int(n.DigestInterval/day)
	}
	return now.Sub(last) >= n.DigestInterval
}

// NewsAt is when a digest about news of now leaves: after DigestDelay where none
// has left in that stretch of time, else as soon as the next one may, by days at
// DigestHour.
func (n Notices) NewsAt(lastDigest, now time.Time, zone *time.Location) time.Time {
	at := now.Add(n.DigestDelay)
	switch {
	case n.DigestFree(lastDigest, at, zone):
		return at
	case !n.byDay():
		return lastDigest.Add(n.DigestInterval)
	}
	for days := int(n.DigestInterval / day); ; days++ {
		if at = digestHour(lastDigest, days, zone); n.DigestFree(lastDigest, at, zone) {
			return at
		}
	}
}

// Slot names the stretch of time in which a recipient gets at most one digest.
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
