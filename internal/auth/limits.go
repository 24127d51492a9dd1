package auth

import (
	"container/list"
	"crypto/sha256"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/segue-project/segue/internal/app"
)

// The limits on attempts to sign in, each a bucket that starts full and refills
// steadily, so that nobody is locked out for ever:
//
//	one address, whatever account     20 at once, then 1 a second
//	one account from one address      10 at once, then 1 every 10 seconds
//	one account from all addresses   100 at once, then 1 every 2 seconds
//	where it was never used before
//
// The narrow limit of an account is per address, so that a stranger who guesses
// does not use up the owner's attempts; the wide one stops guessing from many
// addresses, and leaves alone those from which the owner comes. An attempt that
// an earlier limit refuses is not counted by a later.
const (
	addressBurst = 20
	pairBurst    = 10
	accountBurst = 100
)

var (
	addressRate = rate.Every(time.Second)
	pairRate    = rate.Every(10 * time.Second)
	accountRate = rate.Every(2 * time.Second)
)

// bucketsKept bounds each limit's memory; beyond it the bucket that was used
// longest ago is forgotten.
const bucketsKept = 1 << 14

// Limits bounds attempts to sign in; it is safe for concurrent use.
type Limits struct {
	mu                     sync.Mutex
	address, pair, account *buckets
}

var _ app.Limits = (*Limits)(nil)

// NewLimits returns Limits whose buckets are full.
func NewLimits() *Limits {
	return &Limits{
		address: newBuckets(addressRate, addressBurst, bucketsKept),
		pair:    newBuckets(pairRate, pairBurst, bucketsKept),
		account: newBuckets(accountRate, accountBurst, bucketsKept),
	}
}

// Allow counts an attempt and reports whether it may go on. Accounts differ by
// their letters, not their case.
func (l *Limits) Allow(address, account string, known []string, now time.Time) bool {
	address = network(address)
	familiar := slices.ContainsFunc(known, func(k string) bool { return network(k) == address })
	account = strings.ToLower(strings.TrimSpace(account))
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.address.allow(keyOf(address), now) &&
		l.pair.allow(keyOf(address, account), now) &&
		(familiar || l.account.allow(keyOf(account), now))
}

// network is what counts as one address: an IPv6 host owns at least its /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}

// bucketKey has one size, whatever a caller sends.
type bucketKey [sha256.Size]byte

func keyOf(parts ...string) bucketKey {
	return sha256.Sum256([]byte(strings.Join(parts, "\x00")))
}

// buckets holds the most recently used buckets of one limit.
type buckets struct {
	rate    rate.Limit
	burst   int
	max     int
	byKey   map[bucketKey]*list.Element
	ordered *list.List // of *bucket, the most recently used first
}

type bucket struct {
	key     bucketKey
	limiter *rate.Limiter
}

func newBuckets(r rate.Limit, burst, max int) *buckets {
	return &buckets{rate: r, burst: burst, max: max, byKey: map[bucketKey]*list.Element{}, ordered: list.New()}
}

func (b *buckets) allow(key bucketKey, now time.Time) bool {
	e, ok := b.byKey[key]
	if !ok {
		b.makeRoom()
		e = b.ordered.PushFront(&bucket{key: key, limiter: rate.NewLimiter(b.rate, b.burst)})
		b.byKey[key] = e
	}
	b.ordered.MoveToFront(e)
	return e.Value.(*bucket).limiter.AllowN(now, 1)
}

func (b *buckets) makeRoom() {
	if b.ordered.Len() < b.max {
		return
	}
	oldest := b.ordered.Back()
	delete(b.byKey, oldest.Value.(*bucket).key)
	b.ordered.Remove(oldest)
}
