package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// clientKey is a key that Segue never sees.
type clientKey struct{ *ecdsa.PrivateKey }

func newClientKey(t testing.TB) clientKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return clientKey{key}
}

func (k clientKey) csr(t testing.TB, user string) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: user}}, k.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// holds demands that a pair is of this key and shows none.
func (k clientKey) holds(t testing.TB, v app.PairView) {
	t.Helper()
	block, _ := pem.Decode([]byte(v.Cert))
	if block == nil {
		t.Fatalf("no certificate: %+v", v)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !k.PublicKey.Equal(cert.PublicKey) {
		t.Fatalf("generation %d is of another key: %v", v.Generation, err)
	}
	if v.Key != "" || !v.ByCSR || v.KeyGone {
		t.Fatalf("generation %d shows a key, or says that it lost one: %+v", v.Generation, v)
	}
}

// byCSR makes a user of service "orders" whose key is with its client.
func (f *fixture) byCSR(name string) (clientKey, app.UserView) {
	f.t.Helper()
	key := newClientKey(f.t)
	v, err := f.CreateUserByCSR(f.ctx, f.admin, "acme", "orders", name, key.csr(f.t, name), f.now)
	f.must(err)
	key.holds(f.t, v.Current)
	return key, v
}

func (f *fixture) sendCSR(name string, key clientKey) (app.UserView, error) {
	f.t.Helper()
	return f.RenewByCSR(f.ctx, f.admin, "acme", "orders", name, key.csr(f.t, name), f.now)
}

// rekey sets the policy of service "orders".
func (f *fixture) rekey(value string) {
	f.t.Helper()
	_, err := f.SetPolicy(f.ctx, f.admin, "acme", "orders", app.PolicyPatch{Renewal: map[string]*string{"rekey": &value}}, false, f.now)
	f.must(err)
}

// TestSevenYearsOfOneKey: the sweep certifies the same key again, twice.
func TestSevenYearsOfOneKey(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		key, first := f.byCSR("alice")
		f.clean()
		if n := f.audited("keys.read"); n != 1 { // of avnadmin, as its service was made
			t.Errorf("%d sights of keys, though alice has none to show", n)
		}
		v := first
		for generation := 2; generation <= 4; generation++ {
			old := v.Current
			f.now = v.RenewAt.Add(time.Minute)
			f.sweep()
			v = f.user("alice")
			if v.Current.Generation != generation || v.Current.Serial == old.Serial {
				t.Fatalf("after the sweep: %+v", v.Current)
			}
			key.holds(t, v.Current)
			f.state("alice", lifecycle.Expiring)
			f.clean()
			f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "alice", generation, f.now))
			f.clean()
		}
		f.now = f.now.Add(900 * day)
		f.sweep()
		f.clean() // no key was destroyed that never was here
	})
}

// TestRenewalWaitsForANewKey: with rekey required the sweep opens a renewal that
// waits, people hear of it, and the request that comes fulfils it.
func TestRenewalWaitsForANewKey(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.rekey("required")
		old, first := f.byCSR("alice")
		f.now = first.RenewAt.Add(time.Minute)
		if r := f.sweep(); r.Awaiting != 1 || r.Failed != 0 {
			t.Fatalf("sweep: %+v", r)
		}
		v := f.user("alice")
		if v.Current.Generation != 1 || v.State != lifecycle.Expiring || !v.ExpiringEnd.Equal(first.Current.NotAfter) || !v.Waits {
			t.Fatalf("after the sweep: %+v", v)
		}
		f.clean()
		f.now = f.now.Add(day)
		if r := f.sweep(); r.Due != r.Renewed { // the primary user may be due by now
			t.Fatalf("the next sweep looks again: %+v", r)
		}
		if again := f.user("alice"); !again.Waits || again.Current.Generation != 1 {
			t.Fatalf("after the next sweep: %+v", again)
		}
		service, err := f.SummarizeService(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		if len(service.Notifications) == 0 || !strings.Contains(service.Notifications[0].Message, "certificate signing request") {
			t.Errorf("notifications: %+v", service.Notifications)
		}
		f.refused(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "alice", 0, f.now), app.CodeConflict)
		f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "alice", 1, f.now)) // of that generation nothing awaits
		f.refused(f.RenewPair(f.ctx, f.admin, "acme", "orders", "alice", f.now), app.CodeConflict)
		_, err = f.sendCSR("alice", old)
		f.refused(err, app.CodeConflict)
		f.clean()

		key := newClientKey(t)
		v, err = f.sendCSR("alice", key)
		f.must(err)
		key.holds(t, v.Current)
		if v.Current.Generation != 2 || v.State != lifecycle.Expiring || v.Waits {
			t.Fatalf("after the request: %+v", v)
		}
		f.clean()
		f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "alice", 2, f.now))
		f.state("alice", lifecycle.Acknowledged)
		f.clean()
		if f.audited("renewal.await-csr") != 1 || f.audited("renewal.create") == 0 {
			t.Error("the audit log does not tell of the wait and of its end")
		}
	})
}

// TestWaitEndsWithItsPolicy: once no new key is required any more, the sweep makes
// the pair of the renewal that waits; a deletion, and a reset, close one.
func TestWaitEndsWithItsPolicy(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.rekey("required")
		key, first := f.byCSR("alice")
		f.byCSR("bob")
		_, carol := f.byCSR("carol")
		f.now = carol.Current.NotAfter.Add(-85 * day) // past everybody's jitter
		f.sweep()
		f.clean()
		_, err := f.DeleteUser(f.ctx, f.admin, "acme", "orders", "bob", f.now)
		f.must(err)
		f.clean()
		fresh := newClientKey(t)
		v, err := f.ResetByCSR(f.ctx, f.admin, "acme", "orders", "carol", fresh.csr(t, "carol"), f.now)
		f.must(err)
		fresh.holds(t, v.Current)
		f.state("carol", lifecycle.Valid)
		f.clean()

		f.rekey("required") // again: nothing changes
		if r := f.sweep(); r.Due != 0 {
			t.Fatalf("sweep: %+v", r)
		}
		f.now = first.Current.NotAfter.Add(time.Second)
		f.state("alice", lifecycle.Lapsed)
		f.clean()
		f.rekey("allowed")
		f.clean()
		if r := f.sweep(); r.Renewed != 1 {
			t.Fatalf("sweep: %+v", r)
		}
		v = f.user("alice")
		key.holds(t, v.Current)
		if v.Current.Generation != 2 || v.State != lifecycle.Lapsed {
			t.Fatalf("after the sweep: %+v", v)
		}
		f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "alice", 0, f.now))
		f.state("alice", lifecycle.Valid)
		f.clean()
	})
}

// TestOrdinaryUserSendsARequest: its next generation has no key here; the one
// before keeps its own until its end.
func TestOrdinaryUserSendsARequest(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		first := f.createUser("alice")
		key := newClientKey(t)
		_, err := f.sendCSR("alice", key)
		f.refused(err, app.CodeConflict) // it would not outlive the current one by renew_before
		f.now = f.now.Add(100 * day)
		v, err := f.sendCSR("alice", key)
		f.must(err)
		key.holds(t, v.Current)
		f.state("alice", lifecycle.Expiring)
		before, err := f.GetGeneration(f.ctx, f.admin, "acme", "orders", "alice", 1, f.now)
		f.must(err)
		if before.Key != first.Current.Key {
			t.Error("the key of the generation before is gone before its time")
		}
		_, err = f.sendCSR("alice", newClientKey(t))
		refusal := f.refused(err, app.CodeConflict)
		if !strings.Contains(refusal.Message, "generation 1 is still valid") {
			t.Errorf("refusal: %s", refusal.Message)
		}
		f.refused(f.ResetPair(f.ctx, f.admin, "acme", "orders", "alice", f.now), app.CodeConflict)
		_, err = f.MakeBundle(f.ctx, f.admin, "acme", "orders", "alice", app.BundleRequest{Format: "pem"}, f.now)
		if refusal := f.refused(err, app.CodeConflict); !strings.Contains(refusal.Message, "with its client") {
			t.Errorf("refusal: %s", refusal.Message)
		}
		f.clean()
		history, err := f.UserHistory(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if history.Generations[0].ByCSR || !history.Generations[1].ByCSR {
			t.Errorf("history: %+v", history.Generations)
		}
	})
}

// TestKeysThatMustNotComeIn: who had a key elsewhere, or got hold of a revoked one,
// must not get in with it.
func TestKeysThatMustNotComeIn(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		alices, _ := f.byCSR("alice")
		bobs, _ := f.byCSR("bob")
		refused := func(why string, err error) {
			t.Helper()
			if refusal := f.refused(err, app.CodeInvalid); !strings.Contains(refusal.Message, why) || refusal.Field != "csr" {
				t.Errorf("field %s: %s; want %q", refusal.Field, refusal.Message, why)
			}
			f.clean()
		}
		_, err := f.CreateUserByCSR(f.ctx, f.admin, "acme", "orders", "carol", alices.csr(t, "carol"), f.now)
		refused("another user's", err)
		_, err = f.CreateUserByCSR(f.ctx, f.admin, "acme", "orders", "carol", newClientKey(t).csr(t, "dave"), f.now)
		refused("names somebody else", err)
		f.now = f.now.Add(100 * day)
		_, err = f.sendCSR("alice", bobs)
		refused("another user's", err)
		_, err = f.DeleteUser(f.ctx, f.admin, "acme", "orders", "bob", f.now)
		f.must(err)
		_, err = f.sendCSR("alice", bobs)
		refused("another user's", err)
		_, err = f.ResetByCSR(f.ctx, f.admin, "acme", "orders", "alice", alices.csr(t, "alice"), f.now)
		refused("revoked", err)
		fresh := newClientKey(t)
		v, err := f.ResetByCSR(f.ctx, f.admin, "acme", "orders", "alice", fresh.csr(t, "alice"), f.now)
		f.must(err)
		fresh.holds(t, v.Current)
		f.now = f.now.Add(100 * day)
		_, err = f.sendCSR("alice", alices)
		refused("revoked", err)
		v, err = f.sendCSR("alice", fresh) // the same key again is as the sweep does it
		f.must(err)
		fresh.holds(t, v.Current)

		f.now = f.now.Add(time.Hour)
		made := f.createUser("erin")
		block, _ := pem.Decode([]byte(made.Current.Key))
		erins, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		f.must(err)
		f.now = f.now.Add(100 * day)
		_, err = f.sendCSR("erin", clientKey{erins.(*ecdsa.PrivateKey)})
		refused("made by Segue", err)
	})
}

// TestOneKeyAtTheSameMoment: of several users that come with one key at once, one gets it.
func TestOneKeyAtTheSameMoment(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		key := newClientKey(t)
		var wait sync.WaitGroup
		names := []string{"a", "b", "c", "d"}
		errs := make([]error, len(names))
		for i, name := range names {
			csr := key.csr(t, name)
			wait.Go(func() {
				_, errs[i] = f.CreateUserByCSR(f.ctx, f.admin, "acme", "orders", name, csr, f.now)
			})
		}
		wait.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			f.refused(err, app.CodeInvalid)
		}
		if made != 1 {
			t.Errorf("%d users got the key, want 1", made)
		}
		f.clean()
	})
}

// TestDoctorSeesKeysElsewhere damages what the store says of keys that clients keep.
func TestDoctorSeesKeysElsewhere(t *testing.T) {
	for name, c := range map[string]struct{ query, user, want string }{
		"a key that should not be here":   {`UPDATE generations SET sealed_key = public_key WHERE user_id = $1 AND number = 1`, "keeps", "6 acme/orders/keeps: a key of generation 1 is here, though its client keeps it"},
		"another fingerprint":             {`UPDATE generations SET public_key = serial WHERE user_id = $1 AND number = 1`, "keeps", "2 acme/orders/keeps: the certificate of generation 1 is of another key than its request brought"},
		"a lost fingerprint":              {`UPDATE generations SET public_key = NULL WHERE user_id = $1 AND number = 1`, "keeps", "2 acme/orders/keeps: the key of generation 1 is gone before its time"},
		"a wait that its row forgot":      {`UPDATE users SET old_not_after = NULL WHERE id = $1`, "waits", "1 acme/orders/waits: the end of the pair before is not what its pairs say"},
		"a wait for what is there":        {`UPDATE renewals SET waits = FALSE WHERE user_id = $1`, "waits", "4 acme/orders/waits: the renewal to generation 2 names a generation that is not there"},
		"a wait of a key that is here":    {`UPDATE generations SET public_key = NULL WHERE user_id = $1`, "waits", "4 acme/orders/waits: the renewal to generation 2 waits for a request, though the key of generation 1 was made here"},
		"a wait that the sweep looks at":  {`UPDATE users SET due_at = renew_at + 1 WHERE id = $1`, "waits", "3 acme/orders/waits: the sweep looks at it at another moment"},
		"a user that nobody looks at":     {`UPDATE users SET due_at = NULL WHERE id = $1`, "keeps", "3 acme/orders/keeps: the sweep looks at it at another moment"},
		"a wait that supersedes too much": {`UPDATE renewals SET closed_at = 1, closed_as = 'superseded' WHERE user_id = $1`, "waits", "4 acme/orders/waits: the renewal to generation 2 is closed as superseded, but no renewal"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, f *fixture) {
				f.service()
				f.rekey("required")
				_, first := f.byCSR("waits")
				f.now = first.RenewAt.Add(time.Minute)
				f.sweep()
				f.byCSR("keeps")
				f.clean()
				f.exec(c.query, f.id(c.user))
				var found []string
				f.must(f.CheckStore(f.ctx, f.now, func(v app.Violation) {
					found = append(found, fmt.Sprintf("%d %s: %s", v.Invariant, v.Subject, v.Message))
				}))
				if !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, c.want) }) {
					t.Errorf("found %q, want %q", found, c.want)
				}
			})
		})
	}
}
