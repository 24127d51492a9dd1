package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// script answers one request after the other and keeps what was asked.
type script struct {
	t       *testing.T
	replies []reply
	asked   []string // "METHOD path body"
	headers []http.Header
}

type reply struct {
	status int
	body   string
	header http.Header
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := r.Method + " " + r.URL.RequestURI()
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if len(body) > 0 {
			asked += " " + string(body)
		}
	}
	s.asked = append(s.asked, asked)
	s.headers = append(s.headers, r.Header)
	if len(s.replies) == 0 {
		s.t.Errorf("unexpected request %s", asked)
		return nil, errors.New("no reply left")
	}
	next := s.replies[0]
	s.replies = s.replies[1:]
	if next.header == nil {
		next.header = http.Header{}
	}
	return &http.Response{
		StatusCode: next.status, Header: next.header, Request: r,
		Body: io.NopCloser(strings.NewReader(next.body)),
	}, nil
}

func (s *script) client() *Client {
	s.t.Helper()
	c, err := New("https://segue.example/base/", "sgu_secret", WithTransport(s), WithUserAgent("segue/test"))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func refused(status int, message string, header ...string) reply {
	r := reply{status: status, body: fmt.Sprintf(`{"message":%q,"errors":[]}`, message), header: http.Header{}}
	for i := 0; i < len(header); i += 2 {
		r.header.Set(header[i], header[i+1])
	}
	return r
}

func TestEveryCall(t *testing.T) {
	ctx := t.Context()
	asks(t, map[string]func(c *Client) error{
		`POST /base/v1/userauth {"email":"e","password":"p"}`: func(c *Client) error { _, err := c.SignIn(ctx, "e", "p"); return err },
		`POST /base/v1/setup {"token":"t","password":"p","real_name":"n"}`: func(c *Client) error {
			_, err := c.SetUp(ctx, SetUp{Token: "t", Password: "p", RealName: "n"})
			return err
		},
		`GET /base/v1/me`:                          func(c *Client) error { _, err := c.Me(ctx); return err },
		`GET /base/v1/project`:                     func(c *Client) error { _, err := c.Projects(ctx); return err },
		`POST /base/v1/project {"project":"p"}`:    func(c *Client) error { _, err := c.CreateProject(ctx, ProjectCreate{Project: "p"}); return err },
		`GET /base/v1/project/p`:                   func(c *Client) error { _, err := c.Project(ctx, "p"); return err },
		`GET /base/v1/project/p/kms/ca`:            func(c *Client) error { _, err := c.ProjectCA(ctx, "p"); return err },
		`GET /base/v1/project/p/service`:           func(c *Client) error { _, err := c.Services(ctx, "p"); return err },
		`GET /base/v1/project/p/service/s`:         func(c *Client) error { _, err := c.Service(ctx, "p", "s"); return err },
		`DELETE /base/v1/project/p/service/s`:      func(c *Client) error { _, err := c.DeleteService(ctx, "p", "s"); return err },
		`GET /base/v1/project/p/service/s/user/u`:  func(c *Client) error { _, err := c.User(ctx, "p", "s", "u"); return err },
		`GET /base/v1/project/p/service/s/policy`:  func(c *Client) error { _, err := c.ServicePolicy(ctx, "p", "s"); return err },
		`GET /base/v1/project/p/policy`:            func(c *Client) error { _, err := c.ProjectPolicy(ctx, "p"); return err },
		`GET /base/v1/project/p%2Fx/service/s%20y`: func(c *Client) error { _, err := c.Service(ctx, "p/x", "s y"); return err },
		`POST /base/v1/project/p/service {"service_name":"s","user_config":{"a":1}}`: func(c *Client) error {
			_, err := c.CreateService(ctx, "p", ServiceCreate{ServiceName: "s", UserConfig: map[string]any{"a": 1}})
			return err
		},
		`POST /base/v1/project/p/service/s/user {"username":"u"}`: func(c *Client) error { _, err := c.CreateUser(ctx, "p", "s", "u"); return err },
		`DELETE /base/v1/project/p/service/s/user/u`:              func(c *Client) error { _, err := c.DeleteUser(ctx, "p", "s", "u"); return err },
		`PUT /base/v1/project/p/service/s/user/u {"operation":"acknowledge-renewal","generation":2}`: func(c *Client) error {
			_, err := c.AcknowledgeRenewal(ctx, "p", "s", "u", 2)
			return err
		},
		`PUT /base/v1/project/p/service/s/user/u {"operation":"reset-credentials"}`: func(c *Client) error {
			_, err := c.ResetCredentials(ctx, "p", "s", "u")
			return err
		},
		`PUT /base/v1/project/p/service/s/user/u {"operation":"reset-credentials","new_password":"w"}`: func(c *Client) error {
			_, err := c.SetPassword(ctx, "p", "s", "u", "w")
			return err
		},
		`POST /base/v1/project/p/service/s/user/u/renew`:         func(c *Client) error { _, err := c.RenewUser(ctx, "p", "s", "u"); return err },
		`GET /base/v1/project/p/service/s/user/u/generations`:    func(c *Client) error { _, err := c.Generations(ctx, "p", "s", "u"); return err },
		`GET /base/v1/project/p/service/s/user/u/generations/3`:  func(c *Client) error { _, err := c.Generation(ctx, "p", "s", "u", 3); return err },
		`GET /base/v1/project/p/renewals?after=1-a%26b&limit=10`: func(c *Client) error { _, err := c.RenewalsPage(ctx, "p", "1-a&b", 10); return err },
		`PUT /base/v1/project/p/policy {"validity":"30d","spread":null,"confirm":true}`: func(c *Client) error {
			_, err := c.SetProjectPolicy(ctx, "p", PolicyUpdate{Validity: Give("30d"), Spread: Inherit(), Confirm: true})
			return err
		},
		`PUT /base/v1/project/p/service/s/policy {"renew_before":"1d"}`: func(c *Client) error {
			_, err := c.SetServicePolicy(ctx, "p", "s", PolicyUpdate{RenewBefore: Give("1d")})
			return err
		},
		`POST /base/v1/project/p/service/s/user/u/bundle {"format":"jks","password":"changeit","generation":2}`: func(c *Client) error {
			_, err := c.Bundle(ctx, "p", "s", "u", BundleRequest{Format: "jks", Password: "changeit", Generation: 2})
			return err
		},
		`POST /base/v1/project/p/service/s/broker-kit {"brokers":[{"id":1,"host":"h"}]}`: func(c *Client) error {
			_, err := c.BrokerKit(ctx, "p", "s", BrokerKitRequest{Brokers: []KitBroker{{ID: 1, Host: "h"}}})
			return err
		},
	})
}

func TestEveryCallAboutPeople(t *testing.T) {
	ctx := t.Context()
	until := time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC)
	asks(t, map[string]func(c *Client) error{
		`GET /base/v1/project/p/users`:                                 func(c *Client) error { _, err := c.Members(ctx, "p"); return err },
		`GET /base/v1/project/p/users?after=a%40example.com&limit=10`:  func(c *Client) error { _, err := c.MembersPage(ctx, "p", "a@example.com", 10); return err },
		`DELETE /base/v1/project/p/invite/a+b@example.com`:             func(c *Client) error { return c.WithdrawInvitation(ctx, "p", "a+b@example.com") },
		`DELETE /base/v1/project/p/user/a@example.com`:                 func(c *Client) error { return c.RemoveMember(ctx, "p", "a@example.com") },
		`PUT /base/v1/project/p/user/a@b.c {"member_type":"operator"}`: func(c *Client) error { return c.SetMemberRole(ctx, "p", "a@b.c", "operator") },
		`POST /base/v1/project/p/invite {"user_email":"a@b.c","member_type":"admin"}`: func(c *Client) error {
			_, err := c.Invite(ctx, "p", Invite{UserEmail: "a@b.c", MemberType: "admin"})
			return err
		},
		`POST /base/v1/invitation/accept {"token":"t","password":"w","real_name":"n"}`: func(c *Client) error {
			return c.AcceptInvitation(ctx, InvitationAccept{Token: "t", Password: "w", RealName: "n"})
		},
		`GET /base/v1/project/p/contacts`:             func(c *Client) error { _, err := c.Contacts(ctx, "p", ""); return err },
		`GET /base/v1/project/p/service/s/contacts`:   func(c *Client) error { _, err := c.Contacts(ctx, "p", "s"); return err },
		`GET /base/v1/project/p/service/s/recipients`: func(c *Client) error { _, err := c.Recipients(ctx, "p", "s"); return err },
		`PUT /base/v1/project/p/service/s/contacts {"tech_emails":[{"email":"a@b.c"}]}`: func(c *Client) error {
			_, err := c.SetContacts(ctx, "p", "s", Contacts{TechEmails: []TechEmail{{Email: "a@b.c"}}})
			return err
		},
		`PUT /base/v1/project/p/contacts {"tech_emails":[]}`: func(c *Client) error {
			_, err := c.SetContacts(ctx, "p", "", Contacts{TechEmails: []TechEmail{}})
			return err
		},
		`POST /base/v1/project/p/service/s/user/u/snooze {"until":"2026-12-24T09:00:00Z","reason":"r"}`: func(c *Client) error {
			_, err := c.Snooze(ctx, "p", "s", "u", Snooze{Until: until, Reason: "r"})
			return err
		},
		`DELETE /base/v1/project/p/service/s/user/u/snooze`: func(c *Client) error { _, err := c.EndSnooze(ctx, "p", "s", "u"); return err },
	})
}

func TestEveryCallAboutMessages(t *testing.T) {
	ctx := t.Context()
	asks(t, map[string]func(c *Client) error{
		`GET /base/v1/project/p/service/s?include_secrets=false`:        func(c *Client) error { _, err := c.DescribeService(ctx, "p", "s"); return err },
		`GET /base/v1/project/p/service/s/user/u?include_secrets=false`: func(c *Client) error { _, err := c.DescribeUser(ctx, "p", "s", "u"); return err },
		`GET /base/v1/project/p/service/s/users?after=u&limit=5`:        func(c *Client) error { _, err := c.UsersPage(ctx, "p", "s", UserQuery{}, "u", 5); return err },
		`GET /base/v1/project/p/service/s/users?search=a+b&sort=end&state=valid`: func(c *Client) error {
			_, err := c.UsersPage(ctx, "p", "s", UserQuery{State: "valid", Search: "a b", Sort: "end"}, "", 0)
			return err
		},
		`GET /base/v1/project/p/channels`: func(c *Client) error { _, err := c.Channels(ctx, "p"); return err },
		`POST /base/v1/project/p/channels {"name":"n","kind":"slack","url":"https://h"}`: func(c *Client) error {
			_, err := c.CreateChannel(ctx, "p", ChannelCreate{Name: "n", Kind: "slack", URL: "https://h"})
			return err
		},
		`DELETE /base/v1/project/p/channels/n`:                        func(c *Client) error { return c.DeleteChannel(ctx, "p", "n") },
		`POST /base/v1/project/p/channels/n/test`:                     func(c *Client) error { return c.TestChannel(ctx, "p", "n") },
		`POST /base/v1/project/p/notify/test`:                         func(c *Client) error { return c.TestMail(ctx, "p") },
		`GET /base/v1/project/p/notify/preview`:                       func(c *Client) error { _, err := c.PreviewDigest(ctx, "p"); return err },
		`GET /base/v1/project/p/deliveries?after=1-a&limit=5&state=x`: func(c *Client) error { _, err := c.DeliveriesPage(ctx, "p", "x", "1-a", 5); return err },
		`GET /base/v1/project/p/deliveries/00000000000000aa`:          func(c *Client) error { _, err := c.Delivery(ctx, "p", "00000000000000aa"); return err },
		`POST /base/v1/project/p/deliveries/a/retry`:                  func(c *Client) error { return c.RetryDelivery(ctx, "p", "a") },
	})
}

func TestEveryCallThatChanges(t *testing.T) {
	ctx, name, on := t.Context(), "n", true
	asks(t, map[string]func(c *Client) error{
		`PUT /base/v1/project/p {"project_name":"n"}`: func(c *Client) error {
			_, err := c.UpdateProject(ctx, "p", ProjectUpdate{ProjectName: &name})
			return err
		},
		`PUT /base/v1/project/p {"tech_emails":[],"tags":{}}`: func(c *Client) error {
			_, err := c.UpdateProject(ctx, "p", ProjectUpdate{TechEmails: []TechEmail{}, Tags: map[string]*string{}})
			return err
		},
		`DELETE /base/v1/project/p`:                         func(c *Client) error { return c.DeleteProject(ctx, "p") },
		`GET /base/v1/project/p/tags`:                       func(c *Client) error { _, err := c.Tags(ctx, "p", ""); return err },
		`PUT /base/v1/project/p/service/s/tags {"tags":{}}`: func(c *Client) error { return c.SetTags(ctx, "p", "s", map[string]string{}) },
		`PATCH /base/v1/project/p/service/s/tags {"tags":{"a":null,"b":"n"}}`: func(c *Client) error {
			return c.UpdateTags(ctx, "p", "s", map[string]*string{"a": nil, "b": &name})
		},
		`PUT /base/v1/project/p/service/s {"user_config":{"a":null},"termination_protection":true}`: func(c *Client) error {
			_, err := c.UpdateService(ctx, "p", "s", ServiceUpdate{UserConfig: map[string]any{"a": nil}, TerminationProtection: &on})
			return err
		},
	})
}

func TestEveryCallAboutAccessTokens(t *testing.T) {
	ctx, age := t.Context(), 60
	asks(t, map[string]func(c *Client) error{
		`GET /base/v1/access_token?limit=1000`: func(c *Client) error {
			for _, err := range c.AccessTokens(ctx) {
				return err
			}
			return nil
		},
		`POST /base/v1/access_token {"description":"d","max_age_seconds":60,"extend_when_used":true}`: func(c *Client) error {
			_, err := c.CreateAccessToken(ctx, AccessTokenCreate{Description: "d", MaxAgeSeconds: &age, ExtendWhenUsed: true})
			return err
		},
		`PUT /base/v1/access_token/sgu_abc {"description":"d"}`: func(c *Client) error {
			_, err := c.DescribeAccessToken(ctx, "sgu_abc", "d")
			return err
		},
		`DELETE /base/v1/access_token/sgu_abc`: func(c *Client) error { return c.RevokeAccessToken(ctx, "sgu_abc") },
	})
}

// asks makes each call and holds it to the request that it must be.
func asks(t *testing.T, calls map[string]func(c *Client) error) {
	t.Helper()
	for want, make := range calls {
		s := &script{t: t, replies: []reply{{status: 200, body: "{}"}}}
		if err := make(s.client()); err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		if s.asked[0] != want {
			t.Errorf("asked %s\nwant  %s", s.asked[0], want)
		}
		h := s.headers[0]
		if h.Get("Authorization") != "Bearer sgu_secret" || h.Get("User-Agent") != "segue/test" || h.Get("Accept") != "application/json" {
			t.Errorf("%s: headers %v", want, h)
		}
		if withBody := strings.HasSuffix(want, "}"); withBody != (h.Get("Content-Type") == "application/json") {
			t.Errorf("%s: Content-Type %q", want, h.Get("Content-Type"))
		}
	}
}

func TestNamesThatChangeThePath(t *testing.T) {
	for _, name := range []string{"", ".", ".."} {
		s := &script{t: t}
		if _, err := s.client().DeleteUser(t.Context(), "p", "s", name); err == nil {
			t.Errorf("user %q: no error", name)
		}
		if _, err := s.client().AcknowledgeRenewal(t.Context(), "p", "s", "u", 0); err == nil {
			t.Error("generation 0: no error")
		}
	}
}

func TestRepeating(t *testing.T) {
	get := func(ctx context.Context, c *Client) error { _, err := c.Me(ctx); return err }
	reset := func(ctx context.Context, c *Client) error {
		_, err := c.ResetCredentials(ctx, "p", "s", "u")
		return err
	}
	ok := reply{status: 200, body: "{}"}
	busy := refused(503, "later")
	for name, c := range map[string]struct {
		call     func(context.Context, *Client) error
		replies  []reply
		status   int // of the error; 0 for none
		min, max time.Duration
	}{
		"first try":                     {get, []reply{ok}, 0, 0, 0},
		"third try":                     {get, []reply{busy, refused(500, "oh"), ok}, 0, 375 * time.Millisecond, 750 * time.Millisecond},
		"four tries at most":            {get, []reply{busy, busy, busy, refused(502, "gone")}, 502, 875 * time.Millisecond, 1750 * time.Millisecond},
		"asked to wait":                 {get, []reply{refused(429, "slow", "Retry-After", "7"), ok}, 0, 7 * time.Second, 7 * time.Second},
		"asked to wait until":           {get, []reply{refused(503, "slow", "Date", "Sat, 01 Jan 2000 00:00:00 GMT", "Retry-After", "Sat, 01 Jan 2000 00:00:09 GMT"), ok}, 0, 9 * time.Second, 9 * time.Second},
		"asked to wait too long":        {get, []reply{refused(429, "slow", "Retry-After", "31")}, 429, 0, 0},
		"asked to come back before":     {get, []reply{refused(503, "slow", "Date", "Sat, 01 Jan 2000 00:00:00 GMT", "Retry-After", "Fri, 31 Dec 1999 00:00:00 GMT"), ok}, 0, 125 * time.Millisecond, 250 * time.Millisecond},
		"refused for good":              {get, []reply{refused(404, "no such project")}, 404, 0, 0},
		"not done by this server":       {get, []reply{refused(501, "no")}, 501, 0, 0},
		"a reset is not repeated":       {reset, []reply{busy}, 503, 0, 0},
		"nor when told to wait shortly": {reset, []reply{refused(429, "slow", "Retry-After", "1")}, 429, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{t: t, replies: c.replies}
				start := time.Now()
				err := c.call(t.Context(), s.client())
				took := time.Since(start)
				var failed *Error
				if errors.As(err, &failed) != (c.status != 0) || failed != nil && failed.Status != c.status {
					t.Errorf("error %v, want status %d", err, c.status)
				}
				if len(s.replies) != 0 {
					t.Errorf("%d replies left", len(s.replies))
				}
				if took < c.min || took > c.max {
					t.Errorf("took %s, want %s to %s", took, c.min, c.max)
				}
			})
		})
	}
}

func TestRepeatingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, replies: []reply{refused(503, "later", "Retry-After", "20")}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := s.client().Me(ctx)
		var failed *Error
		if !errors.As(err, &failed) || failed.Status != 503 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the refusal and the deadline", err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestWhatIsNoReply(t *testing.T) {
	for name, c := range map[string]struct {
		reply   reply
		message string
	}{
		"envelope":              {refused(403, "your role does not allow this"), "your role does not allow this"},
		"a proxy's page":        {reply{status: 404, body: "<html>"}, "the server answered 404 Not Found"},
		"nothing":               {reply{status: 400}, "the server answered 400 Bad Request"},
		"a status of nobody":    {reply{status: 599}, "the server answered 599"},
		"another server":        {reply{status: 200, body: "<html>"}, "https://segue.example/base does not answer like a Segue server: invalid character '<' looking for beginning of value"},
		"another type":          {reply{status: 200, body: `[]`}, "https://segue.example/base does not answer like a Segue server: json: cannot unmarshal array into Go value of type api.MeReply"},
		"half a reply":          {reply{status: 200, body: `{"user":{"real`}, "cannot reach https://segue.example/base: unexpected EOF"},
		"an empty reply":        {reply{status: 200}, "cannot reach https://segue.example/base: unexpected EOF"},
		"a redirect":            {reply{status: 308, header: http.Header{"Location": {"https://other.example/v1/me?token"}}}, "the server redirects to https://other.example: use that as its URL"},
		"a reply without bound": {reply{status: 200, body: `{"user":{"real_name":"` + strings.Repeat("a", 1000)}, "the reply of https://segue.example/base is larger than 1000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{t: t, replies: []reply{c.reply}}
			client := s.client()
			client.maxReply = 1000
			if _, err := client.Me(t.Context()); err == nil || err.Error() != c.message {
				t.Errorf("error %v\nwant  %s", err, c.message)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := New(server.URL, "t")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Me(t.Context())
	var gone *ConnectionError
	if !errors.As(err, &gone) || gone.URL != server.URL || gone.Timeout() {
		t.Errorf("error %#v", err)
	}
	if strings.Contains(err.Error(), "/v1/me") {
		t.Errorf("error %q names the call", err)
	}
}

func TestNoAnswerInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New("https://segue.example", "t", WithTransport(silence{}))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = c.Me(t.Context())
		var gone *ConnectionError
		if !errors.As(err, &gone) || !gone.Timeout() {
			t.Errorf("error %v, want a timeout", err)
		}
		if took := time.Since(start); took != callTimeout {
			t.Errorf("took %s", took)
		}
	})
}

// silence never answers.
type silence struct{}

func (silence) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestBaseURL(t *testing.T) {
	for raw, ok := range map[string]bool{
		"https://segue.example":            true,
		"https://segue.example/prefix/":    true,
		"http://127.0.0.1:8420":            true,
		"http://127.9.9.9":                 true,
		"http://[::1]:8420":                true,
		"http://localhost:8420":            true,
		"http://segue.example":             false,
		"http://10.0.0.1":                  false,
		"http://localhost.example":         false,
		"http://127.0.0.1.example":         false,
		"http://0.0.0.0:8420":              false,
		"":                                 false,
		"127.0.0.1:8420":                   false,
		"segue.example":                    false,
		"ftp://segue.example":              false,
		"https://":                         false,
		"https://user:word@segue.example":  false,
		"https://segue.example?token=word": false,
		"https://segue.example#word":       false,
		"http://127.0.0.1:8420\n":          false,
	} {
		c, err := New(raw, "t")
		if (err == nil) != ok {
			t.Errorf("New(%q): %v", raw, err)
		}
		if err != nil && (c != nil || strings.Contains(err.Error(), "word")) {
			t.Errorf("New(%q): client %v, error %v", raw, c, err)
		}
	}
}

func TestRenewalsGoThroughThePages(t *testing.T) {
	s := &script{t: t, replies: []reply{
		{status: 200, body: `{"renewals":[{"username":"a"},{"username":"b"}],"next":"n1"}`},
		{status: 200, body: `{"renewals":[{"username":"c"}],"next":null}`},
	}}
	var names []string
	for r, err := range s.client().Renewals(t.Context(), "p") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, r.Username)
	}
	if strings.Join(names, "") != "abc" || strings.Join(s.asked, "\n") != "GET /base/v1/project/p/renewals\nGET /base/v1/project/p/renewals?after=n1" {
		t.Errorf("got %v by %v", names, s.asked)
	}

	s = &script{t: t, replies: []reply{refused(404, "no such project")}}
	seen := 0
	for _, err := range s.client().Renewals(t.Context(), "p") {
		if seen++; err == nil {
			t.Error("no error")
		}
	}
	if seen != 1 {
		t.Errorf("yielded %d times, want the error once", seen)
	}
}

func TestListsGoThroughThePages(t *testing.T) {
	s := &script{t: t, replies: []reply{
		{status: 200, body: `{"users":[{"username":"a"}],"next":"a"}`}, {status: 200, body: `{"users":[{"username":"b"}],"next":null}`},
		{status: 200, body: `{"deliveries":[{"id":"1"}],"next":"n"}`}, refused(500, "oh"), refused(500, "oh"), refused(500, "oh"), refused(500, "oh"),
	}}
	client := s.client()
	var got []string
	for u, err := range client.Users(t.Context(), "p", "s", UserQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, u.Username)
	}
	synctest.Test(t, func(t *testing.T) { // what may pass is tried again
		for d, err := range client.Deliveries(t.Context(), "p", "dead") {
			if got = append(got, d.ID); err != nil {
				got = append(got, err.Error())
			}
		}
	})
	if want := "a b 1  oh"; strings.Join(got, " ") != want {
		t.Errorf("read %q, want %q", got, want)
	}
	if want := "GET /base/v1/project/p/deliveries?after=n&state=dead"; s.asked[3] != want || !strings.HasSuffix(s.asked[1], "/users?after=a&limit=1000") {
		t.Errorf("asked %q", s.asked)
	}
}

func TestNumbersOfUserConfigStay(t *testing.T) {
	s := &script{t: t, replies: []reply{{status: 200, body: `{"service":{"user_config":{"n":12345678901234567890,"f":1.50}}}`}}}
	service, err := s.client().Service(t.Context(), "p", "s")
	if got := fmt.Sprint(service.UserConfig); err != nil || got != "map[f:1.50 n:12345678901234567890]" {
		t.Errorf("got %s, %v", got, err)
	}
}
