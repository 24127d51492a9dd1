package app_test

import (
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
)

const nextPassword = "another horse battery"

// After a new password the old one opens nothing, and neither does what it opened.
func TestSetMemberPassword(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.owner()
		f.service()
		other := f.member("other@example.com", app.RoleReadOnly)
		session, _ := f.session()
		token, _, err := f.SignIn(f.ctx, ownerEmail, ownerPassword, ownerAddress, "curl", f.now)
		f.must(err)

		ended, err := f.SetMemberPassword(f.ctx, f.admin, " Owner@Example.com ", nextPassword, true, f.now)
		f.must(err)
		if ended != 1 {
			t.Errorf("%d ended, want the session alone", ended)
		}
		f.signedOut(session)
		_, err = f.Authenticate(f.ctx, token, ownerAddress, "curl", f.now)
		f.must(err)

		ended, err = f.SetMemberPassword(f.ctx, f.admin, ownerEmail, nextPassword, false, f.now)
		f.must(err)
		if ended != 1 {
			t.Errorf("%d ended, want the token alone", ended)
		}
		_, err = f.Authenticate(f.ctx, token, ownerAddress, "curl", f.now)
		f.refused(err, app.CodeUnauthenticated)
		_, _, err = f.SignIn(f.ctx, ownerEmail, ownerPassword, ownerAddress, "curl", f.now)
		f.refused(err, app.CodeUnauthenticated)
		_, acc, err := f.SignIn(f.ctx, ownerEmail, nextPassword, ownerAddress, "curl", f.now)
		f.must(err)
		if !acc.Administrator {
			t.Error("the account is another")
		}

		log := f.instanceLog("account.set-password")
		if len(log) != 2 || log[1].Actor != "system" || !strings.Contains(log[1].Detail, `"email":"`+ownerEmail+`"`) || strings.Contains(log[1].Detail, nextPassword) {
			t.Errorf("it is audited as %+v", log)
		}
		_, err = f.SetMemberPassword(f.ctx, f.admin, "nobody@example.com", nextPassword, false, f.now)
		f.refused(err, app.CodeNotFound)
		_, err = f.SetMemberPassword(f.ctx, f.admin, ownerEmail, "short", false, f.now)
		f.refused(err, app.CodeInvalid)
		_, err = f.SetMemberPassword(f.ctx, other, ownerEmail, nextPassword, false, f.now)
		f.refused(err, app.CodeForbidden)
		f.clean()
	})
}
