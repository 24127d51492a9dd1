package lifecycle

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Policy says how long a pair lives and when the next one is made.
type Policy struct {
	Validity    time.Duration // from issue to the certificate's end
	RenewBefore time.Duration // the next pair is made this long before the end, at the latest
	Spread      time.Duration // and up to this much earlier, by user, so that renewals do not come all at once
}

// Rekey says whether a key that its client keeps may be certified again. It is set
// as a part of the policy, though no due date hangs on it.
type Rekey string

// The ways to renew a certificate whose key is with its client.
const (
	RekeyAllowed  Rekey = "allowed"  // a new key is taken, and without one the same is certified again
	RekeyRequired Rekey = "required" // each renewal waits for a new key
)

// ParseRekey reads the value of a policy.
func ParseRekey(field, s string) (Rekey, error) {
	if r := Rekey(s); r == RekeyAllowed || r == RekeyRequired {
		return r, nil
	}
	return "", invalid(field, "%s must be %q or %q", field, RekeyAllowed, RekeyRequired)
}

const day = 24 * time.Hour

// DefaultPolicy is what a project has until somebody sets another.
func DefaultPolicy() Policy {
	return Policy{Validity: 820 * day, RenewBefore: 90 * day, Spread: 5 * day}
}

// MaxValidity keeps every end representable in a certificate and in milliseconds.
const MaxValidity = 100 * 365 * day

// Check reports which rule the policy breaks, as an *Error of kind Invalid.
func (p Policy) Check() error {
	switch {
	case p.Validity <= 0:
		return invalid("validity", "validity must be longer than 0")
	case p.RenewBefore <= 0:
		return invalid("renew_before", "renew_before must be longer than 0")
	case p.Spread < 0:
		return invalid("spread", "spread must not be negative")
	case p.Validity > MaxValidity:
		return tooLong("validity")
	case p.RenewBefore > MaxValidity:
		return tooLong("renew_before")
	case p.Spread > MaxValidity:
		return tooLong("spread")
	case p.Validity/2 < p.RenewBefore+p.Spread: // twice the sum could overflow
		return invalid("validity", "validity must be at least 2 × (renew_before + spread), or renewals would overlap without end")
	}
	return nil
}

func tooLong(field string) error {
	return invalid(field, "%s must be at most %s", field, FormatDuration(MaxValidity))
}

// Override is the part of a policy that a project or a service sets itself; nil means inherited.
type Override struct {
	Validity, RenewBefore, Spread *time.Duration
	Rekey                         *Rekey
}

// Source names where an effective value comes from.
type Source string

// Where a value of a policy can come from, the nearest first.
const (
	FromService Source = "service"
	FromProject Source = "project"
	FromDefault Source = "default"
)

// Sources says where each value of an effective policy comes from.
type Sources struct {
	Validity, RenewBefore, Spread Source
}

// Effective lays the service's override over the project's over the default.
func Effective(project, service Override) (Policy, Sources) {
	p := DefaultPolicy()
	src := Sources{FromDefault, FromDefault, FromDefault}
	lay := func(o Override, from Source) {
		set(o.Validity, &p.Validity, from, &src.Validity)
		set(o.RenewBefore, &p.RenewBefore, from, &src.RenewBefore)
		set(o.Spread, &p.Spread, from, &src.Spread)
	}
	lay(project, FromProject)
	lay(service, FromService)
	return p, src
}

// EffectiveRekey is Effective for what a renewal demands of a key that its client keeps.
func EffectiveRekey(project, service Override) (Rekey, Source) {
	r, from := RekeyAllowed, FromDefault
	set(project.Rekey, &r, FromProject, &from)
	set(service.Rekey, &r, FromService, &from)
	return r, from
}

// set lays one value of an override, where it has it.
func set[T any](value, into *T, from Source, source *Source) {
	if value != nil {
		*into, *source = *value, from
	}
}

// RenewAt is when a pair that ends at notAfter is due: never later than
// RenewBefore before its end, up to Spread earlier by a hash of the user.
func (p Policy) RenewAt(userID int64, notAfter time.Time) time.Time {
	return notAfter.Add(-p.RenewBefore - share(userID, "renew", p.Spread)).Truncate(time.Millisecond)
}

// share is a whole number of milliseconds in [0, of), the same for the same user and purpose.
func share(userID int64, purpose string, of time.Duration) time.Duration {
	ms := of.Milliseconds()
	if ms <= 0 {
		return 0
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(userID))
	sum := sha256.Sum256(append(b[:], purpose...))
	return time.Duration(binary.BigEndian.Uint64(sum[:8])%uint64(ms)) * time.Millisecond
}

// SpreadOver is how far renewals that a policy change makes due at once are spread.
const SpreadOver = 7 * day

// Redue is the due date of a pair after its policy changed to p. Where the new
// policy makes it due at once while it was not before, it gets a place in the
// next SpreadOver instead, but none later than it had (spreadTo is then that
// place, to be recorded), unless its end is so near that waiting would eat into
// the overlap.
func (p Policy) Redue(userID int64, notAfter, wasDue, now time.Time) (renewAt, spreadTo time.Time) {
	due := p.RenewAt(userID, notAfter)
	if due.After(now) || !wasDue.After(now) || notAfter.Before(now.Add(2*SpreadOver)) {
		return due, time.Time{}
	}
	slot := now.Add(share(userID, "spread", SpreadOver)).Truncate(time.Millisecond)
	if slot.After(wasDue) {
		slot = wasDue
	}
	return slot, slot
}

// NeedsConfirmation reports whether a policy change that makes due of total
// users renew at once is large enough to ask first.
func NeedsConfirmation(due, total int) bool { return due > 100 && due*10 > total }

var units = []struct {
	suffix string
	unit   time.Duration
}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}

// ParseDuration reads "820d", "36h", "90m", "30s" or a sum such as "1d12h".
func ParseDuration(field, s string) (time.Duration, error) {
	bad := func() (time.Duration, error) {
		return 0, invalid(field, "%s must be a whole number with a unit of d, h, m or s, such as \"820d\" or \"1d12h\"", field)
	}
	if s == "" || len(s) > 32 {
		return bad()
	}
	var total time.Duration
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 {
			return bad()
		}
		n, err := strconv.ParseInt(s[:i], 10, 64)
		if err != nil {
			return 0, tooLong(field)
		}
		unit := time.Duration(0)
		for _, u := range units {
			if s[i:i+1] == u.suffix {
				unit = u.unit
			}
		}
		if unit == 0 {
			return bad()
		}
		if n > int64((MaxValidity-total)/unit) {
			return 0, tooLong(field)
		}
		total += time.Duration(n) * unit
		s = s[i+1:]
	}
	return total, nil
}

// FormatDuration writes d the way ParseDuration reads it, in the largest units
// that divide it; fractions of a second are dropped.
func FormatDuration(d time.Duration) string {
	if d < time.Second {
		return "0s"
	}
	var b strings.Builder
	for _, u := range units {
		if n := d / u.unit; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.suffix)
			d -= n * u.unit
		}
	}
	return b.String()
}
