package auth

import (
	"fmt"
	"testing"
	"time"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// allowed counts how many of n attempts at the moment go on.
func allowed(l *Limits, n int, now time.Time, address, account string) int {
	ok := 0
	for range n {
		if l.Allow(address, account, nil, now) {
			ok++
		}
	}
	return ok
}

func TestOneAccountFromOneAddress(t *testing.T) {
	l := NewLimits()
	if got := allowed(l, 15, t0, "192.0.2.1", "ann@example.com"); got != 10 {
		t.Errorf("%d at once, want 10", got)
	}
	if l.Allow("192.0.2.1", " ANN@Example.com ", nil, t0) {
		t.Error("another spelling of the account got around the limit")
	}
	if l.Allow("192.0.2.1", "ann@example.com", nil, t0.Add(9*time.Second)) {
		t.Error("allowed again before 10 s")
	}
	if !l.Allow("192.0.2.1", "ann@example.com", nil, t0.Add(10*time.Second)) {
		t.Error("not allowed again after 10 s")
	}
	if got := allowed(l, 15, t0.Add(time.Hour), "192.0.2.1", "ann@example.com"); got != 10 {
		t.Errorf("%d after an hour, want 10 again", got)
	}
}

func TestOneAddressManyAccounts(t *testing.T) {
	l := NewLimits()
	try := func(n int, now time.Time) (ok int) {
		for i := range n {
			ok += allowed(l, 1, now, "192.0.2.1", fmt.Sprintf("user%d@example.com", i))
		}
		return ok
	}
	if got := try(50, t0); got != 20 {
		t.Errorf("%d at once, want 20", got)
	}
	if got := try(50, t0.Add(5*time.Second)); got != 5 {
		t.Errorf("%d after 5 s, want 5", got)
	}
}

// A stranger who guesses from one address leaves the owner at another alone.
func TestStrangerDoesNotLockTheOwnerOut(t *testing.T) {
	l := NewLimits()
	for s := range 3600 {
		l.Allow("203.0.113.9", "owner@example.com", nil, t0.Add(time.Duration(s)*time.Second))
	}
	if !l.Allow("192.0.2.1", "owner@example.com", nil, t0.Add(time.Hour)) {
		t.Error("the owner is locked out")
	}
}

func TestManyAddressesOneAccount(t *testing.T) {
	l := NewLimits()
	try := func(from, n int, now time.Time) (ok int) {
		for i := from; i < from+n; i++ {
			ok += allowed(l, 1, now, fmt.Sprintf("10.0.%d.%d", i/256, i%256), "ann@example.com")
		}
		return ok
	}
	if got := try(0, 300, t0); got != 100 {
		t.Errorf("%d at once, want 100", got)
	}
	if got := try(300, 300, t0.Add(20*time.Second)); got != 10 {
		t.Errorf("%d after 20 s, want 10", got)
	}
}

// Strangers who use up what all addresses together may try leave the addresses
// alone from which the owner came before, whose own limit holds.
func TestManyStrangersDoNotLockTheOwnerOut(t *testing.T) {
	l := NewLimits()
	const owner = "owner@example.com"
	for i := range 500 {
		l.Allow(fmt.Sprintf("10.0.%d.%d", i/256, i%256), owner, nil, t0)
	}
	known := []string{"192.0.2.1", "2001:db8:0:1::7"}
	for _, address := range []string{"192.0.2.1", "2001:db8:0:1::99"} {
		ok := 0
		for range 15 {
			if l.Allow(address, owner, known, t0) {
				ok++
			}
		}
		if ok != 10 {
			t.Errorf("%d from %s, want 10", ok, address)
		}
	}
	if l.Allow("192.0.2.2", owner, known, t0) {
		t.Error("a stranger's address had the owner's allowance")
	}
}

func TestOneIPv6NetworkIsOneAddress(t *testing.T) {
	l := NewLimits()
	ok := 0
	for i := range 50 {
		ok += allowed(l, 1, t0, fmt.Sprintf("2001:db8:0:1::%x", i+1), fmt.Sprintf("user%d@example.com", i))
	}
	if ok != 20 {
		t.Errorf("%d from one /64, want 20", ok)
	}
	if !l.Allow("2001:db8:0:2::1", "ann@example.com", nil, t0) {
		t.Error("the next /64 is held back too")
	}
	for _, same := range [][2]string{{"::ffff:192.0.2.1", "192.0.2.1"}, {"fe80::1%eth0", "fe80::1"}, {"pipe", "pipe"}} {
		if network(same[0]) != network(same[1]) {
			t.Errorf("%q and %q are two", same[0], same[1])
		}
	}
	if network("192.0.2.1") == network("192.0.2.2") {
		t.Error("two IPv4 addresses are one")
	}
}

func TestBucketsAreBoundedAndKeepTheNewest(t *testing.T) {
	b := newBuckets(pairRate, 1, 3)
	for _, key := range []string{"a", "b", "c", "a", "d"} {
		b.allow(keyOf(key), t0)
	}
	if len(b.byKey) != 3 || b.ordered.Len() != 3 {
		t.Errorf("%d and %d buckets, want 3", len(b.byKey), b.ordered.Len())
	}
	for key, want := range map[string]bool{"a": false, "d": false, "c": false} {
		if got := b.allow(keyOf(key), t0); got != want {
			t.Errorf("%q allowed = %v, want %v: it was forgotten", key, got, want)
		}
	}
	if !b.allow(keyOf("b"), t0) {
		t.Error("the oldest was not the one forgotten")
	}
}
