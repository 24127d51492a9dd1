package app_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

func asRefusal(err error) (*app.Error, bool) {
	var refusal *app.Error
	ok := errors.As(err, &refusal)
	return refusal, ok
}

func TestOneRenewalNobodyCutOff(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		first := f.createUser("alice")
		if _, err := tls.X509KeyPair([]byte(first.Current.Cert), []byte(first.Current.Key)); err != nil {
			t.Fatalf("the first pair does not fit: %v", err)
		}
		f.state("alice", lifecycle.Valid)

		f.now = first.RenewAt.Add(-time.Millisecond)
		f.sweep()
		if v := f.user("alice"); v.Current.Generation != 1 {
			t.Fatalf("renewed before its date: %+v", v)
		}
		f.now = first.RenewAt.Add(time.Minute)
		if r := f.sweep(); r.Renewed == 0 || r.Failed != 0 {
			t.Fatalf("sweep at the due date: %+v", r)
		}
		f.state("alice", lifecycle.Expiring)
		second := f.user("alice")
		if second.Current.Generation != 2 || !second.ExpiringEnd.Equal(first.Current.NotAfter) {
			t.Fatalf("after the renewal: %+v", second)
		}
		old, err := f.GetGeneration(f.ctx, f.admin, "acme", "orders", "alice", 1, f.now)
		f.must(err)
		if old.Key != first.Current.Key || old.Cert != first.Current.Cert {
			t.Error("the old pair of the overlap is not the one that was handed out")
		}
		f.clean()

		f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "alice", 2, f.now))
		f.state("alice", lifecycle.Acknowledged)
		f.now = first.Current.NotAfter.Add(time.Second)
		f.state("alice", lifecycle.Valid)
		f.now = first.Current.NotAfter.Add(lifecycle.KeyKeptFor + time.Hour)
		if r := f.sweep(); r.KeysDestroyed == 0 {
			t.Errorf("no key was destroyed 30 days after its end: %+v", r)
		}
		gone, err := f.GetGeneration(f.ctx, f.admin, "acme", "orders", "alice", 1, f.now)
		f.must(err)
		if !gone.KeyGone || gone.Key != "" || gone.Cert == "" {
			t.Errorf("the key should be gone and the certificate stay: %+v", gone)
		}
		f.clean()
	})
}

func TestLapsedStillAwaits(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		first := f.createUser("alice")
		f.now = first.Current.NotAfter.Add(-80 * day) // past everybody's jitter
		f.sweep()
		f.now = first.Current.NotAfter.Add(4 * day)
		f.state("alice", lifecycle.Lapsed)
		if v := f.user("alice"); v.ExpiringEnd == nil || !v.ExpiringEnd.Equal(first.Current.NotAfter) {
			t.Fatalf("a lapsed renewal lost its expiring end: %+v", v)
		}
		service, err := f.GetService(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		if len(service.Notifications) == 0 || service.Notifications[0].Type != app.NoteCertificatesExpiring {
			t.Fatalf("a lapsed renewal should still warn: %+v", service.Notifications)
		}
		renewals, _, err := f.ListRenewals(f.ctx, f.admin, "acme", app.Page{}, f.now)
		f.must(err)
		if len(renewals) != 2 || renewals[0].State != lifecycle.Lapsed { // alice and avnadmin
			t.Fatalf("work list: %+v", renewals)
		}
		for _, user := range []string{"alice", lifecycle.PrimaryUser} {
			f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", user, 0, f.now))
		}
		f.state("alice", lifecycle.Valid)
		service, err = f.GetService(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		if len(service.Notifications) != 0 {
			t.Fatalf("the service should fall silent: %+v", service.Notifications)
		}
		f.clean()
	})
}

func TestAcknowledgeTwiceAndWithWrongGeneration(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		first := f.createUser("alice")
		f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "alice", 0, f.now)) // nothing pending: no error
		f.now = first.RenewAt
		f.sweep()
		f.refused(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "alice", 1, f.now), app.CodeConflict)
		f.state("alice", lifecycle.Expiring)

		var group sync.WaitGroup
		errs := make(chan error, 8)
		for range cap(errs) {
			group.Go(func() { errs <- f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "alice", 2, f.now) })
		}
		group.Wait()
		for range cap(errs) {
			f.must(<-errs)
		}
		if n := f.audited(string(lifecycle.ActionAcknowledge)); n != 1 {
			t.Errorf("%d audit entries for one acknowledgement", n)
		}
		f.clean()
	})
}

func TestRenewOnRequest(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		_, err := f.RenewUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.refused(err, app.CodeConflict) // would not outlive the current pair by renew_before
		f.now = f.now.Add(100 * day)
		v, err := f.RenewUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if v.Current.Generation != 2 || v.State != lifecycle.Expiring {
			t.Fatalf("after a renewal on request: %+v", v)
		}
		_, err = f.RenewUser(f.ctx, f.admin, "acme", "orders", "alice", f.now.Add(100*day))
		refusal := f.refused(err, app.CodeConflict)
		for _, word := range []string{"acknowledge", "reset"} {
			if !strings.Contains(refusal.Message, word) {
				t.Errorf("the refusal does not name the remedy %q: %s", word, refusal.Message)
			}
		}
		f.clean()
	})
}

func TestResetRevokesAndDeleteWarns(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		first := f.createUser("alice")
		reset, err := f.ResetCredentials(f.ctx, f.admin, "acme", "orders", "alice", "", f.now)
		f.must(err)
		if reset.Current.Generation != 2 || reset.Password == first.Password {
			t.Fatalf("after a reset: generation %d, password changed: %v", reset.Current.Generation, reset.Password != first.Password)
		}
		if !onCRL(t, f, first.Current.Cert) || onCRL(t, f, reset.Current.Cert) {
			t.Error("the CRL should hold the old certificate and not the new one")
		}
		set, err := f.ResetCredentials(f.ctx, f.admin, "acme", "orders", "alice", "chosen-password", f.now)
		f.must(err)
		if set.Password != "chosen-password" || set.Current.Serial != reset.Current.Serial {
			t.Error("setting a password must change the password alone")
		}
		until, err := f.DeleteUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		if !until.Equal(reset.Current.NotAfter) {
			t.Errorf("accepted until %s, want the end of the deleted pair %s", until, reset.Current.NotAfter)
		}
		_, err = f.GetUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.refused(err, app.CodeNotFound)
		if again := f.createUser("alice"); again.Warning == "" || again.Current.Generation != 1 {
			t.Errorf("a user made again should start at 1 and warn of the deleted pairs: %+v", again)
		}
		_, err = f.DeleteUser(f.ctx, f.admin, "acme", "orders", lifecycle.PrimaryUser, f.now)
		f.refused(err, app.CodeInvalid)
		told, err := f.PairsEnd(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		until, err = f.DeleteService(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		if until.IsZero() || !until.Equal(told) {
			t.Errorf("pairs are accepted until %s, told before: %s", until, told)
		}
		_, err = f.GetService(f.ctx, f.admin, "acme", "orders", f.now)
		f.refused(err, app.CodeNotFound)
		f.clean()
	})
}

// onCRL fetches the CRL that the certificate names and looks for its serial.
func onCRL(t *testing.T, f *fixture, certPEM string) bool {
	t.Helper()
	block, _ := pem.Decode([]byte(certPEM))
	cert, err := x509.ParseCertificate(block.Bytes)
	f.must(err)
	var ca app.CA
	f.must(f.store.Read(f.ctx, func(r app.Reader) error {
		p, err := r.ProjectByName(f.ctx, "acme")
		if err != nil {
			return err
		}
		ca, err = r.ActiveCA(f.ctx, p.ID, 0, app.ProjectCA)
		return err
	}))
	if want := "http://segue.example:8420" + app.CRLPath(ca.ID); len(cert.CRLDistributionPoints) != 1 || cert.CRLDistributionPoints[0] != want {
		t.Fatalf("the certificate names %v, want %s", cert.CRLDistributionPoints, want)
	}
	der, err := f.CRL(f.ctx, ca.ID, f.now)
	f.must(err)
	list, err := x509.ParseRevocationList(der)
	f.must(err)
	issuer, err := x509.ParseCertificate(ca.Cert)
	f.must(err)
	f.must(list.CheckSignatureFrom(issuer))
	if list.NextUpdate.Sub(f.now) < 7*day {
		t.Errorf("nextUpdate %s is not well ahead", list.NextUpdate)
	}
	for _, e := range list.RevokedCertificateEntries {
		if e.SerialNumber.Cmp(cert.SerialNumber) == 0 {
			return true
		}
	}
	return false
}

func TestPolicyFollowsThrough(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		first := f.createUser("alice")
		text := func(s string) *string { return &s }
		_, err := f.SetPolicy(f.ctx, f.admin, "acme", "", app.PolicyPatch{Renewal: map[string]*string{"validity": text("100d")}}, false, f.now)
		if e := f.refused(err, app.CodeInvalid); e.Field != "validity" {
			t.Errorf("the refusal names %q", e.Field)
		}
		v, err := f.SetPolicy(f.ctx, f.admin, "acme", "orders", app.PolicyPatch{Renewal: map[string]*string{"renew_before": text("120d"), "spread": text("0s")}}, false, f.now)
		f.must(err)
		if v.Policy.RenewBefore != 120*day || v.Sources.RenewBefore != lifecycle.FromService || v.Sources.Validity != lifecycle.FromDefault {
			t.Fatalf("effective policy: %+v", v)
		}
		if got, want := f.user("alice").RenewAt, first.Current.NotAfter.Add(-120*day); !got.Equal(want) {
			t.Errorf("due at %s after the change, want %s", got, want)
		}
		v, err = f.SetPolicy(f.ctx, f.admin, "acme", "orders", app.PolicyPatch{Renewal: map[string]*string{"renew_before": nil, "spread": nil}}, false, f.now)
		f.must(err)
		if v.Sources.RenewBefore != lifecycle.FromDefault || !f.user("alice").RenewAt.Equal(first.RenewAt) {
			t.Errorf("inheriting again should restore the date %s, got %s", first.RenewAt, f.user("alice").RenewAt)
		}
		f.clean()
	})
}

func TestPolicyThatMakesManyDueAsks(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		for i := range 110 {
			f.createUser(fmt.Sprintf("user-%03d", i))
		}
		f.now = f.now.Add(500 * day)
		shorter := "700d"
		before := "330d"
		patch := map[string]*string{"validity": &shorter, "renew_before": &before}
		_, err := f.SetPolicy(f.ctx, f.admin, "acme", "", app.PolicyPatch{Renewal: patch}, false, f.now)
		if e := f.refused(err, app.CodeConflict); !strings.Contains(e.Message, "111") {
			t.Errorf("the refusal should name the number: %s", e.Message)
		}
		v, err := f.SetPolicy(f.ctx, f.admin, "acme", "", app.PolicyPatch{Renewal: patch}, true, f.now)
		f.must(err)
		if v.Due != 111 {
			t.Errorf("%d due, want 111", v.Due)
		}
		if r := f.sweep(); r.Due > 20 {
			t.Errorf("%d due at once: they should be spread over a week", r.Due)
		}
		f.clean()
		f.now = f.now.Add(8 * day)
		f.sweep()
		renewals, _, err := f.ListRenewals(f.ctx, f.admin, "acme", app.Page{Limit: 1000}, f.now)
		f.must(err)
		if len(renewals) != 111 {
			t.Errorf("%d renewed within the week, want 111", len(renewals))
		}
		f.clean()
	})
}

func TestRenewalThatCannotBeIsAnEvent(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		f.now = start.AddDate(app.CAYears, 0, -30) // the CA ends within renew_before
		r := f.sweep()
		if r.Failed != 2 || r.Renewed != 0 {
			t.Fatalf("sweep near the CA's end: %+v", r)
		}
		if r := f.sweep(); r.Due != 0 {
			t.Fatalf("a failed renewal must not loop: %+v", r)
		}
		var failures []app.Failure
		f.must(f.store.Read(f.ctx, func(rd app.Reader) error {
			p, err := rd.ProjectByName(f.ctx, "acme")
			if err != nil {
				return err
			}
			failures, err = rd.OpenFailures(f.ctx, p.ID, 10)
			return err
		}))
		if len(failures) != 2 || !strings.Contains(failures[0].Reason, "certificate authority") {
			t.Fatalf("failure events: %+v", failures)
		}
		f.clean()
	})
}

func TestSweepsSideBySideRenewOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		var last time.Time
		for i := range 120 {
			if v := f.createUser(fmt.Sprintf("user-%03d", i)); v.RenewAt.After(last) {
				last = v.RenewAt
			}
		}
		f.now = last.Add(time.Hour)
		var group sync.WaitGroup
		reports := make(chan app.SweepReport, 3)
		for range cap(reports) {
			other, _ := f.open()
			group.Go(func() {
				r, err := other.Sweep(f.ctx, app.SweepOptions{}, f.now)
				if err != nil {
					t.Error(err)
				}
				reports <- r
			})
		}
		group.Wait()
		renewed := 0
		for range cap(reports) {
			renewed += (<-reports).Renewed
		}
		if renewed != 121 {
			t.Errorf("%d renewals of 121 users", renewed)
		}
		f.clean()
	})
}

func TestDryRunChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.now = f.createUser("alice").RenewAt.Add(10 * day)
		report, err := f.Sweep(f.ctx, app.SweepOptions{DryRun: true}, f.now)
		f.must(err)
		if report.Renewed != 2 {
			t.Errorf("dry run: %+v", report)
		}
		f.state("alice", lifecycle.Valid)
	})
}

func TestClockBehindIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.now = f.createUser("alice").RenewAt
		f.sweep()
		_, err := f.Sweep(f.ctx, app.SweepOptions{}, f.now.Add(-6*time.Minute))
		if !errors.Is(err, app.ErrClockBehind) {
			t.Fatalf("got %v, want %v", err, app.ErrClockBehind)
		}
	})
}

func TestDemoIsWholeAndHappensOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.must(f.Demo(f.ctx, f.now))
		f.must(f.Demo(f.ctx, f.now))
		states := map[lifecycle.State]int{}
		for _, service := range []string{"kafka-orders", "kafka-clickstream"} {
			v, err := f.GetService(f.ctx, f.admin, app.DemoProject, service, f.now)
			f.must(err)
			for _, u := range v.Users {
				states[u.State]++
			}
		}
		for _, s := range []lifecycle.State{lifecycle.Valid, lifecycle.Expiring, lifecycle.Acknowledged, lifecycle.Lapsed} {
			if states[s] == 0 {
				t.Errorf("no demo user is %s: %v", s, states)
			}
		}
		if r := f.sweep(); r.Failed != 0 {
			t.Errorf("sweep of the demo: %+v", r)
		}
		f.clean()
	})
}

func TestBrokerKitIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		files, err := f.BrokerKit(f.ctx, f.admin, "acme", "orders", app.KitRequest{Brokers: []app.KitBroker{{ID: 1, Host: "127.0.0.1"}}}, f.now)
		f.must(err)
		if len(files) == 0 {
			t.Fatal("an empty kit")
		}
		f.now = f.now.Add(lifecycle.BrokerValidity - lifecycle.BrokerRenewBefore + time.Hour)
		service, err := f.GetService(f.ctx, f.admin, "acme", "orders", f.now)
		f.must(err)
		found := false
		for _, n := range service.Notifications {
			found = found || n.Type == app.NoteBrokerCertsExpiring
		}
		if !found || len(service.ReplAddresses) != 1 {
			t.Errorf("90 days before the kit's end it should be asked for again: %+v, %v", service.Notifications, service.ReplAddresses)
		}
		operator := f.member("op@example.com", app.RoleOperator)
		_, err = f.BrokerKit(f.ctx, operator, "acme", "orders", app.KitRequest{Brokers: []app.KitBroker{{ID: 1, Host: "127.0.0.1"}}}, f.now)
		f.refused(err, app.CodeForbidden)
	})
}

func TestSerialsAreUsedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		v := f.createUser("alice")
		block, _ := pem.Decode([]byte(v.Current.Cert))
		if hex, err := pki.SerialOf(block.Bytes); err != nil || pki.SerialHex(hex) != v.Current.Serial {
			t.Errorf("serial %s shown, certificate says %x (%v)", v.Current.Serial, hex, err)
		}
	})
}
