package api

import (
	"context"
	"iter"
	"net/http"
	"net/url"
)

// Members returns all of a project's members and its open invitations.
func (c *Client) Members(ctx context.Context, project string) (MembersReply, error) {
	var reply MembersReply
	err := c.get(ctx, &reply, "project", project, "users")
	return reply, err
}

// MembersPage returns a page of a project's members; the first holds its open
// invitations too. limit is 1 to 1000.
func (c *Client) MembersPage(ctx context.Context, project, after string, limit int) (MembersReply, error) {
	var reply MembersReply
	err := c.do(ctx, call{
		method: http.MethodGet, path: []string{"project", project, "users"}, query: pageQuery(after, limit), out: &reply, repeatable: true,
	})
	return reply, err
}

// Invite keeps a place for somebody. It is not repeated: each makes a new link.
func (c *Client) Invite(ctx context.Context, project string, i Invite) (InviteReply, error) {
	var reply InviteReply
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"project", project, "invite"}, in: i, out: &reply})
	return reply, err
}

// WithdrawInvitation makes an invitation's link worthless.
func (c *Client) WithdrawInvitation(ctx context.Context, project, email string) error {
	return c.done(ctx, http.MethodDelete, nil, "project", project, "invite", email)
}

// AcceptInvitation makes the invited person a member.
func (c *Client) AcceptInvitation(ctx context.Context, a InvitationAccept) error {
	return c.done(ctx, http.MethodPost, a, "invitation", "accept")
}

// SetMemberRole changes what a member may do.
func (c *Client) SetMemberRole(ctx context.Context, project, email, role string) error {
	var reply Done
	return c.do(ctx, call{
		method: http.MethodPut, path: []string{"project", project, "user", email},
		in: MemberUpdate{MemberType: role}, out: &reply, repeatable: true,
	})
}

// RemoveMember takes a member's role away.
func (c *Client) RemoveMember(ctx context.Context, project, email string) error {
	return c.done(ctx, http.MethodDelete, nil, "project", project, "user", email)
}

// Contacts returns the technical contacts of a service, or of the project where
// service is empty.
func (c *Client) Contacts(ctx context.Context, project, service string) (Contacts, error) {
	var reply Contacts
	err := c.get(ctx, &reply, scopePath(project, service, "contacts")...)
	return reply, err
}

// SetContacts replaces the technical contacts of a service, or of the project.
func (c *Client) SetContacts(ctx context.Context, project, service string, contacts Contacts) (Contacts, error) {
	var reply Contacts
	err := c.do(ctx, call{method: http.MethodPut, path: scopePath(project, service, "contacts"), in: contacts, out: &reply, repeatable: true})
	return reply, err
}

// Recipients returns who would be told about a service, and why.
func (c *Client) Recipients(ctx context.Context, project, service string) ([]Recipient, error) {
	var reply RecipientsReply
	err := c.get(ctx, &reply, servicePath(project, service, "recipients")...)
	return reply.Recipients, err
}

// Snooze silences a user's reminders until a moment.
func (c *Client) Snooze(ctx context.Context, project, service, user string, s Snooze) (User, error) {
	var reply UserReply
	err := c.do(ctx, call{method: http.MethodPost, path: userPath(project, service, user, "snooze"), in: s, out: &reply, repeatable: true})
	return reply.User, err
}

// EndSnooze lets a user's reminders come again.
func (c *Client) EndSnooze(ctx context.Context, project, service, user string) (User, error) {
	var reply UserReply
	err := c.do(ctx, call{method: http.MethodDelete, path: userPath(project, service, user, "snooze"), out: &reply, repeatable: true})
	return reply.User, err
}

// DescribeService returns one service without its users' secrets, whatever the role.
func (c *Client) DescribeService(ctx context.Context, project, service string) (Service, error) {
	var reply ServiceReply
	err := c.do(ctx, call{
		method: http.MethodGet, path: servicePath(project, service), query: noSecrets(), out: &reply, repeatable: true,
	})
	return reply.Service, err
}

// DescribeUser returns one service user without its secrets, whatever the role.
func (c *Client) DescribeUser(ctx context.Context, project, service, user string) (UserReply, error) {
	var reply UserReply
	err := c.do(ctx, call{
		method: http.MethodGet, path: userPath(project, service, user), query: noSecrets(), out: &reply, repeatable: true,
	})
	return reply, err
}

func noSecrets() url.Values { return url.Values{"include_secrets": {"false"}} }

// UsersPage returns a page of a service's users without any secret; after is
// empty for the first, limit 0 for the server's default.
func (c *Client) UsersPage(ctx context.Context, project, service string, q UserQuery, after string, limit int) (UsersPage, error) {
	var reply UsersPage
	query := pageQuery(after, limit)
	for name, value := range map[string]string{"state": q.State, "search": q.Search, "sort": q.Sort} {
		if value != "" {
			query.Set(name, value)
		}
	}
	err := c.do(ctx, call{
		method: http.MethodGet, path: servicePath(project, service, "users"), query: query, out: &reply, repeatable: true,
	})
	return reply, err
}

// mostOfAPage is how many a page can hold.
const mostOfAPage = 1000

// Users goes through all pages of a service's users, without any secret. It ends
// after the first error.
func (c *Client) Users(ctx context.Context, project, service string, q UserQuery) iter.Seq2[User, error] {
	return pages(func(after string) ([]User, *string, error) {
		page, err := c.UsersPage(ctx, project, service, q, after, mostOfAPage)
		return page.Users, page.Next, err
	})
}

// Channels returns a project's channels.
func (c *Client) Channels(ctx context.Context, project string) ([]Channel, error) {
	var reply ChannelsReply
	err := c.get(ctx, &reply, "project", project, "channels")
	return reply.Channels, err
}

// CreateChannel adds a channel.
func (c *Client) CreateChannel(ctx context.Context, project string, ch ChannelCreate) (ChannelReply, error) {
	var reply ChannelReply
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"project", project, "channels"}, in: ch, out: &reply})
	return reply, err
}

// DeleteChannel ends a channel.
func (c *Client) DeleteChannel(ctx context.Context, project, name string) error {
	return c.done(ctx, http.MethodDelete, nil, "project", project, "channels", name)
}

// TestChannel sends a test event; it fails with what kept it from arriving.
func (c *Client) TestChannel(ctx context.Context, project, name string) error {
	return c.done(ctx, http.MethodPost, nil, "project", project, "channels", name, "test")
}

// TestMail sends a test mail to the account itself.
func (c *Client) TestMail(ctx context.Context, project string) error {
	return c.done(ctx, http.MethodPost, nil, "project", project, "notify", "test")
}

// PreviewDigest returns the digest that would leave now.
func (c *Client) PreviewDigest(ctx context.Context, project string) (Preview, error) {
	var reply Preview
	err := c.get(ctx, &reply, "project", project, "notify", "preview")
	return reply, err
}

// DeliveriesPage returns a page of messages, newest first; state is empty for all.
func (c *Client) DeliveriesPage(ctx context.Context, project, state, after string, limit int) (DeliveriesReply, error) {
	query := pageQuery(after, limit)
	if state != "" {
		query.Set("state", state)
	}
	var reply DeliveriesReply
	err := c.do(ctx, call{
		method: http.MethodGet, path: []string{"project", project, "deliveries"}, query: query, out: &reply, repeatable: true,
	})
	return reply, err
}

// Deliveries goes through all pages of a project's messages, newest first; state
// is empty for all. It ends after the first error.
func (c *Client) Deliveries(ctx context.Context, project, state string) iter.Seq2[Delivery, error] {
	return pages(func(after string) ([]Delivery, *string, error) {
		page, err := c.DeliveriesPage(ctx, project, state, after, 0)
		return page.Deliveries, page.Next, err
	})
}

// Delivery returns one message with its attempts and what it said.
func (c *Client) Delivery(ctx context.Context, project, id string) (DeliveryReply, error) {
	var reply DeliveryReply
	err := c.get(ctx, &reply, "project", project, "deliveries", id)
	return reply, err
}

// RetryDelivery makes a message that was given up due again.
func (c *Client) RetryDelivery(ctx context.Context, project, id string) error {
	return c.done(ctx, http.MethodPost, nil, "project", project, "deliveries", id, "retry")
}

// done makes a call whose reply says nothing more.
func (c *Client) done(ctx context.Context, method string, in any, path ...string) error {
	var reply Done
	return c.do(ctx, call{method: method, path: path, in: in, out: &reply})
}

func scopePath(project, service, last string) []string {
	if service == "" {
		return []string{"project", project, last}
	}
	return servicePath(project, service, last)
}
