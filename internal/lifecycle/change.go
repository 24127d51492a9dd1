package lifecycle

import (
	"slices"
	"time"
)

// Action names what a Change does, in the words of the audit log.
type Action string

// The actions on a user's pairs.
const (
	ActionCreate      Action = "user.create"
	ActionRenew       Action = "renewal.create"
	ActionAcknowledge Action = "renewal.acknowledge"
	ActionReset       Action = "user.reset-credentials"
	ActionDelete      Action = "user.delete"
	ActionPostpone    Action = "renewal.postpone"
	ActionAwaitCSR    Action = "renewal.await-csr"
)

// Change is one decided step in a user's life. It is applied whole or not at
// all, and only to facts of Revision Base. Both the sweep and the use cases save
// this type, so audit and messages have one place to be written from.
type Change struct {
	Action Action
	Base   int64 // the revision it was decided on; 0 for a new user
	At     time.Time

	// Issue is the generation to make; nil when none is.
	Issue *Issue
	// Open is the renewal that begins; nil when none does.
	Open *Renewal
	// Fulfil is the renewal that waited for a certificate signing request and whose
	// pair Issue is, with its new fields; nil when none did.
	Fulfil *Renewal
	// Await is true where the sweep leaves the user alone from now on, until a
	// certificate signing request comes or the policy changes.
	Await bool
	// Acknowledge is the renewal that was acknowledged, with its new fields; nil when none was.
	Acknowledge *Renewal
	// Close holds the New of each renewal that closes, as CloseAs.
	Close   []int
	CloseAs ClosedAs
	// Revoke holds the numbers of the generations that are revoked and lose their key.
	Revoke []int
	// Delete is true when the user ends.
	Delete bool

	// Due is the new due date; nil when it stays.
	Due *Due
}

// Issue says which certificate is to be made.
type Issue struct {
	Number int
	// ByCSR is true where the client keeps the key.
	ByCSR     bool
	NotBefore time.Time
	NotAfter  time.Time
}

// Due is when a pair is to be renewed and why then: by Policy, or by SpreadTo.
type Due struct {
	At       time.Time
	Policy   Policy
	SpreadTo time.Time // zero when At is what Policy says
}

// Empty reports whether the change does nothing: what was asked is already so.
func (c Change) Empty() bool {
	return c.Issue == nil && c.Acknowledge == nil && c.Due == nil && !c.Delete && !c.Await
}

// Backdate is how long before its issue a certificate's notBefore lies, for clocks that lag.
const Backdate = time.Hour

// KeyKeptFor is how long a key is kept after its certificate's end.
const KeyKeptFor = 30 * day

// Terms are what a new pair is issued under.
type Terms struct {
	Policy Policy
	CAEnd  time.Time // a leaf never outlives its CA
	Rekey  Rekey     // for a user whose key is with its client
}

// issue decides the certificate and due date of generation n. A pair that would
// itself be due at once is refused: issuing it would only start a loop.
func issue(userID int64, n int, t Terms, now time.Time) (*Issue, *Due, error) {
	end := now.Add(t.Policy.Validity)
	if end.After(t.CAEnd) {
		end = t.CAEnd
	}
	end = end.Truncate(time.Second) // a certificate's times are whole seconds
	due := t.Policy.RenewAt(userID, end)
	if !due.After(now) {
		return nil, nil, conflict("a pair issued now would end at %s and be due for renewal at once: the certificate authority ends at %s; rotate it, or shorten renew_before",
			stamp(end), stamp(t.CAEnd))
	}
	return &Issue{Number: n, NotBefore: now.Add(-Backdate).Truncate(time.Second), NotAfter: end},
		&Due{At: due, Policy: t.Policy}, nil
}

// Create decides the first generation of a new user.
func Create(userID int64, t Terms, now time.Time) (Change, error) {
	is, due, err := issue(userID, 1, t, now)
	if err != nil {
		return Change{}, err
	}
	return Change{Action: ActionCreate, At: now, Issue: is, Due: due}, nil
}

// CreateByCSR is Create for a user whose key a certificate signing request brought.
func CreateByCSR(userID int64, t Terms, now time.Time) (Change, error) {
	c, err := Create(userID, t, now)
	if err == nil {
		c.Issue.ByCSR = true
	}
	return c, err
}

// Renew decides what the sweep does with a user that is due: the next generation
// and its renewal, or, while two older generations are still live, a later due
// date, so that never more than three pairs of one user authenticate at once.
// Ends grow by at least renew_before from one generation to the next, so the
// older ones always end before the current pair does. A user whose key is with its
// client gets the same key certified again, or, where the policy requires a new
// key, a renewal that waits for it.
func Renew(f Facts, t Terms, now time.Time) (Change, error) {
	if !f.DeletedAt.IsZero() {
		return Change{}, conflict("the user is deleted")
	}
	if others := f.OthersLive(now); len(others) >= 2 {
		at := others[0].NotAfter
		for _, o := range others[1:] {
			if o.NotAfter.Before(at) {
				at = o.NotAfter
			}
		}
		at = at.Add(time.Second)
		return Change{Action: ActionPostpone, Base: f.Revision, At: now, Due: &Due{At: at, Policy: t.Policy, SpreadTo: at}}, nil
	}
	if f.Current().ByCSR && t.Rekey == RekeyRequired {
		return awaitCSR(f, now), nil
	}
	return next(f, t, f.Current().ByCSR, now)
}

// awaitCSR opens a renewal that waits for a certificate signing request, where
// none does yet.
func awaitCSR(f Facts, now time.Time) Change {
	c := Change{Action: ActionAwaitCSR, Base: f.Revision, At: now, Await: true}
	if _, waits := f.Waiting(); waits {
		return c
	}
	current := f.Current().Number
	c.Open = &Renewal{New: current + 1, Replaced: current, CreatedAt: now, Waits: true}
	c.Close, c.CloseAs = f.awaiting(), ClosedSuperseded
	return c
}

// next decides the next generation with its renewal: the one that waited for it,
// or one that begins now.
func next(f Facts, t Terms, byCSR bool, now time.Time) (Change, error) {
	current := f.Current()
	is, due, err := issue(f.UserID, current.Number+1, t, now)
	if err != nil {
		return Change{}, err
	}
	if !is.NotAfter.After(current.NotAfter) {
		return Change{}, conflict("a pair issued now would end no later than the current one, for the certificate authority ends at %s: rotate it", stamp(t.CAEnd))
	}
	is.ByCSR = byCSR
	c := Change{Action: ActionRenew, Base: f.Revision, At: now, Issue: is, Due: due}
	if waiting, waits := f.Waiting(); waits {
		waiting.Waits, waiting.CreatedAt = false, now
		c.Fulfil = &waiting
		return c, nil
	}
	c.Open = &Renewal{New: is.Number, Replaced: current.Number, CreatedAt: now}
	c.Close, c.CloseAs = f.awaiting(), ClosedSuperseded
	return c, nil
}

// RenewOnRequest decides a renewal that somebody asked for ahead of its date.
func RenewOnRequest(f Facts, t Terms, now time.Time) (Change, error) {
	if f.Current().ByCSR && t.Rekey == RekeyRequired {
		return Change{}, conflict("this user's key is with its client, and the policy requires a new key for each renewal: send a certificate signing request of a new key")
	}
	return onRequest(f, t, f.Current().ByCSR, now)
}

// RenewByCSR decides a renewal whose key a certificate signing request brought.
// sameKey is true where it is a key that the user had before.
func RenewByCSR(f Facts, t Terms, sameKey bool, now time.Time) (Change, error) {
	switch _, waits := f.Waiting(); {
	case sameKey && t.Rekey == RekeyRequired:
		return Change{}, conflict("the policy requires a new key for each renewal: make one, and send its certificate signing request")
	case waits && f.DeletedAt.IsZero():
		return next(f, t, true, now) // the sweep opened it, on its date
	}
	return onRequest(f, t, true, now)
}

func onRequest(f Facts, t Terms, byCSR bool, now time.Time) (Change, error) {
	if !f.DeletedAt.IsZero() {
		return Change{}, conflict("the user is deleted")
	}
	if others := f.OthersLive(now); len(others) > 0 {
		last := others[len(others)-1]
		return Change{}, conflict("generation %d is still valid until %s beside the current one: acknowledge the renewal and wait for that end, or reset the credentials",
			last.Number, stamp(last.NotAfter))
	}
	c, err := next(f, t, byCSR, now)
	if err != nil {
		return Change{}, err
	}
	earliest := f.Current().NotAfter.Add(t.Policy.RenewBefore)
	if t.CAEnd.Before(earliest) {
		return Change{}, conflict("a pair issued now would end less than renew_before after the current one, for the certificate authority ends at %s: rotate it",
			stamp(t.CAEnd))
	}
	if c.Issue.NotAfter.Before(earliest) {
		return Change{}, conflict("a pair issued now would end at %s, less than renew_before after the current one: ask again after %s",
			stamp(c.Issue.NotAfter), stamp(earliest.Add(-t.Policy.Validity)))
	}
	return c, nil
}

// Acknowledge decides that the pending renewal's new pair is in use. generation
// is the one the caller saw, 0 for a caller that names none. Repeating it, or
// acknowledging where nothing is pending, is an empty change and no error.
func Acknowledge(f Facts, generation int, by string, how AcknowledgedHow, now time.Time) (Change, error) {
	c := Change{Action: ActionAcknowledge, Base: f.Revision, At: now}
	if generation != 0 && generation != f.Current().Number {
		return Change{}, conflict("the newest generation is %d, not the one that was named: look at it, then acknowledge", f.Current().Number)
	}
	pending, ok := f.Pending()
	switch {
	case !ok || pending.Waits && generation != 0: // that generation awaits nothing
		return c, nil
	case pending.Waits:
		return Change{}, conflict("the renewal waits for a certificate signing request: send one, put the new certificate in use, then acknowledge it")
	}
	pending.AcknowledgedAt, pending.AcknowledgedBy, pending.AcknowledgedHow = now, by, how
	c.Acknowledge = &pending
	return c, nil
}

// Reset decides new credentials now; every earlier generation is revoked. A user
// whose key is with its client needs a new key for that: see ResetByCSR.
func Reset(f Facts, t Terms, now time.Time) (Change, error) {
	if f.DeletedAt.IsZero() && f.Current().ByCSR {
		return Change{}, conflict("this user's key is with its client, so it cannot be replaced here: send the reset with a certificate signing request of a new key, or delete the user")
	}
	return reset(f, t, false, now)
}

// ResetByCSR is Reset with a new key that a certificate signing request brought.
// The key must be one that the user never had.
func ResetByCSR(f Facts, t Terms, now time.Time) (Change, error) { return reset(f, t, true, now) }

func reset(f Facts, t Terms, byCSR bool, now time.Time) (Change, error) {
	if !f.DeletedAt.IsZero() {
		return Change{}, conflict("the user is deleted")
	}
	is, due, err := issue(f.UserID, f.Current().Number+1, t, now)
	if err != nil {
		return Change{}, err
	}
	is.ByCSR = byCSR
	return Change{
		Action: ActionReset, Base: f.Revision, At: now, Issue: is, Due: due,
		Close: f.awaiting(), CloseAs: ClosedReset, Revoke: f.unrevoked(),
	}, nil
}

// Delete decides the user's end: every generation revoked, open renewals closed.
func Delete(f Facts, now time.Time) Change {
	return Change{
		Action: ActionDelete, Base: f.Revision, At: now, Delete: true,
		Close: f.awaiting(), CloseAs: ClosedDeleted, Revoke: f.unrevoked(),
	}
}

// RetryAt is when the sweep looks again at a user whose renewal failed: within
// the hour, sooner when little time is left, never more than once a minute.
func RetryAt(notAfter, now time.Time) time.Time {
	wait := min(time.Hour, notAfter.Sub(now)/10)
	return now.Add(max(wait, time.Minute))
}

// LastEnd is until when a broker that does not check revocation still accepts
// one of the pairs that c revokes, or that were revoked before; ok is false when
// there is none.
func (f Facts) LastEnd(c Change, now time.Time) (end time.Time, ok bool) {
	for _, g := range f.Generations {
		revoked := !g.RevokedAt.IsZero() || slices.Contains(c.Revoke, g.Number)
		if revoked && !now.After(g.NotAfter) && g.NotAfter.After(end) {
			end, ok = g.NotAfter, true
		}
	}
	return end, ok
}

// Apply returns the facts after c; the store must end in the same ones.
func (f Facts) Apply(c Change) Facts {
	f.Revision++
	f.Generations = append([]Generation(nil), f.Generations...)
	f.Renewals = append([]Renewal(nil), f.Renewals...)
	for _, n := range c.Revoke {
		for i := range f.Generations {
			if f.Generations[i].Number == n {
				f.Generations[i].RevokedAt = c.At
			}
		}
	}
	for i := range f.Renewals {
		r := &f.Renewals[i]
		for _, n := range c.Close {
			if r.New == n {
				r.ClosedAt, r.ClosedAs = c.At, c.CloseAs
			}
		}
		if c.Acknowledge != nil && r.New == c.Acknowledge.New {
			*r = *c.Acknowledge
		}
		if c.Fulfil != nil && r.New == c.Fulfil.New {
			*r = *c.Fulfil
		}
	}
	if c.Issue != nil {
		f.Generations = append(f.Generations, Generation{Number: c.Issue.Number, ByCSR: c.Issue.ByCSR, NotBefore: c.Issue.NotBefore, NotAfter: c.Issue.NotAfter})
	}
	if c.Open != nil {
		f.Renewals = append(f.Renewals, *c.Open)
	}
	if c.Due != nil {
		f.RenewAt = c.Due.At
	}
	if c.Delete {
		f.DeletedAt = c.At
	}
	return f
}

func (f Facts) awaiting() []int {
	var open []int
	for _, r := range f.Renewals {
		if r.Awaiting() {
			open = append(open, r.New)
		}
	}
	return open
}

func (f Facts) unrevoked() []int {
	var numbers []int
	for _, g := range f.Generations {
		if g.RevokedAt.IsZero() {
			numbers = append(numbers, g.Number)
		}
	}
	return numbers
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
