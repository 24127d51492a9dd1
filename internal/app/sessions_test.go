package app_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

const (
	ownerEmail    = "owner@example.com"
	ownerPassword = "correct horse battery"
	ownerAddress  = "192.0.2.1"
)

// owner makes the first administrator.
func (f *fixture) owner() {
	f.t.Helper()
	created, err := f.FirstAdministrator(f.ctx, ownerEmail, ownerPassword, f.now)
	f.must(err)
	if !created {
		f.t.Fatal("the store has an account already")
	}
}

// session signs the owner's browser in.
func (f *fixture) session() (token string, who app.Actor) {
	f.t.Helper()
	token, _, err := f.OpenSession(f.ctx, ownerEmail, ownerPassword, ownerAddress, "browser", f.now)
	f.must(err)
	return token, f.signedIn(token)
}

func (f *fixture) signedIn(token string) app.Actor {
	f.t.Helper()
	who, err := f.AuthenticateSession(f.ctx, token, ownerAddress, "browser", f.now)
	f.must(err)
	return who
}

func (f *fixture) signedOut(token string) {
	f.t.Helper()
	_, err := f.AuthenticateSession(f.ctx, token, ownerAddress, "browser", f.now)
	f.refused(err, app.CodeUnauthenticated)
}

// instanceLog is what the instance's own log says of an action.
func (f *fixture) instanceLog(action string) (found []app.AuditEntry) {
	f.t.Helper()
	f.must(f.store.Read(f.ctx, func(r app.Reader) (err error) {
		found, err = r.NewestAudit(f.ctx, 0, app.AuditFilter{Action: action}, 1<<40, 1000)
		return err
	}))
	return found
}

func TestSessionsAreNoTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.owner()
		session, who := f.session()
		if who.Email != ownerEmail || !who.Administrator || who.TokenID == 0 || !who.TokenExpiresAt.Equal(f.now.Add(app.SessionLife)) {
			t.Errorf("signed in is %+v", who)
		}
		_, err := f.Authenticate(f.ctx, session, ownerAddress, "curl", f.now)
		f.refused(err, app.CodeUnauthenticated)
		token, _, err := f.SignIn(f.ctx, ownerEmail, ownerPassword, ownerAddress, "curl", f.now)
		f.must(err)
		_, err = f.AuthenticateSession(f.ctx, token, ownerAddress, "browser", f.now)
		f.refused(err, app.CodeUnauthenticated)
		f.signedOut("")
		other := "x"
		if strings.HasSuffix(session, other) {
			other = "y"
		}
		f.signedOut(session[:len(session)-1] + other)
		if other, _ := f.session(); other == session {
			t.Error("two sign-ins have one token")
		}
		f.clean()
	})
}

func TestSessionsEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.owner()
		opened := f.now
		idle, _ := f.session()
		used, _ := f.session()
		for f.now.Before(opened.Add(app.SessionLife - 20*time.Hour)) {
			f.now = f.now.Add(20 * time.Hour)
			f.signedIn(used)
		}
		f.signedOut(idle)
		f.now = opened.Add(app.SessionLife)
		f.signedIn(used)
		f.now = f.now.Add(time.Millisecond)
		f.signedOut(used)

		last, _ := f.session()
		f.now = f.now.Add(app.SessionIdle)
		f.signedIn(last)
		f.now = f.now.Add(app.SessionIdle + time.Second)
		f.signedOut(last)
	})
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.owner()
		stale, _ := f.session()
		f.now = f.now.Add(app.SessionIdle + time.Minute)
		first, here := f.session()
		f.now = f.now.Add(time.Hour)
		second, there := f.session()
		_, _, err := f.SignIn(f.ctx, ownerEmail, ownerPassword, ownerAddress, "curl", f.now)
		f.must(err)

		list, err := f.ListSessions(f.ctx, here, f.now)
		f.must(err)
		if len(list) != 2 || list[0].Current || !list[1].Current || list[1].ID != fmt.Sprintf("%016x", uint64(here.TokenID)) ||
			list[1].Address != ownerAddress || list[1].UserAgent != "browser" {
			t.Fatalf("sessions %+v", list)
		}
		stranger := app.Actor{AccountID: 7, Email: "stranger@example.com"}
		f.refused(f.RevokeSession(f.ctx, stranger, list[0].ID, f.now), app.CodeNotFound)
		for _, id := range []string{"", "x", "0000000000000000"} {
			f.refused(f.RevokeSession(f.ctx, here, id, f.now), app.CodeNotFound)
		}
		f.signedIn(second)
		f.must(f.RevokeSession(f.ctx, here, list[0].ID, f.now))
		f.refused(f.RevokeSession(f.ctx, here, list[0].ID, f.now), app.CodeNotFound)
		f.signedOut(second)
		f.signedOut(stale)
		f.signedIn(first)

		f.must(f.CloseSession(f.ctx, here, f.now))
		f.signedOut(first)
		f.refused(f.CloseSession(f.ctx, app.Actor{AccountID: there.AccountID}, f.now), app.CodeUnauthenticated)
		for action, want := range map[string]int{"account.sign-in": 4, "account.revoke-session": 1, "account.sign-out": 1} {
			if got := len(f.instanceLog(action)); got != want {
				t.Errorf("%d entries of %s, want %d", got, action, want)
			}
		}
		f.clean()
	})
}

// Strangers at many addresses cannot keep the owner out of where the owner came
// from before, and each failure is told of no more than the log can hold.
func TestStrangersLockNobodyOut(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.owner()
		f.session()
		guess := func(address, email string) error {
			_, _, err := f.OpenSession(f.ctx, email, "a guess", address, "bot", f.now)
			return err
		}
		var last error
		for i := range 110 {
			last = guess(fmt.Sprintf("198.51.100.%d", i), ownerEmail)
		}
		f.refused(last, app.CodeTooMany)
		_, _, err := f.OpenSession(f.ctx, ownerEmail, ownerPassword, "203.0.113.5", "browser", f.now)
		f.refused(err, app.CodeTooMany) // a new place is held up
		f.session()                     // the known one is not

		failed := f.instanceLog("account.sign-in-failed")
		if len(failed) < 10 || len(failed) > 64 {
			t.Errorf("%d failures are in the log, want some, at most 64 a minute", len(failed))
		}
		if want := fmt.Sprintf(`{"account":"%s","address":"198.51.100.`, ownerEmail); len(failed[0].Detail) < len(want) || failed[0].Detail[:len(want)] != want {
			t.Errorf("a failure says %s", failed[0].Detail)
		}
		f.now = f.now.Add(2 * time.Minute)
		f.refused(guess("203.0.113.9", "my password by mistake"), app.CodeUnauthenticated)
		if e := f.instanceLog("account.sign-in-failed")[0]; e.Detail != `{"address":"203.0.113.9"}` {
			t.Errorf("a failure without an account says %s", e.Detail)
		}
	})
}

func TestSetup(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		offer := func() string {
			t.Helper()
			token, err := f.OfferSetup(f.ctx, " Owner@Example.com ", f.now)
			f.must(err)
			return token
		}
		opens := func(token string, code app.Code) {
			t.Helper()
			email, err := f.CheckSetup(f.ctx, token, f.now)
			if code != "" {
				f.refused(err, code)
				return
			}
			f.must(err)
			if email != ownerEmail {
				t.Errorf("the link is for %q", email)
			}
		}
		complete := func(token, password string) (string, error) {
			return f.CompleteSetup(f.ctx, token, password, "Olga Owner", ownerAddress, "browser", f.now)
		}
		_, err := f.OfferSetup(f.ctx, "nobody", f.now)
		f.refused(err, app.CodeInvalid)
		replaced := offer()
		token := offer()
		opens(replaced, app.CodeUnauthenticated)
		opens(token, "")
		opens("sgu_x", app.CodeUnauthenticated)
		f.now = f.now.Add(app.SetupLife)
		opens(token, "")
		f.now = f.now.Add(time.Millisecond)
		opens(token, app.CodeUnauthenticated)
		_, err = complete(token, ownerPassword)
		f.refused(err, app.CodeUnauthenticated)

		token = offer()
		_, err = complete(token, "short")
		f.refused(err, app.CodeInvalid)
		session, err := complete(token, ownerPassword)
		f.must(err)
		if who := f.signedIn(session); !who.Administrator || who.Email != ownerEmail || who.RealName != "Olga Owner" {
			t.Errorf("the first administrator is %+v", who)
		}
		f.session()
		opens(token, app.CodeUnauthenticated)
		_, err = complete(token, "another password")
		f.refused(err, app.CodeUnauthenticated)
		if again := offer(); again != "" {
			t.Error("a link is offered although there is an account")
		}
		f.clean()
	})
}

// Of many who use one link at once, one becomes the administrator.
func TestSetupWorksOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		token, err := f.OfferSetup(f.ctx, ownerEmail, f.now)
		f.must(err)
		results := make([]error, 4)
		var group sync.WaitGroup
		for i := range results {
			group.Go(func() {
				_, _, results[i] = f.SetUp(f.ctx, token, ownerPassword, "", ownerAddress, "curl", f.now)
			})
		}
		group.Wait()
		made := 0
		for _, err := range results {
			if err == nil {
				made++
				continue
			}
			f.refused(err, app.CodeUnauthenticated)
		}
		if made != 1 || len(f.instanceLog("account.create")) != 1 {
			t.Errorf("%d administrators were made", made)
		}
	})
}

func TestCheckInvitation(t *testing.T) {
	onBothWithMail(t, func(t *testing.T, f *mailed) {
		f.owner()
		ann := f.member(admin, app.RoleAdmin)
		token := map[string]string{}
		for _, email := range []string{"bea@example.com", ownerEmail} {
			_, err := f.InviteMember(f.ctx, ann, "acme", email, app.RoleOperator, f.now)
			f.must(err)
			token[email] = f.tokenIn(f.mailedTo(email)[email].Text)
			v, err := f.CheckInvitation(f.ctx, token[email], f.now)
			f.must(err)
			want := app.InvitationView{
				Project: "acme", Email: email, Role: app.RoleOperator, InvitedBy: admin,
				ExpiresAt: f.now.Add(app.InvitationLife), HasAccount: email == ownerEmail,
			}
			if v != want {
				t.Errorf("the invitation shows %+v, want %+v", v, want)
			}
		}
		check := func(token string) error {
			_, err := f.CheckInvitation(f.ctx, token, f.now)
			return err
		}
		f.must(f.AcceptInvitation(f.ctx, token["bea@example.com"], "long enough 1", "Bea", ownerAddress, f.now))
		f.refused(check(token["bea@example.com"]), app.CodeUnauthenticated)
		f.refused(check("x"), app.CodeUnauthenticated)
		f.now = f.now.Add(app.InvitationLife + time.Millisecond)
		f.refused(check(token[ownerEmail]), app.CodeUnauthenticated)
	})
}

// A browser's session is no access token, even to whoever shows all of it.
func TestSessionIsNoAccessToken(t *testing.T) {
	f := newFixture(t, t.TempDir(), "")
	f.owner()
	token, who := f.session()
	f.refused(f.RevokeAccessToken(f.ctx, who, token, f.now), app.CodeNotFound)
	_, err := f.DescribeAccessToken(f.ctx, who, token, "mine", f.now)
	f.refused(err, app.CodeNotFound)
	f.signedIn(token)
}
