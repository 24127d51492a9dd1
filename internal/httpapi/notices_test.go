package httpapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/notify"
	"github.com/segue-project/segue/internal/notify/smtptest"
)

func accept(token string) string {
	return `{"token":"` + token + `","password":"` + password + `","real_name":"Grace"}`
}

// Somebody is invited, joins once, and each change of role bites at the next request.
func TestMembership(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		admin := r.fill()
		token := admin.invite("Grace@Example.com", "read_only")
		nobody := r.nobody()
		nobody.refused("POST", "/v1/invitation/accept", `{"token":"`+token+`","password":"short"}`, http.StatusBadRequest)
		nobody.refused("POST", "/v1/invitation/accept", accept(token+"x"), http.StatusUnauthorized)
		nobody.ok("POST", "/v1/invitation/accept", accept(token), nil)
		nobody.refused("POST", "/v1/invitation/accept", accept(token), http.StatusUnauthorized)
		if e := admin.refused("POST", shop+"/invite", `{"user_email":"grace@example.com"}`, http.StatusConflict); !strings.Contains(e.Message, "already exists") {
			t.Errorf("inviting a member: %q must contain \"already exists\"", e.Message)
		}

		grace := r.signIn("grace@example.com")
		if u := grace.user(writer); u.AccessKey != nil {
			t.Error("read_only sees a key")
		}
		admin.ok("PUT", shop+"/user/GRACE@example.com", `{"member_type":"developer"}`, nil)
		if u := grace.user(writer); u.AccessKey == nil {
			t.Error("a developer sees no key")
		}
		admin.ok("PUT", shop+"/user/grace@example.com", `{"member_type":"admin"}`, nil)
		grace.ok("DELETE", shop+"/user/"+ownerEmail, "", nil)
		grace.refused("PUT", shop+"/user/grace@example.com", `{"member_type":"operator"}`, http.StatusConflict) // the only admin left
		grace.refused("DELETE", shop+"/user/grace@example.com", "", http.StatusConflict)
		admin.ok("PUT", shop+"/user/grace@example.com", `{"member_type":"admin"}`, nil)
		withdrawn := grace.invite("late@example.com", "operator")
		grace.ok("DELETE", shop+"/invite/Late@example.com", "", nil)
		nobody.refused("POST", "/v1/invitation/accept", accept(withdrawn), http.StatusUnauthorized)
		late := grace.invite("late@example.com", "operator")
		r.now = r.now.Add(app.InvitationLife + time.Second)
		nobody.refused("POST", "/v1/invitation/accept", accept(late), http.StatusUnauthorized)
	})
}

// An invitation for somebody who has an account is no way around the limits of
// signing in, and an unknown token costs no hash.
func TestInvitationLimits(t *testing.T) {
	r := newRig(t)
	admin := r.fill()
	const victim = "victim@example.com"
	r.account(victim, false)
	unknown, _, _, err := r.server.App.Tokens.New()
	if err != nil {
		t.Fatal(err)
	}
	nobody, hashed, got := r.nobody(), r.passwords.verified, map[int]int{}
	for range 12 {
		nobody.refused("POST", "/v1/invitation/accept", accept(unknown), http.StatusUnauthorized)
	}
	if r.passwords.verified != hashed {
		t.Error("an unknown token was hashed for")
	}
	for range 3 { // a new invitation does not fill the allowance up
		token := admin.invite(victim, "developer")
		for i := range 4 {
			guess := fmt.Sprintf(`{"token":"%s","password":"guess %d"}`, token, i)
			got[nobody.do("POST", "/v1/invitation/accept", guess).StatusCode]++
		}
		if strings.Contains(r.log.String(), token) {
			t.Error("the log holds a token")
		}
	}
	if got[http.StatusUnauthorized] != 10 || got[http.StatusTooManyRequests] != 2 || r.passwords.verified != hashed+10 {
		t.Errorf("12 guesses got %v, with %d hashes", got, r.passwords.verified-hashed)
	}
	if got := nobody.do("POST", "/v1/userauth", `{"email":"`+victim+`","password":"guess"}`).StatusCode; got != http.StatusTooManyRequests {
		t.Errorf("signing in after the guesses: %d, want 429", got)
	}
}

func TestRemovedMemberSeesNothing(t *testing.T) {
	r := newRig(t)
	admin := r.fill()
	r.member("dev@example.com", app.RoleDeveloper)
	dev := r.signIn("dev@example.com")
	dev.ok("GET", orders, "", nil)
	admin.ok("DELETE", shop+"/user/dev@example.com", "", nil)
	dev.refused("GET", orders, "", http.StatusNotFound)
	admin.refused("DELETE", shop+"/user/dev@example.com", "", http.StatusNotFound)
}

// Members come all at once, also to Go clients with their limit of 999, or in pages.
func TestMembersPage(t *testing.T) {
	r := newRig(t)
	admin := r.fill()
	for i := range 5 {
		r.member(fmt.Sprintf("m%d@example.com", i), app.RoleReadOnly)
	}
	admin.invite("invited@example.com", "developer")
	for _, query := range []string{"", "?limit=999"} {
		var all api.MembersReply
		if admin.ok("GET", shop+"/users"+query, "", &all); len(all.Users) != 6 || len(all.Invitations) != 1 || all.Next != nil {
			t.Errorf("%q: %d members, %d invitations, next %v", query, len(all.Users), len(all.Invitations), all.Next)
		}
	}
	var emails []string
	invitations, pages := 0, 0
	for after := ""; ; pages++ {
		var page api.MembersReply
		admin.ok("GET", shop+"/users?limit=2&after="+after, "", &page)
		for _, m := range page.Users {
			emails = append(emails, m.UserEmail)
		}
		invitations += len(page.Invitations)
		if page.Next == nil {
			break
		}
		after = *page.Next
	}
	if len(emails) != 6 || !slices.IsSorted(emails) || invitations != 1 || pages != 3 {
		t.Errorf("%d pages after the first hold %v and %d invitations", pages, emails, invitations)
	}
}

func TestUsersPage(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	for _, name := range []string{"a", "b", "c"} {
		c.ok("POST", orders+"/user", `{"username":"`+name+`"}`, nil)
	}
	var names []string
	for after := ""; ; {
		var page api.UsersPage
		text := c.ok("GET", orders+"/users?limit=2&after="+after, "", &page)
		if strings.Contains(string(text), "PRIVATE KEY") || strings.Contains(string(text), "CERTIFICATE") {
			t.Fatal("a page of users holds a pair")
		}
		for _, u := range page.Users {
			names = append(names, u.Username)
			if u.Password != api.Redacted || u.AccessCertNotValidAfterTime.IsZero() {
				t.Errorf("%s is listed as %+v", u.Username, u)
			}
		}
		if page.Next == nil {
			break
		}
		after = *page.Next
	}
	if want := []string{"a", "avnadmin", "b", "c", "writer"}; !slices.Equal(names, want) {
		t.Errorf("listed %v, want %v", names, want)
	}
}

func TestUsersFound(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	for _, name := range []string{"a", "Writer-2"} {
		c.ok("POST", orders+"/user", `{"username":"`+name+`"}`, nil)
	}
	r.now = r.now.AddDate(0, 4, 0)
	c = r.admin()
	c.ok("POST", orders+"/user/writer/renew", "", nil)
	for query, want := range map[string][]string{
		"search=WRIT":                       {"Writer-2", "writer"},
		"state=awaiting":                    {"writer"},
		"state=overlap&search=a":            nil,
		"state=valid&sort=name":             {"Writer-2", "a", "avnadmin"},
		"sort=urgency&limit=1":              {"writer"},
		"search=%25":                        nil,
		"sort=end&state=awaiting&search=wr": {"writer"},
	} {
		var page api.UsersPage
		c.ok("GET", orders+"/users?"+query, "", &page)
		var names []string
		for _, u := range page.Users {
			names = append(names, u.Username)
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s finds %v, want %v", query, names, want)
		}
	}
	for _, query := range []string{"state=old", "sort=size", "search=" + strings.Repeat("x", 65), "after=junk"} {
		c.refused("GET", orders+"/users?"+query, "", http.StatusBadRequest)
	}
}

// A service's own contacts replace the project's; nobody to tell is a warning.
func TestContactsDecideWhoIsTold(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	told := func() (emails []string) {
		var reply api.RecipientsReply
		c.ok("GET", orders+"/recipients", "", &reply)
		for _, who := range reply.Recipients {
			emails = append(emails, who.Email)
		}
		return emails
	}
	if got := told(); !slices.Equal(got, []string{"kafka@example.com", ownerEmail}) {
		t.Errorf("told are %v", got)
	}
	c.ok("PUT", orders+"/contacts", `{"tech_emails":[{"email":"orders@example.com"}]}`, nil)
	if got := told(); !slices.Equal(got, []string{"orders@example.com", ownerEmail}) {
		t.Errorf("with contacts of its own: %v", got)
	}
	c.ok("PUT", orders+"/contacts", `{}`, nil)
	c.ok("PUT", shop+"/contacts", `{"tech_emails":[]}`, nil)
	c.ok("PUT", shop+"/user/"+ownerEmail, `{"member_type":"admin"}`, nil)
	if got := told(); !slices.Equal(got, []string{ownerEmail}) {
		t.Errorf("without contacts: %v", got)
	}
	if notes := c.service(orders).ServiceNotifications; len(notes) != 0 {
		t.Errorf("somebody is told, and yet: %+v", notes)
	}
	// The last admin hands over to nobody but the instance's administrator.
	r.write(func(tx app.Tx) error {
		p, err := tx.ProjectByName(t.Context(), "shop")
		if err != nil {
			return err
		}
		return tx.RemoveMember(t.Context(), p.ID, 1)
	})
	notes := c.service(orders).ServiceNotifications
	if got := told(); len(got) != 0 || len(notes) != 1 || notes[0].Type != app.NoteNobodyTold || notes[0].Level != "warning" {
		t.Errorf("told are %v, and the service says %+v", got, notes)
	}
}

// A digest that left can be read with its attempts, and a role that may not retry it cannot.
func TestDeliveries(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		r.fill()
		r.now = r.now.Add(100 * 24 * time.Hour)
		c := r.admin()
		c.ok("POST", writer+"/renew", "", nil)
		r.now = r.now.Add(time.Hour) // past digest_delay
		r.deliver()
		m := c.newestDelivery()
		if m.State != "kept" || m.Kind != "digest" || m.Channel != "mail" || m.Attempts != 1 || m.SentTime == nil {
			t.Fatalf("the digest is %+v", m)
		}
		var whole api.DeliveryReply
		c.ok("GET", shop+"/deliveries/"+m.ID, "", &whole)
		for part, text := range map[string]string{"text": whole.Text, "HTML": whole.HTML} {
			if !strings.Contains(text, "writer") || strings.Contains(text, "PRIVATE KEY") {
				t.Errorf("the %s part: %.200s", part, text)
			}
		}
		if len(whole.Attempts) != 1 || whole.Attempts[0].Outcome != "kept" {
			t.Errorf("attempts %+v", whole.Attempts)
		}
		c.ok("POST", shop+"/deliveries/"+m.ID+"/retry", "", nil)
		c.refused("POST", shop+"/deliveries/"+m.ID+"/retry", "", http.StatusConflict) // due already
		// Acknowledged meanwhile: the second attempt finds nothing to say.
		c.ok("PUT", writer, `{"operation":"acknowledge-renewal"}`, nil)
		r.deliver()
		if c.ok("GET", shop+"/deliveries/"+m.ID, "", &whole); whole.Delivery.State != "dropped" || whole.Delivery.DueTime != nil || len(whole.Attempts) != 2 {
			t.Errorf("after the acknowledgement: %+v", whole.Delivery)
		}
		for _, id := range []string{"0", "zzzzzzzzzzzzzzzz", strings.ToUpper(m.ID) + "0", "+" + m.ID[1:]} {
			c.refused("GET", shop+"/deliveries/"+id, "", http.StatusNotFound)
		}
		c.ok("POST", "/v1/project", `{"project":"other"}`, nil)
		c.refused("GET", "/v1/project/other/deliveries/"+m.ID, "", http.StatusNotFound)
	})
}

// A mail server that fails, or never answers, shows in /readyz and leaves it ready.
func TestReadyzTellsOfTheMailServer(t *testing.T) {
	server := smtptest.Start(t, smtptest.STARTTLS)
	mailer, err := notify.NewSMTP(server.URL(), "segue@example.com")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	r.server.App.Mailer = mailer
	mail := func() string {
		var reply api.HealthReply
		r.nobody().ok("GET", "/readyz", "", &reply)
		return reply.Mail
	}
	becomes := func(want string) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); mail() != want; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("mail is %s, want %s", mail(), want)
			}
		}
	}
	server.Play(smtptest.At(smtptest.Hello, smtptest.Answer{Stall: true}))
	for range 3 {
		if got := mail(); got != "unchecked" {
			t.Errorf("while it says nothing: %s", got)
		}
	}
	for server.Asked(smtptest.Hello) == 0 { // the test's own timeout bounds it
		time.Sleep(time.Millisecond)
	}
	server.Play(nil) // which ends what it kept waiting
	becomes("failing")
	r.now = r.now.Add(mailCheckedFor)
	becomes("ok")
	server.Down()
	if got := mail(); got != "ok" {
		t.Errorf("asked again within a minute: %s", got)
	}
	r.now = r.now.Add(mailCheckedFor)
	becomes("failing")
	if !strings.Contains(r.log.String(), "the mail server cannot be used") || strings.Contains(r.log.String(), "p%40ss") {
		t.Errorf("the log is %s", r.log.String())
	}
	server.Up(t)
	r.now = r.now.Add(mailCheckedFor)
	becomes("ok")
	w := httptest.NewRecorder()
	r.server.ServeHTTP(w, httptest.NewRequest("GET", "/livez", nil))
	if strings.Contains(w.Body.String(), "mail") {
		t.Errorf("/livez says %s", w.Body)
	}
}
