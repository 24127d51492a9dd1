package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
)

// The audit logs and the users' facts must tell of the same changes. Logs come
// in the order of time and users in that of ids, so comparing them one by one
// would take memory for every user. Instead each side adds a hash of each change
// to the sum of its user's bucket; where the sums of a bucket differ, and only
// there, the changes are read again and compared by name.

// eventBuckets is how many buckets there are: for ten million users some 150 in each.
const eventBuckets = 1 << 16

// eventSums holds, per bucket, what the logs say less what the facts say.
type eventSums [eventBuckets][2]uint64

// bucketOf cuts the positive ids into even ranges.
func bucketOf(userID int64) int { return int(uint64(userID) >> 47) }

func (s *eventSums) add(c auditedChange) {
	x, y := c.hash()
	sum := &s[bucketOf(c.userID)%eventBuckets]
	sum[0] += x
	sum[1] += y
}

func (s *eventSums) subtract(c auditedChange) {
	x, y := c.hash()
	sum := &s[bucketOf(c.userID)%eventBuckets]
	sum[0] -= x
	sum[1] -= y
}

func (a auditedChange) hash() (x, y uint64) {
	b := make([]byte, 0, 64)
	b = binary.BigEndian.AppendUint64(b, uint64(a.projectID))
	b = binary.BigEndian.AppendUint64(b, uint64(a.userID))
	b = binary.BigEndian.AppendUint64(b, uint64(a.generation))
	sum := sha256.Sum256(append(b, a.action...))
	return binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])
}

// maxBuckets bounds what is compared by name, and so the memory for it.
const maxBuckets = 256

// settleEvents compares the changes of the buckets whose sums differ. A change
// that was saved while this run was under way makes them differ too; the order
// of reading (logs, facts, logs) tells it from one that only one side has.
func (c *checker) settleEvents(ctx context.Context) error {
	var differ []int
	for bucket := range c.events {
		if c.events[bucket] != [2]uint64{} {
			differ = append(differ, bucket)
		}
	}
	if len(differ) == 0 {
		return nil
	}
	l := ledger{}
	for _, bucket := range differ[:min(len(differ), maxBuckets)] {
		l[bucket] = map[auditedChange]*eventCount{}
	}
	logs := auditWalk{checker: c, logs: map[int64]*auditLog{}}
	logs.each = func(e AuditEntry) { l.count(e, func(n *eventCount) { n.before++ }) }
	if err := logs.run(ctx); err != nil {
		return err
	}
	if err := c.countFacts(ctx, l); err != nil {
		return err
	}
	logs.each = func(e AuditEntry) { l.count(e, func(n *eventCount) { n.after++ }) }
	if err := logs.run(ctx); err != nil {
		return err
	}
	found := l.report(c)
	if found && len(differ) > maxBuckets {
		c.violation(5, c.name(0), "audit logs and users differ in more places than these: settle these, then run this again")
	}
	return nil
}

// ledger counts the changes of some buckets by name.
type ledger map[int]map[auditedChange]*eventCount

// eventCount is how often a change stands in the logs read before the facts, in
// those read after them, and in the facts.
type eventCount struct {
	before, after int
	fact          bool
	subject       string
}

func (l ledger) at(c auditedChange) *eventCount {
	bucket := l[bucketOf(c.userID)%eventBuckets]
	if bucket == nil {
		return nil
	}
	if bucket[c] == nil {
		bucket[c] = &eventCount{}
	}
	return bucket[c]
}

func (l ledger) count(e AuditEntry, add func(*eventCount)) {
	change, ok, _ := changeOf(e) // an entry that cannot be read was reported
	if !ok {
		return
	}
	if n := l.at(change); n != nil {
		add(n)
		if n.subject == "" {
			n.subject = fmt.Sprintf("%s/%s", e.Service, e.User)
		}
	}
}

// countFacts reads the users of the ledger's buckets, which are ranges of ids.
func (c *checker) countFacts(ctx context.Context, l ledger) error {
	for bucket := range l {
		first := int64(bucket) << 47
		for after, more := first-1, true; more; {
			users, err := c.app.Inspector.InspectUsers(ctx, after, checkPage)
			if err != nil {
				return err
			}
			more = len(users) == checkPage
			for _, u := range users {
				if bucketOf(u.ID) != bucket {
					more = false
					break
				}
				after = u.ID
				for _, change := range changesOf(u.ProjectID, u.Facts) {
					n := l.at(change)
					n.fact, n.subject = true, u.ServiceName+"/"+u.Name
				}
			}
		}
	}
	return nil
}

// report names the changes that one side has and the other lacks.
func (l ledger) report(c *checker) (found bool) {
	for _, bucket := range l.sorted() {
		n := bucket.count
		subject := c.name(bucket.change.projectID) + "/" + n.subject
		switch {
		case n.fact && n.before+n.after == 0:
			c.violation(5, subject, "the audit log has no entry for %s: %s", bucket.change, restore)
		case n.before+n.after > 1:
			c.violation(5, subject, "the audit log has %d entries for %s: %s", n.before+n.after, bucket.change, restore)
		case !n.fact && n.before > 0:
			c.violation(5, subject, "the audit log speaks of %s, which is not in the store: %s", bucket.change, restore)
		default:
			continue
		}
		found = true
	}
	return found
}

type countedChange struct {
	change auditedChange
	count  *eventCount
}

// sorted lists the changes by user and generation, so that reports come in a steady order.
func (l ledger) sorted() []countedChange {
	var all []countedChange
	for _, bucket := range l {
		for change, count := range bucket {
			all = append(all, countedChange{change, count})
		}
	}
	slices.SortFunc(all, func(x, y countedChange) int {
		return cmp.Or(cmp.Compare(x.count.subject, y.count.subject), cmp.Compare(x.change.userID, y.change.userID),
			cmp.Compare(x.change.generation, y.change.generation), cmp.Compare(x.change.action, y.change.action))
	})
	return all
}
