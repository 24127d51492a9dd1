package app

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Violation is something that CheckStore found.
type Violation struct {
	Invariant int    // 1 to 6, as DESIGN counts them; 0: something that needs a person but breaks none
	Subject   string // such as "project/service/user"
	Message   string // what is wrong and the remedy; never a secret
}

// checkPage is how many rows CheckStore reads at a time.
const checkPage = 250

// CheckStore checks every invariant of DESIGN and calls report, one call at a
// time, for each violation. It only reads. It runs beside any number of writers:
// each user is read from one snapshot, and what is compared with it is read in
// the order that makes a change in between harmless. Its memory follows
// projects, services, brokers and revocations, never users.
//
// Serials are unique per authority by an index of the store; what an index
// cannot see, a user's serial that a broker has too, is looked for here.
func (a *App) CheckStore(ctx context.Context, now time.Time, report func(Violation)) error {
	c := &checker{
		app: a, now: now, report: report,
		projects: map[int64]Project{}, services: map[int64]Service{}, cas: map[int64]CA{},
		policySet: map[int64]time.Time{}, dueSince: map[int64]time.Time{}, longest: map[int64]time.Duration{}, brokerSerials: map[serialKey]struct{}{},
		events: &eventSums{}, lists: servedCRLs{lists: map[int64]map[serialKey]struct{}{}, wrong: map[int64]bool{}},
	}
	c.audit = &auditWalk{checker: c, logs: map[int64]*auditLog{}, verify: true, each: c.auditEvent}
	for _, step := range []struct {
		what string
		run  func(context.Context) error
	}{
		{"when the last sweeps were", c.readSweeps}, // first: users read later have seen them
		{"accounts", c.checkAccounts},
		{"tokens", c.checkTokens},
		{"projects", c.checkProjects},
		{"services", c.checkServices}, // before users: those of a deleted service are deleted by then
		{"authorities", c.checkAuthorities},
		{"broker certificates", c.checkBrokerCerts},
		{"clusters", c.checkClusters},
		{"channels", c.checkChannels},
		{"messages", c.checkMessages},
		{"audit logs", c.audit.run}, // before and after users: see settleEvents
		{"users", c.checkUsers},
		{"audit logs", c.audit.run},
		{"audit logs against users", c.settleEvents},
		{"due dates against policy changes", c.settleLate},
	} {
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("check %s: %w", step.what, err)
		}
	}
	return nil
}

// checker is one run of CheckStore.
type checker struct {
	app    *App
	now    time.Time
	report func(Violation)
	swept  [Shards]time.Time // when a sweep last left nothing due

	projects map[int64]Project
	services map[int64]Service // deleted ones too; without what nobody here asks about
	cas      map[int64]CA      // project CAs
	// longest is the longest validity and renew_before of any of a project's policies.
	longest       map[int64]time.Duration
	brokerSerials map[serialKey]struct{}

	audit  *auditWalk
	events *eventSums
	lists  servedCRLs
	late   []lateUser
	// lateUsers counts them all, also those that late has no room for.
	lateUsers int
	policySet map[int64]time.Time // by project, when a policy of it last changed
	dueSince  map[int64]time.Time // by project, the first due date of a user that waits for a sweep
}

// serialKey is a serial of at most 20 octets and its authority.
type serialKey struct {
	caID   int64
	serial [20]byte
}

func keyOf(caID int64, serial []byte) serialKey {
	k := serialKey{caID: caID}
	copy(k.serial[max(0, len(k.serial)-len(serial)):], serial)
	return k
}

func (c *checker) readSweeps(ctx context.Context) (err error) {
	c.swept, err = c.app.Inspector.SweptShards(ctx)
	return err
}

// violation reports that an invariant does not hold.
func (c *checker) violation(invariant int, subject, format string, args ...any) {
	c.report(Violation{Invariant: invariant, Subject: subject, Message: fmt.Sprintf(format, args...)})
}

// pages calls each for every row that read gives, page by page.
func pages[T any](ctx context.Context, id func(T) int64, read func(ctx context.Context, afterID int64, limit int) ([]T, error), each func(T) error) error {
	for after := int64(0); ; {
		rows, err := read(ctx, after, checkPage)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := each(row); err != nil {
				return err
			}
			after = id(row)
		}
		if len(rows) < checkPage {
			return nil
		}
	}
}

// project returns a project by id, also one that was made after CheckStore began.
func (c *checker) project(ctx context.Context, id int64) (Project, bool, error) {
	if p, ok := c.projects[id]; ok {
		return p, true, nil
	}
	var p Project
	err := c.app.Store.Read(ctx, func(r Reader) (err error) {
		p, err = r.Project(ctx, id)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return Project{}, false, nil
	}
	if err != nil {
		return Project{}, false, err
	}
	c.projects[id] = p
	return p, true, nil
}

// ca returns an authority by id, also one that was made after CheckStore began.
func (c *checker) ca(ctx context.Context, id int64) (CA, bool, error) {
	if ca, ok := c.cas[id]; ok {
		return ca, true, nil
	}
	var ca CA
	err := c.app.Store.Read(ctx, func(r Reader) (err error) {
		ca, err = r.CA(ctx, id)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return CA{}, false, nil
	}
	if err != nil {
		return CA{}, false, err
	}
	if ca.Kind == ProjectCA {
		c.cas[id] = ca
	}
	return ca, true, nil
}

// name is how violations speak of a project.
func (c *checker) name(projectID int64) string {
	if p, ok := c.projects[projectID]; ok {
		return p.Name
	}
	if projectID == 0 {
		return "this Segue"
	}
	return fmt.Sprintf("project %016x", uint64(projectID))
}

// restore is the remedy for rows that only damage or a hand in the database changes.
const restore = "restore the store from a backup taken before the row was changed"
