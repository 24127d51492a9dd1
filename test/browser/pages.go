package browser

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/segue-project/segue/api"
)

// Project is what the demo fills.
const Project = "demo"

const (
	inDemo = "/projects/" + Project
	orders = inDemo + "/services/kafka-orders"
	clicks = inDemo + "/services/kafka-clickstream"
	users  = orders + "/users"
	writer = users + "/orders-writer"
)

// Page is one page or state of the console.
type Page struct {
	Name string
	Path string
	// Opens is the dialog that opens above the page, by the link that leads there.
	Opens string
	// Then brings the page into its state.
	Then func(*Tab) error
	// Nobody: the page of somebody who is not signed in.
	Nobody bool
	// Status is what the server answers where that is not 200: the browser logs it.
	Status int
}

// Pages are all pages and states that a server with the demo has. Prepare makes
// what they show.
var Pages = []Page{
	{Name: "sign-in", Path: "/signin", Nobody: true},
	{Name: "sign-in-refused", Path: "/signin", Nobody: true, Status: 401, Then: signInWrong},
	{Name: "invitation", Path: "/signin", Nobody: true, Then: (*Tab).openInvitation},
	{Name: "projects", Path: "/projects"},
	{Name: "overview", Path: inDemo},
	{Name: "overview-empty", Path: "/projects/" + EmptyProject},
	{Name: "services", Path: inDemo + "/services"},
	{Name: "services-empty", Path: "/projects/" + EmptyProject + "/services"},
	{Name: "service-add", Path: inDemo + "/services", Opens: inDemo + "/new-service"},
	{Name: "service", Path: orders},
	{Name: "service-access", Path: clicks + "/access"},
	{Name: "acl-add", Path: clicks + "/access", Opens: clicks + "/access/new"},
	{Name: "service-notifications", Path: orders + "/notifications"},
	{Name: "service-activity", Path: orders + "/activity"},
	{Name: "service-change", Path: orders, Opens: orders + "/change"},
	{Name: "service-delete", Path: orders + "/delete"},
	{Name: "users", Path: users},
	{Name: "users-none", Path: users + "?search=nowhere"},
	{Name: "users-menu", Path: users, Then: func(t *Tab) error { return t.Click(Row("orders-writer"), "More actions for orders-writer") }},
	{Name: "users-selected", Path: users, Then: func(t *Tab) error { return t.Click(Row("orders-writer"), "Select orders-writer") }},
	{Name: "user-add", Path: users, Opens: orders + "/new-user"},
	{Name: "access-key", Path: users, Then: func(t *Tab) error { return t.Click(Row("orders-writer"), "Show access key") }},
	{Name: "access-cert", Path: users, Opens: writer + "/cert"},
	{Name: "acknowledge", Path: users, Opens: writer + "/acknowledge"},
	{Name: "bundle", Path: users, Opens: writer + "/bundle"},
	{Name: "compare", Path: users, Opens: writer + "/compare"},
	{Name: "snooze", Path: users, Opens: writer + "/snooze"},
	{Name: "renew", Path: users, Opens: writer + "/renew"},
	{Name: "reset", Path: users, Opens: writer + "/reset"},
	{Name: "delete", Path: users, Opens: writer + "/delete"},
	{Name: "user", Path: writer},
	{Name: "user-lapsed", Path: users + "/fraud-scoring"},
	{Name: "renewals", Path: inDemo + "/renewals"},
	{Name: "renewals-empty", Path: "/projects/" + EmptyProject + "/renewals"},
	{Name: "calendar", Path: inDemo + "/calendar"},
	{Name: "activity", Path: inDemo + "/activity"},
	{Name: "outbox", Path: inDemo + "/outbox"},
	{Name: "outbox-digest", Path: inDemo + "/outbox/digest"},
	{Name: "outbox-message", Path: inDemo + "/outbox", Then: firstMessage},
	{Name: "members", Path: inDemo + "/members"},
	{Name: "member-invite", Path: inDemo + "/members", Opens: inDemo + "/members/invite"},
	{Name: "member-role", Path: inDemo + "/members", Opens: inDemo + "/members/" + DeveloperEmail + "/role"},
	{Name: "member-remove", Path: inDemo + "/members", Opens: inDemo + "/members/" + DeveloperEmail + "/remove"},
	{Name: "settings", Path: inDemo + "/settings"},
	{Name: "settings-preview", Path: inDemo + "/settings", Then: previewPolicy},
	{Name: "channel-add", Path: inDemo + "/settings", Opens: inDemo + "/settings/channels/new"},
	{Name: "account", Path: "/account"},
	{Name: "token-new", Path: "/account", Opens: "/account/tokens/new"},
	{Name: "token-revoke", Path: "/account", Opens: "/account/tokens/revoke"},
	{Name: "keys", Path: inDemo, Then: func(t *Tab) error { return t.Press("?") }},
	{Name: "menu", Path: inDemo, Then: openMenu},
	{Name: "not-found", Path: "/nowhere", Status: 404},
}

// What Prepare makes.
const (
	// EmptyProject has nothing in it yet.
	EmptyProject   = "new-team"
	DeveloperEmail = "dana@example.com"
	ReaderEmail    = "rita@example.com"
	invitedEmail   = "nils@example.com"
)

// Row finds a user's row on the page of users.
func Row(user string) string { return `[id="user-` + user + `"]` }

func signInWrong(t *Tab) error {
	if err := t.Type("email", AdminEmail); err != nil {
		return err
	}
	if err := t.Type("password", "a wrong password"); err != nil {
		return err
	}
	if err := t.Click("form", "Sign in"); err != nil {
		return err
	}
	return t.Sees("do not belong together")
}

func (t *Tab) openInvitation() error { return t.Go(t.server.invitation) }

func firstMessage(t *Tab) error {
	if err := t.Until(`document.querySelector("main [data-open]")?.click() ?? true`); err != nil {
		return err
	}
	return t.Until(`document.querySelector("dialog[open]") && ` + settled)
}

// previewPolicy asks what a change would do; nothing is stored.
func previewPolicy(t *Tab) error {
	if err := t.Type("validity", "700d"); err != nil {
		return err
	}
	if err := t.Click("main", "Preview the change"); err != nil {
		return err
	}
	return t.Sees("700")
}

// openMenu opens the menu of pages, which a phone begins without.
func openMenu(t *Tab) error {
	return t.Until(`(() => { const menu = document.querySelector("details.nav"); menu.open = true; return menu.open; })()`)
}

// Prepare fills the demo with what pages show besides: members, an invitation, an
// empty project.
func (s *Server) Prepare(ctx context.Context) error {
	admin, err := s.API(ctx)
	if err != nil {
		return err
	}
	if _, err := admin.CreateProject(ctx, api.ProjectCreate{Project: EmptyProject}); err != nil {
		return err
	}
	age := 90 * 24 * 60 * 60
	_, err = admin.CreateAccessToken(ctx, api.AccessTokenCreate{Description: "Terraform, nightly", MaxAgeSeconds: &age})
	if err != nil {
		return err
	}
	for email, role := range map[string]string{DeveloperEmail: "developer", ReaderEmail: "read_only"} {
		token, err := invite(ctx, admin, email, role)
		if err != nil {
			return fmt.Errorf("invite %s: %w", email, err)
		}
		err = admin.AcceptInvitation(ctx, api.InvitationAccept{Token: token, Password: AdminPassword})
		if err != nil {
			return fmt.Errorf("%s: %w", email, err)
		}
	}
	for _, row := range []api.ACLCreate{
		{Permission: "readwrite", Topic: "clicks.*", Username: "sessionizer"}, {Permission: "read", Topic: "*", Username: "*"},
	} {
		if _, err := admin.AddACL(ctx, Project, "kafka-clickstream", row); err != nil {
			return err
		}
	}
	token, err := invite(ctx, admin, invitedEmail, "operator")
	s.invitation = invitations + token
	return err
}

const invitations = "/invitation/"

// invite asks somebody into the demo's project and returns the token of the link.
func invite(ctx context.Context, admin *api.Client, email, role string) (string, error) {
	reply, err := admin.Invite(ctx, Project, api.Invite{UserEmail: email, MemberType: role})
	if err != nil {
		return "", err
	}
	_, token, found := strings.Cut(reply.Link, invitations)
	if !found {
		return "", fmt.Errorf("the link of the invitation is %q", reply.Link)
	}
	return token, nil
}

// Open brings the page and its state into a tab.
func (p Page) Open(t *Tab) error {
	if err := t.Go(p.Path); err != nil {
		return err
	}
	if p.Opens != "" {
		link := `[...document.querySelectorAll("a[href]")].find(a => a.getAttribute("href").split("?")[0] === ` + strconv.Quote(p.Opens) + `)`
		if err := t.Until(`(() => { const a = ` + link + `; a?.click(); return !!a; })()`); err != nil {
			return fmt.Errorf("the link to %s: %w", p.Opens, err)
		}
		if err := t.Until(`document.querySelector("dialog[open]") && ` + settled); err != nil {
			return fmt.Errorf("the dialog %s: %w", p.Opens, err)
		}
	}
	if p.Then != nil {
		return p.Then(t)
	}
	return nil
}
