package e2e

//lint:file-ignore SA1019 The client calls project endpoints deprecated for those of organizations; its users, Terraform too, still call them.

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"testing"
	"time"

	codegen "github.com/aiven/go-client-codegen"
	"github.com/aiven/go-client-codegen/handler/kafka"
	"github.com/aiven/go-client-codegen/handler/project"
	"github.com/aiven/go-client-codegen/handler/service"
	"github.com/aiven/go-client-codegen/handler/user"

	"github.com/segue-project/segue/api"
)

// codegenClient is the Go client that Terraform's newer half and the operator for
// Kubernetes are built on.
type codegenClient struct {
	codegen.Client
	t *testing.T
}

func startCodegen(t *testing.T, s *segue) codegenClient {
	t.Helper()
	token, err := s.api.CreateAccessToken(t.Context(), api.AccessTokenCreate{Description: "go-client-codegen"})
	if err != nil {
		t.Fatal(err)
	}
	seen := tries(t, "go-client-codegen (Go)", moduleVersion(t, "github.com/aiven/go-client-codegen"))
	client, err := codegen.NewClient(codegen.HostOpt(s.url), codegen.TokenOpt(token.FullToken), codegen.RetryMaxOpt(0),
		codegen.DoerOpt(noting{seen}))
	if err != nil {
		t.Fatal(err)
	}
	return codegenClient{client, t}
}

func moduleVersion(t testing.TB, path string) string {
	t.Helper()
	version, err := command("go", "list", "-m", "-f", "{{.Version}}", path)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// noting sends what the client asks and notes the calls that succeed.
type noting struct{ seen *trial }

func (n noting) Do(req *http.Request) (*http.Response, error) {
	res, err := http.DefaultClient.Do(req)
	if err == nil && res.StatusCode < 300 {
		n.seen.ran(req.Context().Value(codegen.OperationIDKey{}).(string))
	}
	return res, err
}

// must is what a call returned, which must not fail.
func must[T any](c codegenClient) func(T, error) T {
	return func(v T, err error) T {
		c.t.Helper()
		if err != nil {
			c.t.Fatal(err)
		}
		return v
	}
}

func (c codegenClient) done(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// refused checks the status of a refusal and that the client reads its message.
func (c codegenClient) refused(err error, status int) {
	c.t.Helper()
	var e codegen.Error
	if !errors.As(err, &e) || e.Status != status || e.Message == "" {
		c.t.Errorf("got %v, want a refusal with %d", err, status)
	}
}

func ptr[T any](v T) *T { return &v }

// TestCodegen makes every call of the Go client that Segue serves.
func TestCodegen(t *testing.T) {
	t.Parallel()
	s := startSegue(t)
	c := startCodegen(t, s)
	ctx := t.Context()
	c.projects(ctx)
	c.services(ctx)
	c.serviceUsers(ctx, s)
	c.acls(ctx)
	c.members(ctx, s)
	c.tokens(ctx, s)
	c.endings(ctx)
	s.doctor(t)
}

func (c codegenClient) projects(ctx context.Context) {
	c.t.Helper()
	made := must[*project.ProjectCreateOut](c)(c.ProjectCreate(ctx, &project.ProjectCreateIn{
		Project: "shop", Cloud: ptr("own"), TechEmails: &[]project.TechEmailIn{{Email: "kafka@example.com"}}, Tags: &map[string]string{"team": "shop"},
	}))
	if made.ProjectName != "shop" || made.DefaultCloud != "own" || made.Tags["team"] != "shop" {
		c.t.Errorf("made %+v", made)
	}
	_, err := c.ProjectCreate(ctx, &project.ProjectCreateIn{Project: "shop"})
	if c.refused(err, http.StatusConflict); !codegen.IsAlreadyExists(err) {
		c.t.Errorf("the client does not take this for a project that exists: %v", err)
	}
	must[*project.ProjectUpdateOut](c)(c.ProjectUpdate(ctx, "shop", &project.ProjectUpdateIn{ProjectName: ptr("store")}))
	got := must[*project.ProjectGetOut](c)(c.ProjectGet(ctx, "store"))
	if got.ProjectName != "store" || len(got.TechEmails) != 1 {
		c.t.Errorf("got %+v", got)
	}
	must[*project.ProjectUpdateOut](c)(c.ProjectUpdate(ctx, "store", &project.ProjectUpdateIn{ProjectName: ptr("shop")}))
	if list := must[*project.ProjectListOut](c)(c.ProjectList(ctx)); len(list.Projects) != 1 {
		c.t.Errorf("listed %+v", list.Projects)
	}
	c.done(c.ProjectTagsReplace(ctx, "shop", &project.ProjectTagsReplaceIn{Tags: map[string]string{"a": "1"}}))
	c.done(c.ProjectTagsUpdate(ctx, "shop", &project.ProjectTagsUpdateIn{Tags: map[string]string{"b": "2"}}))
	if tags := must[map[string]string](c)(c.ProjectTagsList(ctx, "shop")); len(tags) != 2 {
		c.t.Errorf("tags %v", tags)
	}
	if ca := must[string](c)(c.ProjectKmsGetCA(ctx, "shop")); len(ca) < 500 {
		c.t.Errorf("the authority is %q", ca)
	}
	if types := must[*service.ListProjectServiceTypesOut](c)(c.ListProjectServiceTypes(ctx, "shop")); types.Kafka == nil {
		c.t.Errorf("the types of services are %+v", types)
	}
	must[*project.ProjectServiceTypesGetOut](c)(c.ProjectServiceTypesGet(ctx, "shop", "kafka"))
	_, err = c.ProjectServicePlanSpecsGet(ctx, "shop", "kafka", "business-4")
	c.refused(err, http.StatusNotFound) // Terraform takes that for a plan without extra disks
	if found, err := c.OrganizationGet(ctx, got.OrganizationId); err != nil || found.AccountId != got.AccountId {
		c.t.Errorf("the project's organization is %+v, %v", found, err)
	}
	if vpcs, err := c.VpcList(ctx, "shop"); err != nil || len(vpcs) != 0 {
		c.t.Errorf("VPCs %v, %v", vpcs, err)
	}
	if ips, err := c.StaticIPList(ctx, "shop"); err != nil || len(ips) != 0 {
		c.t.Errorf("static IPs %v, %v", ips, err)
	}
}

func (c codegenClient) services(ctx context.Context) {
	c.t.Helper()
	made := must[*service.ServiceCreateOut](c)(c.ServiceCreate(ctx, "shop", &service.ServiceCreateIn{
		ServiceName: "orders", ServiceType: "kafka", Plan: "business-4", Cloud: ptr("own"), TerminationProtection: ptr(true),
		Maintenance: &service.MaintenanceIn{Dow: service.DowTypeMonday, Time: ptr("10:00:00")}, Tags: &map[string]string{"tier": "1"},
		UserConfig: &map[string]any{"bootstrap_servers": "127.0.0.1:9092", "kafka": map[string]any{"auto_create_topics_enable": true}},
	}))
	if made.State != service.ServiceStateTypeRunning || made.ServiceUri != "127.0.0.1:9092" || made.Users[0].Username != "avnadmin" ||
		made.Maintenance.Dow != service.MaintenanceDowTypeMonday {
		c.t.Errorf("made %+v", made)
	}
	_, err := c.ServiceCreate(ctx, "shop", &service.ServiceCreateIn{ServiceName: "orders", ServiceType: "kafka", Plan: "business-4"})
	c.refused(err, http.StatusConflict)
	c.refused(c.ServiceDelete(ctx, "shop", "orders"), http.StatusConflict)
	changed := must[*service.ServiceUpdateOut](c)(c.ServiceUpdate(ctx, "shop", "orders", &service.ServiceUpdateIn{
		Plan: ptr("business-8"), TerminationProtection: ptr(false), TechEmails: &[]service.TechEmailIn{{Email: "orders@example.com"}},
		UserConfig: &map[string]any{"kafka": map[string]any{"log_retention_hours": 24}},
	}))
	kafka, _ := changed.UserConfig["kafka"].(map[string]any)
	if changed.Plan != "business-8" || changed.TerminationProtection || kafka["auto_create_topics_enable"] != true || kafka["log_retention_hours"] != 24.0 {
		c.t.Errorf("changed %+v", changed)
	}
	got := must[*service.ServiceGetOut](c)(c.ServiceGet(ctx, "shop", "orders", service.ServiceGetIncludeSecrets(true)))
	if got.ConnectionInfo.KafkaAccessCert == nil || got.Components[0].Component != "kafka" || len(got.TechEmails) != 1 {
		c.t.Errorf("got %+v", got)
	}
	if list := must[[]service.ServiceOut](c)(c.ServiceList(ctx, "shop")); len(list) != 1 || list[0].ServiceName != "orders" {
		c.t.Errorf("listed %+v", list)
	}
	c.done(c.ProjectServiceTagsReplace(ctx, "shop", "orders", &service.ProjectServiceTagsReplaceIn{Tags: map[string]string{"a": "1"}}))
	c.done(c.ProjectServiceTagsUpdate(ctx, "shop", "orders", &service.ProjectServiceTagsUpdateIn{Tags: map[string]string{"b": "2"}}))
	if tags := must[map[string]string](c)(c.ProjectServiceTagsList(ctx, "shop", "orders")); len(tags) != 2 {
		c.t.Errorf("tags %v", tags)
	}
}

func (c codegenClient) serviceUsers(ctx context.Context, s *segue) {
	c.t.Helper()
	s.pendingRenewal(c.t, "shop", "orders", func(name string) {
		made := must[*service.ServiceUserCreateOut](c)(c.ServiceUserCreate(ctx, "shop", "orders", &service.ServiceUserCreateIn{Username: name}))
		if made.Username != name || made.Password == "" || made.AccessCert == nil || made.AccessKey == nil {
			c.t.Errorf("made %+v", made)
		}
	}, "alice")
	read := func() *service.ServiceUserGetOut {
		c.t.Helper()
		return must[*service.ServiceUserGetOut](c)(c.ServiceUserGet(ctx, "shop", "orders", "alice"))
	}
	before := read()
	if before.ExpiringCertNotValidAfterTime == nil || before.AccessCertNotValidAfterTime.Before(time.Now().AddDate(2, 0, 0)) {
		c.t.Errorf("after the renewal: %+v", before)
	}
	modify := func(in service.ServiceUserCredentialsModifyIn) {
		c.t.Helper()
		must[*service.ServiceUserCredentialsModifyOut](c)(c.ServiceUserCredentialsModify(ctx, "shop", "orders", "alice", &in))
	}
	modify(service.ServiceUserCredentialsModifyIn{Operation: service.ServiceUserCredentialsModifyOperationTypeAcknowledgeRenewal})
	if after := read(); after.ExpiringCertNotValidAfterTime != nil || *after.AccessCert != *before.AccessCert {
		c.t.Errorf("acknowledged: %+v", after)
	}
	reset := service.ServiceUserCredentialsModifyOperationTypeResetCredentials
	modify(service.ServiceUserCredentialsModifyIn{Operation: reset, NewPassword: ptr("a password of theirs")})
	if after := read(); after.Password != "a password of theirs" || *after.AccessCert != *before.AccessCert {
		c.t.Errorf("with a new password: %+v", after)
	}
	modify(service.ServiceUserCredentialsModifyIn{Operation: reset})
	second := read()
	must[*service.ServiceUserCredentialsResetOut](c)(c.ServiceUserCredentialsReset(ctx, "shop", "orders", "alice"))
	third := read()
	if *second.AccessCert == *before.AccessCert || *third.AccessCert == *second.AccessCert || third.Password == second.Password {
		c.t.Error("a reset left the pair or the password as it was")
	}
	if _, err := tls.X509KeyPair([]byte(*third.AccessCert), []byte(*third.AccessKey)); err != nil {
		c.t.Error(err)
	}
	users := must[*service.ServiceGetOut](c)(c.ServiceGet(ctx, "shop", "orders")).Users
	if len(users) != 2 || users[0].Username != "avnadmin" || users[0].Type != "primary" || users[1].Username != "alice" {
		c.t.Errorf("the service lists %+v", users)
	}
	c.refused(c.ServiceUserDelete(ctx, "shop", "orders", "avnadmin"), http.StatusBadRequest)
	c.done(c.ServiceUserDelete(ctx, "shop", "orders", "alice"))
	_, err := c.ServiceUserGet(ctx, "shop", "orders", "alice")
	if c.refused(err, http.StatusNotFound); !codegen.IsNotFound(err) {
		c.t.Errorf("the client does not take this for a user that is gone: %v", err)
	}
}

// members leaves out ProjectInvite and ProjectUserUpdate: this version of the
// client sends them without the body that says who and what.
func (c codegenClient) members(ctx context.Context, s *segue) {
	c.t.Helper()
	s.run(c.t, "project user-invite ada@example.com --project shop")
	found := must[*project.ProjectUserListOut](c)(c.ProjectUserList(ctx, "shop"))
	if len(found.Users) != 1 || len(found.Invitations) != 1 || found.Invitations[0].InvitedUserEmail != "ada@example.com" {
		c.t.Errorf("members %+v", found)
	}
	c.refused(c.ProjectInvite(ctx, "shop"), http.StatusBadRequest)
	c.done(c.ProjectInviteDelete(ctx, "shop", "ada@example.com"))
	c.refused(c.ProjectUserRemove(ctx, "shop", "ada@example.com"), http.StatusNotFound)
}

func (c codegenClient) tokens(ctx context.Context, s *segue) {
	c.t.Helper()
	made := must[*user.AccessTokenCreateOut](c)(c.AccessTokenCreate(ctx, &user.AccessTokenCreateIn{
		Description: "nightly", MaxAgeSeconds: ptr(3600.0), ExtendWhenUsed: ptr(true),
	}))
	if !opens(c.t, s.withToken(c.t, made.FullToken)) || made.ExpiryTime == nil {
		c.t.Errorf("made %+v", made)
	}
	must[*user.AccessTokenUpdateOut](c)(c.AccessTokenUpdate(ctx, made.TokenPrefix, &user.AccessTokenUpdateIn{Description: "weekly"}))
	listed := must[[]user.TokenOut](c)(c.AccessTokenList(ctx))
	found := false
	for _, token := range listed {
		found = found || token.TokenPrefix == made.TokenPrefix && *token.Description == "weekly"
	}
	if !found {
		c.t.Errorf("listed %+v", listed)
	}
	c.done(c.AccessTokenRevoke(ctx, made.TokenPrefix))
	if opens(c.t, s.withToken(c.t, made.FullToken)) {
		c.t.Error("a token that the client revoked still opens")
	}
	if me := must[*user.UserInfoOut](c)(c.UserInfo(ctx)); me.User != adminEmail || me.Projects[0] != "shop" {
		c.t.Errorf("this is %+v", me)
	}
	signedIn := must[*user.UserAuthOut](c)(c.UserAuth(ctx, &user.UserAuthIn{Email: adminEmail, Password: adminPassword}))
	if signedIn.State != "active" || signedIn.Token == "" {
		c.t.Errorf("signed in: %s", signedIn.State)
	}
}

func (c codegenClient) acls(ctx context.Context) {
	c.t.Helper()
	row := &kafka.ServiceKafkaAclAddIn{Permission: kafka.PermissionTypeReadwrite, Topic: "orders.*", Username: "avnadmin"}
	must[[]kafka.AclOut](c)(c.ServiceKafkaAclAdd(ctx, "shop", "orders", &kafka.ServiceKafkaAclAddIn{Permission: kafka.PermissionTypeRead, Topic: "*", Username: "*"}))
	added := must[[]kafka.AclOut](c)(c.ServiceKafkaAclAdd(ctx, "shop", "orders", row))
	newest := added[len(added)-1] // the operator takes the last that fits
	if len(added) != 2 || newest.Topic != row.Topic || newest.Username != row.Username || newest.Permission != row.Permission {
		c.t.Errorf("added %+v", added)
	}
	_, err := c.ServiceKafkaAclAdd(ctx, "shop", "orders", row)
	if c.refused(err, http.StatusConflict); !codegen.IsAlreadyExists(err) {
		c.t.Errorf("the client does not take this for a row that exists: %v", err)
	}
	left := must[[]kafka.ServiceKafkaAclDeleteOut](c)(c.ServiceKafkaAclDelete(ctx, "shop", "orders", newest.Id))
	if len(left) != 1 || left[0].Topic != "*" {
		c.t.Errorf("after a deletion: %+v", left)
	}
	if list := must[[]kafka.ServiceKafkaAclListOut](c)(c.ServiceKafkaAclList(ctx, "shop", "orders")); len(list) != 1 {
		c.t.Errorf("listed %+v", list)
	}
	_, err = c.ServiceKafkaAclDelete(ctx, "shop", "orders", "default")
	c.refused(err, http.StatusNotFound)
}

func (c codegenClient) endings(ctx context.Context) {
	c.t.Helper()
	c.refused(c.ProjectDelete(ctx, "shop"), http.StatusConflict)
	c.done(c.ServiceDelete(ctx, "shop", "orders"))
	_, err := c.ServiceGet(ctx, "shop", "orders")
	c.refused(err, http.StatusNotFound)
	c.done(c.ProjectDelete(ctx, "shop"))
	_, err = c.ProjectGet(ctx, "shop")
	c.refused(err, http.StatusNotFound)
}
