package lifecycle

import "time"

// Facts is all that is stored about the pairs of one service user.
type Facts struct {
	// UserID spreads this user's due date inside the policy's spread.
	UserID int64
	// Revision grows by one with every Change; a Change is applied only to the
	// revision it was decided on.
	Revision int64
	// Generations in ascending order of Number, without a gap, from 1.
	Generations []Generation
	// Renewals in ascending order of New.
	Renewals []Renewal
	// RenewAt is when the current pair is to be renewed.
	RenewAt time.Time
	// DeletedAt is zero while the user exists.
	DeletedAt time.Time
}

// Generation is one access certificate and key of a user.
type Generation struct {
	Number int
	// ByCSR is true where a certificate signing request brought the key: its private
	// half is with the client and never was here.
	ByCSR     bool
	NotBefore time.Time
	NotAfter  time.Time // a certificate is valid at t ≤ NotAfter
	RevokedAt time.Time // zero while not revoked
}

// Renewal is the passage from generation Replaced to generation New.
type Renewal struct {
	New       int
	Replaced  int
	CreatedAt time.Time // when New was made, or since when the renewal waits
	// Waits is true while New is not made, for it waits for a certificate signing
	// request; it stays true where the renewal closes before one comes.
	Waits bool

	AcknowledgedAt  time.Time // zero while nobody acknowledged
	AcknowledgedBy  string
	AcknowledgedHow AcknowledgedHow

	ClosedAt time.Time // zero while open
	ClosedAs ClosedAs
}

// AcknowledgedHow says what stands behind an acknowledgement.
type AcknowledgedHow string

// AckByPerson is somebody's word, by console, API or CLI.
const AckByPerson AcknowledgedHow = "person"

// ClosedAs says why a renewal needs no acknowledgement any more.
type ClosedAs string

// The ways a renewal closes without an acknowledgement.
const (
	ClosedSuperseded ClosedAs = "superseded" // the next renewal came first
	ClosedReset      ClosedAs = "reset"      // the credentials were reset
	ClosedDeleted    ClosedAs = "deleted"    // the user was deleted
)

// State is what a user's pairs need from people, as a function of facts and now.
type State string

// The states of a user; see the package comment.
const (
	Valid        State = "valid"
	Expiring     State = "expiring"
	Acknowledged State = "acknowledged"
	Lapsed       State = "lapsed"
	Deleted      State = "deleted"
)

// Live reports whether brokers that obey revocation still take this certificate at now.
func (g Generation) Live(now time.Time) bool {
	return g.RevokedAt.IsZero() && !now.After(g.NotAfter)
}

// Awaiting reports whether the renewal still waits for somebody's acknowledgement.
func (r Renewal) Awaiting() bool {
	return r.AcknowledgedAt.IsZero() && r.ClosedAt.IsZero()
}

// Current returns the highest generation; the zero Generation where there is none.
func (f Facts) Current() Generation {
	if len(f.Generations) == 0 {
		return Generation{}
	}
	return f.Generations[len(f.Generations)-1]
}

// Generation returns generation n.
func (f Facts) Generation(n int) (Generation, bool) {
	for _, g := range f.Generations {
		if g.Number == n {
			return g, true
		}
	}
	return Generation{}, false
}

// Pending returns the newest renewal that awaits acknowledgement.
func (f Facts) Pending() (Renewal, bool) {
	for i := len(f.Renewals) - 1; i >= 0; i-- {
		if f.Renewals[i].Awaiting() {
			return f.Renewals[i], true
		}
	}
	return Renewal{}, false
}

// Waiting returns the renewal that waits for a certificate signing request.
func (f Facts) Waiting() (Renewal, bool) {
	pending, ok := f.Pending()
	if !ok || !pending.Waits {
		return Renewal{}, false
	}
	return pending, true
}

// OthersLive returns the generations besides the current one that are live at now.
func (f Facts) OthersLive(now time.Time) []Generation {
	var live []Generation
	for _, g := range f.Generations {
		if g.Number != f.Current().Number && g.Live(now) {
			live = append(live, g)
		}
	}
	return live
}

// State derives the user's state. A current pair that ended before anything
// renewed it counts as lapsed: its clients are cut off just the same.
func (f Facts) State(now time.Time) State {
	if !f.DeletedAt.IsZero() {
		return Deleted
	}
	if !f.Current().Live(now) {
		return Lapsed
	}
	if pending, ok := f.Pending(); ok {
		if old, _ := f.Generation(pending.Replaced); old.Live(now) {
			return Expiring
		}
		return Lapsed
	}
	if len(f.Renewals) == 0 {
		return Valid
	}
	last := f.Renewals[len(f.Renewals)-1]
	if old, _ := f.Generation(last.Replaced); !last.AcknowledgedAt.IsZero() && old.Live(now) {
		return Acknowledged
	}
	return Valid
}

// ExpiringEnd is the end of the pair whose renewal awaits acknowledgement (it
// may lie in the past: a lapsed renewal still awaits); ok is false when nothing does.
func (f Facts) ExpiringEnd() (end time.Time, ok bool) {
	pending, ok := f.Pending()
	if !ok || !f.DeletedAt.IsZero() {
		return time.Time{}, false
	}
	old, _ := f.Generation(pending.Replaced)
	return old.NotAfter, true
}
