package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

var update = flag.Bool("update", false, "write testdata/wire again")

// random parts of replies, by the key before them, and what stands for them in
// the recorded ones.
var random = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`-----BEGIN CERTIFICATE-----\\n[A-Za-z0-9+/=\\n]+-----END CERTIFICATE-----\\n`), "<certificate>"},
	{regexp.MustCompile(`-----BEGIN PRIVATE KEY-----\\n[A-Za-z0-9+/=\\n]+-----END PRIVATE KEY-----\\n`), "<key>"},
	{regexp.MustCompile(`"serial": "[0-9a-f]{32,40}"`), `"serial": "<serial>"`},
	{regexp.MustCompile(`"token": "sgu_[0-9A-Za-z]{49}"`), `"token": "<token>"`},
	{regexp.MustCompile(`"full_token": "sgu_[0-9A-Za-z]{49}"`), `"full_token": "<token>"`},
	{regexp.MustCompile(`"token_prefix": "sgu_[0-9A-Za-z]{6}"`), `"token_prefix": "<prefix>"`},
	{regexp.MustCompile(`"password": "[0-9A-Za-z]{24}"`), `"password": "<password>"`},
	{regexp.MustCompile(`"next": "[0-9]+-[0-9a-f]+"`), `"next": "<cursor>"`},
	{regexp.MustCompile(`"data": "[A-Za-z0-9+/=]+"`), `"data": "<data>"`},
	{regexp.MustCompile(`/invitation/sgu_[0-9A-Za-z]{49}"`), `/invitation/<token>"`},
	{regexp.MustCompile(`"content": "[A-Za-z0-9+/=]+"`), `"content": "<content>"`},
	{regexp.MustCompile(`"secret": "whsec_[A-Za-z0-9+/=]{44}"`), `"secret": "<secret>"`},
	{regexp.MustCompile(`"id": "[0-9a-f]{16}"`), `"id": "<id>"`},
	{regexp.MustCompile(`"id": "acl[0-9a-f]{16}"`), `"id": "<acl id>"`},
	// What mails say is package notify's, whose own recordings hold it.
	{regexp.MustCompile(`"(subject|text|html|calendar)": "(\\.|[^"\\])+"`), `"$1": "<$1>"`},
}

// TestWire walks through every call and compares each reply, key by key and null
// by null, with the recorded one. Existing clients break on a key that is
// missing: before you accept a change here, read what they expect.
func TestWire(t *testing.T) { onBothStores(t, testWire) }

func testWire(t *testing.T, r *rig) {
	c := r.nobody()
	record := func(name, method, target, body string) {
		t.Helper()
		c.recorded(name, method, target, body)
	}
	record("userauth", "POST", "/v1/userauth", `{"email":"owner@example.com","password":"`+password+`","otp":"1","tenant":"t"}`)
	c = r.admin()
	record("me", "GET", "/v1/me", "")
	record("organization", "GET", "/v1/organization/"+organizationID, "")
	record("project_create", "POST", "/v1/project", `{"project":"shop","cloud":null,"account_id":"a1","tags":{},"tech_emails":[{"email":"kafka@example.com"}]}`)
	record("project_create_bare", "POST", "/v1/project", `{"project":"empty"}`)
	record("project_list", "GET", "/v1/project?limit=999", "")
	record("project_get", "GET", shop, "")
	record("kms_ca", "GET", shop+"/kms/ca", "")
	record("service_types", "GET", shop+"/service_types", "")
	record("service_type", "GET", shop+"/service-types/kafka", "")
	record("vpcs", "GET", shop+"/vpcs", "")
	record("static_ips", "GET", shop+"/static-ips?limit=999", "")
	record("service_list_empty", "GET", shop+"/service", "")
	record("service_create", "POST", shop+"/service?limit=999", `{"service_name":"orders","service_type":"kafka","plan":"business-4","cloud":"own-dc1",
		"project_vpc_id":null,"service_integrations":[],"static_ips":[],"termination_protection":false,
		"user_config":{"bootstrap_servers":"kafka-1.example.com:9093, kafka-2.example.com:9093","kafka":{"log_retention_bytes":9223372036854775807}}}`)
	record("service_create_bare", "POST", shop+"/service", `{"service_name":"payments","tags":{"team":"billing"}}`)
	record("user_create", "POST", orders+"/user", `{"username":"writer","authentication":null}`)
	record("user_get", "GET", writer, "")
	record("user_bundle", "POST", writer+"/bundle", `{"format":"pem","password":null,"generation":null}`)
	record("user_bundle_password", "POST", writer+"/bundle", `{"format":"pkcs12"}`)
	record("policy_get", "GET", shop+"/policy", "")
	record("policy_put", "PUT", shop+"/policy", `{"validity":"400d","spread":"0s"}`)
	record("policy_put_null", "PUT", shop+"/policy", `{"validity":null}`)
	record("service_policy_put", "PUT", orders+"/policy", `{"renew_before":"1d12h","confirm":true}`)
	record("service_policy_get", "GET", orders+"/policy", "")
	record("renewals_empty", "GET", shop+"/renewals", "")
	record("broker_kit", "POST", orders+"/broker-kit", `{"brokers":[{"id":1,"host":"kafka-1.example.com","alt":["10.0.0.1"]}]}`)

	r.now = r.now.Add(100 * 24 * time.Hour)
	c = r.admin()
	record("user_renew", "POST", writer+"/renew", "")
	record("service_get_expiring", "GET", orders, "")
	record("renewals", "GET", shop+"/renewals?limit=1", "")
	record("service_list", "GET", shop+"/service?include_secrets=true", "")
	record("user_acknowledge", "PUT", writer, `{"operation":"acknowledge-renewal"}`)
	record("user_set_password", "PUT", writer, `{"operation":"reset-credentials","new_password":"a password of ours"}`)
	record("user_reset", "PUT", writer, `{"operation":"reset-credentials","new_password":null}`)
	record("generations", "GET", writer+"/generations", "")
	record("generation", "GET", writer+"/generations/3", "")
	record("generation_revoked", "GET", writer+"/generations/2", "")
	record("user_delete", "DELETE", writer, "")
	record("user_create_again", "POST", orders+"/user", `{"username":"writer"}`)
	record("service_delete", "DELETE", orders, "")
}

// recorder makes a call and compares its reply with the recorded one.
type recorder func(name, method, target, body string)

func TestWireOfTokens(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		c := r.admin()
		record := recorder(func(name, method, target, body string) {
			t.Helper()
			r.now = r.now.Add(time.Second) // the newest first
			c.recorded(name, method, target, body)
		})
		record("access_token_create", "POST", "/v1/access_token", `{"description":"nightly","extend_when_used":true,"max_age_seconds":86400}`)
		record("access_token_create_bare", "POST", "/v1/access_token", `{"description":"forever","extend_when_used":false,"max_age_seconds":null}`)
		record("access_token_put", "PUT", "/v1/access_token/"+c.tokenFor("nightly"), `{"description":"each night"}`)
		record("access_token_list", "GET", "/v1/access_token?limit=999", "")
		record("access_token_delete", "DELETE", "/v1/access_token/"+c.tokenFor("each night"), "")
	})
}

func TestWireOfChanges(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		c := r.fill()
		record := recorder(func(name, method, target, body string) {
			t.Helper()
			c.recorded(name, method, target, body)
		})
		record("service_put", "PUT", orders+"?limit=999", `{"plan":"business-8","cloud":"own-dc2","powered":true,"maintenance":{"dow":"sunday"},"project_vpc_id":null,
			"termination_protection":true,"tech_emails":[{"email":"orders@example.com"}],
			"user_config":{"kafka_authentication_methods":{"sasl":true},"kafka":{"log_retention_bytes":9223372036854775807,"x":null}}}`)
		record("service_put_nothing", "PUT", orders, `{"user_config":{}}`)
		record("service_reset", "PUT", orders+"/credentials/reset", "")
		record("user_reset_put", "PUT", writer+"/credentials/reset", "")
		record("user_reset_post", "POST", writer+"/reset-credentials", "{}")
		record("service_tags_empty", "GET", orders+"/tags", "")
		record("service_tags_put", "PUT", orders+"/tags", `{"tags":{"segue_bootstrap_servers":"kafka-3.example.com:9093","team":"orders"}}`)
		record("service_tags_patch", "PATCH", orders+"/tags", `{"tags":{"team":null,"tier":"1"}}`)
		record("service_tags", "GET", orders+"/tags", "")
		record("project_put", "PUT", shop+"?limit=999", `{"project_name":"store","cloud":null,"tech_emails":[{"email":"ada@example.com"}],"tags":{"team":"shop"}}`)
		record("project_tags", "GET", "/v1/project/store/tags", "")
		record("project_tags_put", "PUT", "/v1/project/store/tags", `{"tags":{"a":"b"}}`)
		record("project_tags_patch", "PATCH", "/v1/project/store/tags", `{"tags":{"a":null}}`)
		c.ok("POST", "/v1/project", `{"project":"empty"}`, nil)
		record("project_delete", "DELETE", "/v1/project/empty", "")
	})
}

func TestWireOfMembers(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		c := r.fill()
		record := recorder(func(name, method, target, body string) {
			t.Helper()
			c.recorded(name, method, target, body)
		})
		token := c.invite("ada@example.com", "developer")
		r.nobody().ok("POST", "/v1/invitation/accept", `{"token":"`+token+`","password":"`+password+`","real_name":"Ada"}`, nil)
		record("invite", "POST", shop+"/invite", `{"user_email":"grace@example.com","member_type":null}`)
		record("members", "GET", shop+"/users?limit=999", "")
		record("members_page", "GET", shop+"/users?limit=1", "")
		record("member_put", "PUT", shop+"/user/ada@example.com", `{"member_type":"read_only"}`)
		record("member_delete", "DELETE", shop+"/user/ada@example.com", "")
		record("invite_delete", "DELETE", shop+"/invite/grace@example.com", "")
		token = c.invite("ada@example.com", "operator")
		record("invitation_accept", "POST", "/v1/invitation/accept", `{"token":"`+token+`","password":"`+password+`","real_name":""}`)
	})
}

// The first administrator is made without a browser, once, and is signed in.
func TestWireOfSetUp(t *testing.T) {
	onBothEmpty(t, func(t *testing.T, r *rig) {
		token, err := r.server.App.OfferSetup(t.Context(), ownerEmail, r.now)
		if err != nil {
			t.Fatal(err)
		}
		nobody := r.nobody()
		body := func(token, password string) string {
			return `{"token":"` + token + `","password":"` + password + `","real_name":"Olga Owner"}`
		}
		nobody.refused("POST", "/v1/setup", body(token, "short"), http.StatusBadRequest)
		other := "x"
		if token[20:21] == other {
			other = "y"
		}
		nobody.refused("POST", "/v1/setup", body(token[:20]+other+token[21:], password), http.StatusUnauthorized)
		res := nobody.ok("POST", "/v1/setup", body(token, password), nil)
		compare(t, "setup", res)
		nobody.refused("POST", "/v1/setup", body(token, password), http.StatusUnauthorized)
		if strings.Contains(r.log.String(), token) {
			t.Error("the log holds the token")
		}
		c := r.admin()
		c.ok("POST", "/v1/project", `{"project":"shop"}`, nil)
	})
}

func TestWireOfNotices(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		r.fill()
		r.now = r.now.Add(100 * 24 * time.Hour)
		c := r.admin()
		record := recorder(func(name, method, target, body string) {
			t.Helper()
			c.recorded(name, method, target, body)
		})
		c.ok("POST", writer+"/renew", "", nil)
		record("users", "GET", orders+"/users?limit=1", "")
		record("service_get_hidden", "GET", orders+"?include_secrets=false", "")
		record("user_get_hidden", "GET", writer+"?include_secrets=false", "")
		record("project_contacts_get", "GET", shop+"/contacts", "")
		record("project_contacts_put", "PUT", shop+"/contacts", `{"tech_emails":[{"email":"team@example.com"}]}`)
		record("service_contacts_get", "GET", orders+"/contacts", "")
		record("service_contacts_put", "PUT", orders+"/contacts", `{"tech_emails":[{"email":"orders@example.com"}]}`)
		record("recipients", "GET", orders+"/recipients", "")
		c.ok("PUT", orders+"/contacts", `{"tech_emails":[{"email":"`+ownerEmail+`"}]}`, nil) // one recipient, one message
		record("snooze", "POST", writer+"/snooze", `{"until":"2026-06-20T09:00:00+03:00","reason":"release freeze"}`)
		record("renewals_snoozed", "GET", shop+"/renewals", "")
		record("snooze_end", "DELETE", writer+"/snooze", "")
		record("notify_preview", "GET", shop+"/notify/preview", "")
		r.now = r.now.Add(15 * 24 * time.Hour) // past the digest about the renewal
		r.deliver()
		record("deliveries", "GET", shop+"/deliveries?state=kept&limit=1", "")
		record("delivery", "GET", shop+"/deliveries/"+c.newestDelivery().ID, "")
		record("delivery_retry", "POST", shop+"/deliveries/"+c.newestDelivery().ID+"/retry", "")
		record("deliveries_due", "GET", shop+"/deliveries?state=due", "")
		record("channels_empty", "GET", shop+"/channels", "")
		record("channel_create", "POST", shop+"/channels", `{"name":"ops","kind":"webhook","url":"https://hooks.example.com/segue"}`)
		record("channel_create_slack", "POST", shop+"/channels", `{"name":"chat","kind":"slack","url":"https://hooks.example.com/chat"}`)
		record("channels", "GET", shop+"/channels", "")
		record("channel_delete", "DELETE", shop+"/channels/ops", "")
	})
}

func compare(t *testing.T, name string, reply []byte) {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(reply), "", "  "); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	out.WriteByte('\n')
	got := out.Bytes()
	for _, r := range random {
		got = r.pattern.ReplaceAll(got, []byte(r.with))
	}
	file := filepath.Join("testdata", "wire", name+".json")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is now\n%s\nwant\n%s", name, got, want)
	}
}

// What the contract says must never be null or missing, whatever is recorded.
func TestKeysThatClientsReadUnchecked(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	c.ok("POST", shop+"/service", `{"service_name":"bare"}`, nil)
	for _, target := range []string{orders, shop + "/service/bare"} {
		var reply struct {
			Service map[string]json.RawMessage `json:"service"`
		}
		c.ok("GET", target, "", &reply)
		for _, key := range []string{
			"service_name", "service_type", "state", "plan", "cloud_name", "service_uri", "service_uri_params",
			"connection_info", "maintenance", "users", "acl", "components", "user_config", "service_integrations",
			"group_list", "create_time", "update_time", "termination_protection", "tech_emails", "service_notifications",
		} {
			if value, ok := reply.Service[key]; !ok || string(value) == "null" {
				t.Errorf("%s: %s is %q", target, key, value)
			}
		}
		if value, ok := reply.Service["project_vpc_id"]; !ok || string(value) != "null" {
			t.Errorf("%s: project_vpc_id is %q, want null", target, value)
		}
	}
	var projects struct {
		Projects []map[string]json.RawMessage `json:"projects"`
	}
	c.ok("GET", "/v1/project", "", &projects)
	for _, key := range []string{
		"project_name", "default_cloud", "billing_currency", "vat_id", "billing_extra_text", "account_id", "organization_id",
		"tags", "payment_method", "billing_group_id", "available_credits", "estimated_balance", "tech_emails",
	} {
		if _, ok := projects.Projects[0][key]; !ok {
			t.Errorf("a project has no %s", key)
		}
	}
}

// The life of a renewal as the API shows it: both pairs to be had in the
// overlap, a warning until somebody acknowledges, and none after.
func TestRenewalAndAcknowledgement(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	first := c.user(writer)
	if first.ExpiringCertNotValidAfterTime != nil || first.Generation != 1 || first.State != "valid" || first.AccessKey == nil {
		t.Fatalf("a new user is %+v", first)
	}
	r.now = r.now.Add(740 * 24 * time.Hour)
	if _, err := r.server.App.Sweep(t.Context(), sweepAll, r.now); err != nil {
		t.Fatal(err)
	}
	c = r.admin()
	second := c.user(writer)
	switch {
	case second.Generation != 2 || second.State != "expiring":
		t.Fatalf("after the sweep the user is generation %d, %s", second.Generation, second.State)
	case second.ExpiringCertNotValidAfterTime == nil || !second.ExpiringCertNotValidAfterTime.Equal(first.AccessCertNotValidAfterTime):
		t.Errorf("expiring_cert_not_valid_after_time is %v, want the first pair's end", second.ExpiringCertNotValidAfterTime)
	case *second.AccessCert == *first.AccessCert || *second.AccessKey == *first.AccessKey || second.Password != first.Password:
		t.Error("the renewed pair must be new, the password the same")
	}
	bothPairsInTheOverlap(t, c, first)
	lapsesThenAcknowledged(t, r, first, second)
}

func bothPairsInTheOverlap(t *testing.T, c caller, first api.User) {
	t.Helper()
	var old api.GenerationReply
	c.ok("GET", writer+"/generations/1", "", &old)
	if old.Generation.AccessKey == nil || *old.Generation.AccessKey != *first.AccessKey || old.Generation.Current {
		t.Error("the old pair is not to be had in the overlap")
	}
	if notes := c.service(orders).ServiceNotifications; len(notes) == 0 || notes[0].Level != "warning" {
		t.Errorf("notifications are %+v, want a warning", notes)
	}
}

func lapsesThenAcknowledged(t *testing.T, r *rig, first, second api.User) {
	t.Helper()
	c := r.admin()
	c.refused("PUT", writer, `{"operation":"acknowledge-renewal","generation":1}`, http.StatusConflict)
	r.now = first.AccessCertNotValidAfterTime.Add(time.Hour) // the old pair ends
	c = r.admin()
	if lapsed := c.user(writer); lapsed.State != "lapsed" || lapsed.ExpiringCertNotValidAfterTime == nil {
		t.Errorf("after the old pair's end the user is %+v", lapsed)
	}
	acknowledge := func(target, body string) api.Service {
		var reply api.ServiceReply
		c.ok("PUT", target, body, &reply)
		return reply.Service
	}
	acknowledge(writer, `{"operation":"acknowledge-renewal","generation":2}`)
	service := acknowledge(orders+"/user/avnadmin", `{"operation":"acknowledge-renewal"}`)
	if len(service.ServiceNotifications) != 0 {
		t.Errorf("notifications after the last acknowledgement: %+v", service.ServiceNotifications)
	}
	for _, u := range service.Users {
		if u.ExpiringCertNotValidAfterTime != nil || u.State != "valid" {
			t.Errorf("after its acknowledgement: %+v", u)
		}
	}
	acknowledge(writer, `{"operation":"acknowledge-renewal"}`) // nothing pending: nothing changes
	if again := c.user(writer); *again.AccessCert != *second.AccessCert {
		t.Error("acknowledging changed the pair")
	}
}

// With new_password only the password changes: clients that use the pair stay.
func TestSettingAPasswordKeepsThePair(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	before := c.user(writer)
	c.ok("PUT", writer, `{"operation":"reset-credentials","new_password":"tr0ub4dor&3"}`, nil)
	set := c.user(writer)
	if set.Password != "tr0ub4dor&3" || *set.AccessCert != *before.AccessCert || set.Generation != 1 {
		t.Errorf("after new_password: %+v", set)
	}
	c.refused("PUT", writer, `{"operation":"reset-credentials","new_password":""}`, http.StatusBadRequest)
	c.refused("PUT", writer, `{"operation":"reset-credentials","new_password":"short"}`, http.StatusBadRequest)
	if after := c.user(writer); *after.AccessCert != *before.AccessCert {
		t.Error("a refused password revoked the pair")
	}
	c.ok("PUT", writer, `{"operation":"reset-credentials"}`, nil)
	reset := c.user(writer)
	if reset.Password == set.Password || *reset.AccessCert == *before.AccessCert || reset.Generation != 2 {
		t.Errorf("after a reset: generation %d", reset.Generation)
	}
	var old api.GenerationReply
	c.ok("GET", writer+"/generations/1", "", &old)
	if old.Generation.RevokeTime == nil || old.Generation.AccessKey != nil || !old.Generation.KeyDestroyed || old.Generation.AccessCert == nil {
		t.Errorf("the pair before a reset is %+v", old.Generation)
	}
}

func TestRenewalsPage(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	for _, name := range []string{"a", "b", "c"} {
		c.ok("POST", orders+"/user", `{"username":"`+name+`"}`, nil)
	}
	r.now = r.now.Add(740 * 24 * time.Hour)
	if _, err := r.server.App.Sweep(t.Context(), sweepAll, r.now); err != nil {
		t.Fatal(err)
	}
	c = r.admin()
	seen := map[string]bool{}
	after, pages := "", 0
	for {
		var page api.RenewalsReply
		// Go clients add their own limit behind the one that counts.
		c.ok("GET", shop+"/renewals?limit=2&after="+after+"&limit=999", "", &page)
		pages++
		for _, v := range page.Renewals {
			seen[v.Username] = true
		}
		if page.Next == nil {
			break
		}
		if len(page.Renewals) != 2 || pages > 5 {
			t.Fatalf("page %d holds %d renewals", pages, len(page.Renewals))
		}
		after = *page.Next
	}
	if len(seen) != 5 {
		t.Errorf("paged through %v, want 5 users", seen)
	}
	c.refused("GET", shop+"/renewals?after=hunter2", "", http.StatusBadRequest)
	c.refused("GET", shop+"/renewals?limit=hunter2", "", http.StatusBadRequest)
}

func TestCRL(t *testing.T) {
	r := newRig(t)
	c := r.fill()
	path := crlPathOf(t, *c.user(writer).AccessCert)
	public := r.nobody()
	fetch := func() []byte {
		t.Helper()
		res := public.do("GET", path, "")
		var b bytes.Buffer
		if _, err := b.ReadFrom(res.Body); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/pkix-crl" ||
			res.Header.Get("Cache-Control") != "public, max-age=300" {
			t.Fatalf("%d, %v", res.StatusCode, res.Header)
		}
		return b.Bytes()
	}
	if n := revokedIn(t, fetch()); n != 0 {
		t.Errorf("%d revoked, want none", n)
	}
	c.ok("PUT", writer, `{"operation":"reset-credentials"}`, nil)
	if n := revokedIn(t, fetch()); n != 1 {
		t.Errorf("%d revoked after a reset, want 1", n)
	}
	for _, wrong := range []string{"/crl/0000000000000001.crl", "/crl/1.crl", "/crl/x", path + "x", "/crl/" + "ABCDEF0123456789" + ".crl"} {
		public.refused("GET", wrong, "", http.StatusNotFound)
	}
}

func TestEveryPageReadsToTheEnd(t *testing.T) {
	pages := map[string][]int{"": {1, 2}, "b": {3}, "c": {}}
	next := map[string]string{"": "b", "b": "c", "c": ""}
	got, err := everyPage(func(p app.Page) ([]int, string, error) { return pages[p.After], next[p.After], nil })
	if err != nil || !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("read %v, %v", got, err)
	}
	broken := errors.New("second page")
	_, err = everyPage(func(p app.Page) ([]int, string, error) {
		if p.After != "" {
			return nil, "", broken
		}
		return []int{1}, "b", nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("a page that fails gives %v", err)
	}
}
