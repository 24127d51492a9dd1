package api

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strconv"
)

// SignIn trades email and password for a token (POST /v1/userauth).
func (c *Client) SignIn(ctx context.Context, email, password string) (UserAuthReply, error) {
	var reply UserAuthReply
	err := c.do(ctx, call{
		method: http.MethodPost, path: []string{"userauth"},
		in: UserAuthRequest{Email: email, Password: password}, out: &reply,
	})
	return reply, err
}

// SetUp makes the first administrator, and returns a token as SignIn does.
func (c *Client) SetUp(ctx context.Context, s SetUp) (UserAuthReply, error) {
	var reply UserAuthReply
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"setup"}, in: s, out: &reply})
	return reply, err
}

// Me returns the account behind the token.
func (c *Client) Me(ctx context.Context) (Me, error) {
	var reply MeReply
	err := c.get(ctx, &reply, "me")
	return reply.User, err
}

// AccessTokens goes through the account's tokens that are good now, the newest
// first. It ends after the first error.
func (c *Client) AccessTokens(ctx context.Context) iter.Seq2[AccessToken, error] {
	return pages(func(after string) ([]AccessToken, *string, error) {
		var reply AccessTokensReply
		err := c.do(ctx, call{
			method: http.MethodGet, path: []string{"access_token"}, query: pageQuery(after, mostOfAPage), out: &reply, repeatable: true,
		})
		return reply.Tokens, reply.Next, err
	})
}

// CreateAccessToken makes a token. It is not repeated: each makes another.
func (c *Client) CreateAccessToken(ctx context.Context, t AccessTokenCreate) (AccessTokenCreated, error) {
	var reply AccessTokenCreated
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"access_token"}, in: t, out: &reply})
	return reply, err
}

// DescribeAccessToken changes what a token, named by its prefix, is said to be for.
func (c *Client) DescribeAccessToken(ctx context.Context, prefix, description string) (AccessToken, error) {
	var reply AccessToken
	err := c.do(ctx, call{
		method: http.MethodPut, path: []string{"access_token", prefix}, in: AccessTokenUpdate{Description: description}, out: &reply, repeatable: true,
	})
	return reply, err
}

// RevokeAccessToken ends a token, named by its prefix or as a whole.
func (c *Client) RevokeAccessToken(ctx context.Context, prefixOrToken string) error {
	return c.done(ctx, http.MethodDelete, nil, "access_token", prefixOrToken)
}

// Projects returns the projects that the account can see.
func (c *Client) Projects(ctx context.Context) ([]Project, error) {
	var reply ProjectsReply
	err := c.get(ctx, &reply, "project")
	return reply.Projects, err
}

// CreateProject makes a project with its certificate authority.
func (c *Client) CreateProject(ctx context.Context, p ProjectCreate) (Project, error) {
	var reply ProjectReply
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"project"}, in: p, out: &reply})
	return reply.Project, err
}

// Project returns one project.
func (c *Client) Project(ctx context.Context, project string) (Project, error) {
	var reply ProjectReply
	err := c.get(ctx, &reply, "project", project)
	return reply.Project, err
}

// UpdateProject changes what u names. A rename is not repeated: the second try
// would find no project of the old name.
func (c *Client) UpdateProject(ctx context.Context, project string, u ProjectUpdate) (Project, error) {
	var reply ProjectReply
	err := c.do(ctx, call{method: http.MethodPut, path: []string{"project", project}, in: u, out: &reply, repeatable: u.ProjectName == nil})
	return reply.Project, err
}

// DeleteProject ends a project that has no service.
func (c *Client) DeleteProject(ctx context.Context, project string) error {
	return c.done(ctx, http.MethodDelete, nil, "project", project)
}

// Tags returns the tags of a service, or of the project where service is empty.
func (c *Client) Tags(ctx context.Context, project, service string) (map[string]string, error) {
	var reply Tags
	err := c.get(ctx, &reply, scopePath(project, service, "tags")...)
	return reply.Tags, err
}

// SetTags replaces the tags of a service, or of the project where service is empty.
func (c *Client) SetTags(ctx context.Context, project, service string, tags map[string]string) error {
	return c.done(ctx, http.MethodPut, Tags{Tags: tags}, scopePath(project, service, "tags")...)
}

// UpdateTags changes the tags that it names; nil takes a tag away.
func (c *Client) UpdateTags(ctx context.Context, project, service string, tags map[string]*string) error {
	return c.done(ctx, http.MethodPatch, TagsUpdate{Tags: tags}, scopePath(project, service, "tags")...)
}

// ProjectCA returns the project's authorities in PEM, the one that brokers present first.
func (c *Client) ProjectCA(ctx context.Context, project string) (string, error) {
	var reply CAReply
	err := c.get(ctx, &reply, "project", project, "kms", "ca")
	return reply.Certificate, err
}

// Services returns the project's services; their users carry no secret.
func (c *Client) Services(ctx context.Context, project string) ([]Service, error) {
	var reply ServicesReply
	err := c.get(ctx, &reply, "project", project, "service")
	return reply.Services, err
}

// CreateService makes a service with its primary user.
func (c *Client) CreateService(ctx context.Context, project string, s ServiceCreate) (Service, error) {
	var reply ServiceReply
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"project", project, "service"}, in: s, out: &reply})
	return reply.Service, err
}

// Service returns one service with all its users, with the secrets that the role may see.
func (c *Client) Service(ctx context.Context, project, service string) (Service, error) {
	var reply ServiceReply
	err := c.get(ctx, &reply, servicePath(project, service)...)
	return reply.Service, err
}

// UpdateService changes what u names.
func (c *Client) UpdateService(ctx context.Context, project, service string, u ServiceUpdate) (Service, error) {
	var reply ServiceReply
	err := c.do(ctx, call{method: http.MethodPut, path: servicePath(project, service), in: u, out: &reply, repeatable: true})
	return reply.Service, err
}

// DeleteService ends a service and revokes every pair of its users. It is not
// repeated: a second try would lose what the reply says about those pairs.
func (c *Client) DeleteService(ctx context.Context, project, service string) (Deleted, error) {
	var reply Deleted
	err := c.do(ctx, call{method: http.MethodDelete, path: servicePath(project, service), out: &reply})
	return reply, err
}

// CreateUser makes a service user with its first pair.
func (c *Client) CreateUser(ctx context.Context, project, service, user string) (UserReply, error) {
	var reply UserReply
	err := c.do(ctx, call{
		method: http.MethodPost, path: servicePath(project, service, "user"),
		in: UserCreate{Username: user}, out: &reply,
	})
	return reply, err
}

// User returns a service user, with the secrets that the role may see.
func (c *Client) User(ctx context.Context, project, service, user string) (UserReply, error) {
	var reply UserReply
	err := c.get(ctx, &reply, userPath(project, service, user)...)
	return reply, err
}

// DeleteUser ends a service user and revokes its pairs. It is not repeated, as DeleteService.
func (c *Client) DeleteUser(ctx context.Context, project, service, user string) (Deleted, error) {
	var reply Deleted
	err := c.do(ctx, call{method: http.MethodDelete, path: userPath(project, service, user), out: &reply})
	return reply, err
}

// AcknowledgeRenewal says that the pair of this generation is in use: reminders
// stop, the pair before it goes on to its own end. It fails with status 409 when
// the generation is not the user's newest. Repeating it changes nothing.
func (c *Client) AcknowledgeRenewal(ctx context.Context, project, service, user string, generation int) (Service, error) {
	if generation < 1 {
		return Service{}, errors.New("name the generation that was put in use: they count from 1")
	}
	m := UserModify{Operation: OperationAcknowledge, Generation: generation}
	return c.modify(ctx, project, service, user, m, true)
}

// ResetCredentials gives the user a new password and a new pair now and revokes
// every earlier pair.
func (c *Client) ResetCredentials(ctx context.Context, project, service, user string) (Service, error) {
	return c.modify(ctx, project, service, user, UserModify{Operation: OperationReset}, false)
}

// SetPassword changes the user's password and leaves its pairs alone.
func (c *Client) SetPassword(ctx context.Context, project, service, user, password string) (Service, error) {
	m := UserModify{Operation: OperationReset, NewPassword: &password}
	return c.modify(ctx, project, service, user, m, true)
}

func (c *Client) modify(ctx context.Context, project, service, user string, m UserModify, repeatable bool) (Service, error) {
	var reply ServiceReply
	err := c.do(ctx, call{
		method: http.MethodPut, path: userPath(project, service, user),
		in: m, out: &reply, repeatable: repeatable,
	})
	return reply.Service, err
}

// RenewUser issues the next pair ahead of its date; the one in use goes on to its own end.
func (c *Client) RenewUser(ctx context.Context, project, service, user string) (User, error) {
	var reply UserReply
	err := c.do(ctx, call{method: http.MethodPost, path: userPath(project, service, user, "renew"), out: &reply})
	return reply.User, err
}

// Generations returns every pair that the user had, the newest first, without PEM.
func (c *Client) Generations(ctx context.Context, project, service, user string) ([]Generation, error) {
	var reply GenerationsReply
	err := c.get(ctx, &reply, userPath(project, service, user, "generations")...)
	return reply.Generations, err
}

// Generation returns the pair of one generation with certificate and key.
func (c *Client) Generation(ctx context.Context, project, service, user string, generation int) (Generation, error) {
	var reply GenerationReply
	err := c.get(ctx, &reply, userPath(project, service, user, "generations", strconv.Itoa(generation))...)
	return reply.Generation, err
}

// RenewalsPage returns one page of the project's renewals that await
// acknowledgement. after is the Next of the page before, empty for the first;
// limit 0 leaves the size of the page to the server.
func (c *Client) RenewalsPage(ctx context.Context, project, after string, limit int) (RenewalsReply, error) {
	var reply RenewalsReply
	err := c.do(ctx, call{
		method: http.MethodGet, path: []string{"project", project, "renewals"}, query: pageQuery(after, limit),
		out: &reply, repeatable: true,
	})
	return reply, err
}

// Renewals goes through all pages of the project's renewals that await
// acknowledgement, the most urgent first. It ends after the first error.
func (c *Client) Renewals(ctx context.Context, project string) iter.Seq2[Renewal, error] {
	return pages(func(after string) ([]Renewal, *string, error) {
		page, err := c.RenewalsPage(ctx, project, after, 0)
		return page.Renewals, page.Next, err
	})
}

// ProjectPolicy returns the policy of a project and where each value comes from.
func (c *Client) ProjectPolicy(ctx context.Context, project string) (PolicyReply, error) {
	var reply PolicyReply
	err := c.get(ctx, &reply, "project", project, "policy")
	return reply, err
}

// SetProjectPolicy changes what the update sets. It fails with status 409 when
// the change makes many users due at once and is not confirmed. It is not
// repeated: a second try would say that it made nobody due.
func (c *Client) SetProjectPolicy(ctx context.Context, project string, u PolicyUpdate) (PolicyReply, error) {
	var reply PolicyReply
	err := c.do(ctx, call{method: http.MethodPut, path: []string{"project", project, "policy"}, in: u, out: &reply})
	return reply, err
}

// ServicePolicy returns the policy of a service and where each value comes from.
func (c *Client) ServicePolicy(ctx context.Context, project, service string) (PolicyReply, error) {
	var reply PolicyReply
	err := c.get(ctx, &reply, servicePath(project, service, "policy")...)
	return reply, err
}

// SetServicePolicy changes what the update sets, as SetProjectPolicy does.
func (c *Client) SetServicePolicy(ctx context.Context, project, service string, u PolicyUpdate) (PolicyReply, error) {
	var reply PolicyReply
	err := c.do(ctx, call{method: http.MethodPut, path: servicePath(project, service, "policy"), in: u, out: &reply})
	return reply, err
}

// BrokerKit makes the files with which brokers trust the project's authority.
// Each call issues new certificates for the brokers.
func (c *Client) BrokerKit(ctx context.Context, project, service string, r BrokerKitRequest) ([]KitFile, error) {
	var reply BrokerKitReply
	err := c.do(ctx, call{method: http.MethodPost, path: servicePath(project, service, "broker-kit"), in: r, out: &reply})
	return reply.Files, err
}

// Bundle fetches a user's pair in the form in which a client loads it. The
// server audits it as a sight of a key.
func (c *Client) Bundle(ctx context.Context, project, service, user string, r BundleRequest) (Bundle, error) {
	var b Bundle
	err := c.do(ctx, call{method: http.MethodPost, path: servicePath(project, service, "user", user, "bundle"), in: r, out: &b, repeatable: true})
	return b, err
}

func (c *Client) get(ctx context.Context, out any, path ...string) error {
	return c.do(ctx, call{method: http.MethodGet, path: path, out: out, repeatable: true})
}

func servicePath(project, service string, rest ...string) []string {
	return append([]string{"project", project, "service", service}, rest...)
}

func userPath(project, service, user string, rest ...string) []string {
	return servicePath(project, service, append([]string{"user", user}, rest...)...)
}
