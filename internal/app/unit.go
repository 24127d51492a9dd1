package app

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// unit is one transaction of a use case together with the audit entries that
// belong to it. The entries are chained last, so that a project's audit head is
// locked as briefly as possible.
type unit struct {
	Tx
	now     time.Time
	actor   Actor
	entries []AuditEntry

	// What is due to be said about the transaction, stored at its end.
	audiences map[int64]*audience // by project
	news      map[int64]bool      // projects that a digest was asked for
	urgent    []urgentItem
	messages  []Message
}

// audit adds an entry to the transaction. detail must marshal to a JSON object
// and hold no secret.
func (u *unit) audit(projectID int64, action, service, user string, detail any) error {
	text, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("audit detail of %s: %w", action, err)
	}
	u.entries = append(u.entries, AuditEntry{
		ProjectID: projectID, At: u.now, Actor: u.actor.Email, Action: action,
		Service: service, User: user, Detail: string(text),
	})
	return nil
}

// write runs fn and its audit entries in one transaction. A denial that fn
// returns is audited in a transaction of its own.
func (a *App) write(ctx context.Context, actor Actor, now time.Time, fn func(*unit) error) error {
	var heads []AuditEntry
	err := a.Store.Write(ctx, func(tx Tx) error {
		u := &unit{Tx: tx, now: now, actor: actor}
		if err := fn(u); err != nil {
			return err
		}
		if err := u.flush(ctx); err != nil {
			return err
		}
		var err error
		heads, err = a.chain(ctx, tx, u.entries)
		return err
	})
	if err != nil {
		return a.noteDenial(ctx, actor, now, err)
	}
	for _, h := range heads { // outside the store, so that a cut tail shows
		a.Log.Info("audit head", "project_id", h.ProjectID, "seq", h.Seq, "mac", hex.EncodeToString(h.MAC))
	}
	return nil
}

// read runs fn on a snapshot; a denial that it returns is audited.
func (a *App) read(ctx context.Context, actor Actor, now time.Time, fn func(Reader) error) error {
	return a.noteDenial(ctx, actor, now, a.Store.Read(ctx, fn))
}

// chain gives the entries their place and MAC and appends them, project by
// project in ascending order, so that two writers never wait for each other in
// a circle. It returns the new head of each log.
func (a *App) chain(ctx context.Context, tx Tx, entries []AuditEntry) ([]AuditEntry, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(entries, func(x, y AuditEntry) int {
		switch {
		case x.ProjectID < y.ProjectID:
			return -1
		case x.ProjectID > y.ProjectID:
			return 1
		}
		return 0
	})
	var heads []AuditEntry
	var head AuditHead
	for i := range entries {
		e := &entries[i]
		if i == 0 || e.ProjectID != entries[i-1].ProjectID {
			var err error
			if head, err = tx.LockAuditHead(ctx, e.ProjectID); err != nil {
				return nil, err
			}
		}
		e.Seq = head.Seq + 1
		mac, err := a.Custody.MAC(ctx, auditInput(*e, head.MAC))
		if err != nil {
			return nil, fmt.Errorf("audit chain: %w", err)
		}
		e.MAC = mac
		head = AuditHead{Seq: e.Seq, MAC: mac}
		if i == len(entries)-1 || entries[i+1].ProjectID != e.ProjectID {
			heads = append(heads, *e)
		}
	}
	return heads, tx.AppendAudit(ctx, entries)
}

// auditInput is what an entry's MAC is over: the MAC before it and every field,
// each with its length, so that no two different entries give the same bytes.
func auditInput(e AuditEntry, before []byte) []byte {
	b := make([]byte, 0, 256)
	put := func(field []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
		b = append(b, field...)
	}
	put([]byte("segue/v1/audit"))
	put(before)
	b = binary.BigEndian.AppendUint64(b, uint64(e.ProjectID))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq))
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMilli()))
	for _, s := range []string{e.Actor, e.Action, e.Service, e.User, e.Detail} {
		put([]byte(s))
	}
	return b
}

// denial is a refusal by role; it is audited although its transaction is rolled back.
type denial struct {
	refusal    *Error
	projectID  int64
	permission Permission
}

func (d *denial) Error() string { return d.refusal.Message }
func (d *denial) Unwrap() error { return d.refusal }

// denialEvery is how often the same denial is audited: an attacker must not be
// able to fill the log.
const denialEvery = time.Minute

// denialsKept bounds the memory for rate-capping denials.
const denialsKept = 10_000

type denialKey struct {
	account, project int64
	permission       Permission
}

// denials remembers when each denial was last audited by this process.
type denials struct {
	mu   sync.Mutex
	last map[denialKey]time.Time
}

func (d *denials) due(k denialKey, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if last, ok := d.last[k]; ok && now.Sub(last).Abs() < denialEvery {
		return false
	}
	if d.last == nil || len(d.last) >= denialsKept {
		d.last = make(map[denialKey]time.Time)
	}
	d.last[k] = now
	return true
}

// noteDenial audits err if it is a denial and returns err either way.
func (a *App) noteDenial(ctx context.Context, actor Actor, now time.Time, err error) error {
	var d *denial
	if !errors.As(err, &d) {
		return err
	}
	if !a.denials.due(denialKey{actor.AccountID, d.projectID, d.permission}, now) {
		return err
	}
	noted := a.write(ctx, actor, now, func(u *unit) error {
		return u.audit(d.projectID, "denied", "", "", map[string]any{"permission": d.permission, "address": actor.Address})
	})
	if noted != nil {
		return fmt.Errorf("could not audit a denial: %w", noted)
	}
	return err
}
