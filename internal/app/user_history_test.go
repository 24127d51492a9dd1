package app_test

import (
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// TestUserHistory shows every generation with what its certificate says, where
// reminders stand, and no key; the certificate where the role sees pairs.
func TestUserHistory(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		first := f.createUser("alice")
		f.now = first.RenewAt
		f.sweep()
		seen := f.audited("keys.read")
		h, err := f.UserHistory(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if len(h.Generations) != 2 || len(h.Renewals) != 1 || h.State != lifecycle.Expiring || h.Hidden {
			t.Fatalf("history is %d generations, %d renewals, %s", len(h.Generations), len(h.Renewals), h.State)
		}
		old, now := h.Generations[0], h.Generations[1]
		if old.Generation != 1 || old.Current || !now.Current || old.Cert != first.Current.Cert || old.PublicKey == now.PublicKey || old.Subject != now.Subject {
			t.Errorf("generations are %+v", h.Generations)
		}
		if h.Reminders == nil || !h.Reminders.Next.After(f.now) {
			t.Errorf("reminders stand at %+v", h.Reminders)
		}
		for _, g := range h.Generations {
			if g.Key != "" || h.Current.Key != "" || h.Password != "" {
				t.Error("a history shows a secret")
			}
		}
		if f.audited("keys.read") != seen {
			t.Error("a history is recorded as a sight of a key")
		}
		reader := f.member("reader@example.com", app.RoleReadOnly)
		h, err = f.UserHistory(f.ctx, reader, "acme", "orders", "alice", f.now)
		f.must(err)
		if !h.Hidden || h.Generations[0].Cert != "" || h.Generations[0].Subject == "" {
			t.Error("read_only is to see what a certificate says, and not the pair")
		}
		f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "alice", 2, f.now))
		h, err = f.UserHistory(f.ctx, reader, "acme", "orders", "alice", f.now)
		f.must(err)
		if h.Reminders != nil || h.Renewals[0].AcknowledgedBy != f.admin.Email {
			t.Errorf("acknowledged, and reminders stand at %+v", h.Reminders)
		}
	})
}

// TestHistoryIsBounded: somebody who resets a user over and over does not make its
// page grow without end.
func TestHistoryIsBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		for range 65 {
			f.must(f.ResetPair(f.ctx, f.admin, "acme", "orders", "alice", f.now))
		}
		h, err := f.UserHistory(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if n := len(h.Generations); n != 60 || h.Generations[0].Generation != 7 || !h.Generations[59].Current {
			t.Errorf("%d generations, the first %d", n, h.Generations[0].Generation)
		}
	})
}

// TestHistoryTellsAFailure: a renewal that is due and cannot be made says why.
func TestHistoryTellsAFailure(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		v := f.createUser("alice")
		h, err := f.UserHistory(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if h.Failure != nil {
			t.Fatalf("a failure before anything is due: %+v", h.Failure)
		}
		f.now = v.Current.CreatedAt.AddDate(9, 11, 0) // the authority ends too soon for another pair
		f.sweep()
		h, err = f.UserHistory(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if h.Failure == nil || h.Failure.User != "alice" || h.Failure.Reason == "" {
			t.Errorf("the failure is %+v", h.Failure)
		}
	})
}

// TestPreviewUser: what a preview says is what then happens.
func TestPreviewUser(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		f.now = f.now.AddDate(0, 0, 100)
		before := f.user("alice").Current
		p, err := f.PreviewUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if p.Renew.Refused != nil || len(p.Renew.Revoked) != 0 || !p.Renew.AcceptedUntil.IsZero() {
			t.Fatalf("renewing would be %+v", p.Renew)
		}
		if f.user("alice").Current.Serial != before.Serial {
			t.Fatal("a preview issues a pair")
		}
		f.must(f.RenewPair(f.ctx, f.admin, "acme", "orders", "alice", f.now))
		renewed := f.user("alice")
		if !renewed.Current.NotAfter.Equal(p.Renew.NotAfter) || !renewed.RenewAt.Equal(p.Renew.RenewAt) {
			t.Errorf("said %s and %s, made %s and %s", p.Renew.NotAfter, p.Renew.RenewAt, renewed.Current.NotAfter, renewed.RenewAt)
		}
		p, err = f.PreviewUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if p.Renew.Refused == nil || p.Renew.Refused.Message != f.refused(f.RenewPair(f.ctx, f.admin, "acme", "orders", "alice", f.now), app.CodeConflict).Message {
			t.Errorf("the refusal is %+v", p.Renew.Refused)
		}
		if len(p.Reset.Revoked) != 2 || !p.Reset.AcceptedUntil.Equal(renewed.Current.NotAfter) {
			t.Errorf("a reset would be %+v", p.Reset)
		}
		until, err := f.DeleteUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if !until.Equal(p.Delete.AcceptedUntil) {
			t.Errorf("said that pairs are accepted until %s, and it is %s", p.Delete.AcceptedUntil, until)
		}
	})
}

// TestASightTellsItsEntry: the number that comes with a key is the entry that
// records it, and the entry names the generation.
func TestASightTellsItsEntry(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		f.must(f.ResetPair(f.ctx, f.admin, "acme", "orders", "alice", f.now))
		newest := func() app.AuditEntry {
			entries, err := f.ListAudit(f.ctx, f.admin, "acme", app.AuditFilter{}, 0, 1, f.now)
			f.must(err)
			return entries[0]
		}
		p, err := f.GetGeneration(f.ctx, f.admin, "acme", "orders", "alice", 2, f.now.Add(time.Minute))
		f.must(err)
		if e := newest(); p.Entry != e.Seq || e.Action != "keys.read" || e.Detail != `{"keys":1,"generation":2,"address":""}` {
			t.Errorf("entry %d, the newest is %+v", p.Entry, e)
		}
		v := f.user("alice")
		if e := newest(); v.Current.Entry != e.Seq {
			t.Errorf("entry %d, the newest is %+v", v.Current.Entry, e)
		}
		revoked, err := f.GetGeneration(f.ctx, f.admin, "acme", "orders", "alice", 1, f.now)
		f.must(err)
		if revoked.Entry != 0 || !revoked.KeyGone || newest().Seq != v.Current.Entry {
			t.Errorf("a generation without a key has entry %d", revoked.Entry)
		}
	})
}
