package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newMemberListCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "user-list",
		Short:   "List the members of a project and who is invited",
		Example: "  segue project user-list",
	}, nil, func(cmd *cobra.Command, s session, _ []string) error {
		found, err := s.Members(cmd.Context(), s.project)
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), found)
		}
		now := c.now()
		g := grid{head: []string{"Address", "Role", "Since"}}
		for _, m := range found.Users {
			g.add(text(m.UserEmail), text(m.MemberType), text(date(m.CreateTime, now)))
		}
		for _, i := range found.Invitations {
			g.add(text(i.InvitedUserEmail), text(i.MemberType), text("invited by "+i.InvitingUserEmail+", until "+date(i.ExpiryTime, now)))
		}
		return g.write(cmd.OutOrStdout())
	})
}

func newMemberInviteCommand(c *cli) *cobra.Command {
	var role string
	cmd := c.inProjectCommand(&cobra.Command{
		Use:   "user-invite EMAIL",
		Short: "Invite somebody to a project",
		Long: `Keeps a place for somebody and mails them a link that works once. Where Segue has no
mail server or does not know its public URL, the link is printed: pass it on.`,
		Example: "  segue project user-invite ada@example.com --role operator",
	}, []string{"EMAIL"}, func(cmd *cobra.Command, s session, args []string) error {
		reply, err := s.Invite(cmd.Context(), s.project, api.Invite{UserEmail: args[0], MemberType: role})
		if err != nil {
			return err
		}
		if reply.Link == "" {
			return c.say(cmd, reply, "%s is invited; the link was mailed", args[0])
		}
		if strings.HasPrefix(reply.Link, "/") {
			url, _, err := c.serverURL()
			if err != nil {
				return err
			}
			reply.Link = url + reply.Link
		}
		return c.say(cmd, reply, "%s is invited. Pass this link on; it is shown only here:\n%s\nThey accept with: segue user accept-invitation", args[0], reply.Link)
	})
	cmd.Flags().StringVar(&role, "role", "developer", "admin, operator, developer or read_only")
	return cmd
}

func newInviteRemoveCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "invite-remove EMAIL",
		Short:   "Withdraw an invitation",
		Example: "  segue project invite-remove ada@example.com",
	}, []string{"EMAIL"}, func(cmd *cobra.Command, s session, args []string) error {
		if err := s.WithdrawInvitation(cmd.Context(), s.project, args[0]); err != nil {
			return err
		}
		return c.say(cmd, api.Done{Message: "withdrawn"}, "The invitation of %s is withdrawn", args[0])
	})
}

func newMemberSetRoleCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "user-set-role EMAIL ROLE",
		Short:   "Change what a member may do",
		Long:    "Changes what a member may do: admin, operator, developer or read_only. It bites at once.",
		Example: "  segue project user-set-role ada@example.com read_only",
	}, []string{"EMAIL", "ROLE"}, func(cmd *cobra.Command, s session, args []string) error {
		if err := s.SetMemberRole(cmd.Context(), s.project, args[0], args[1]); err != nil {
			return err
		}
		return c.say(cmd, api.Done{Message: "changed"}, "%s is %s now", args[0], args[1])
	})
}

func newMemberRemoveCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "user-remove EMAIL",
		Short:   "Take a member's role in a project away",
		Example: "  segue project user-remove ada@example.com",
	}, []string{"EMAIL"}, func(cmd *cobra.Command, s session, args []string) error {
		if err := s.RemoveMember(cmd.Context(), s.project, args[0]); err != nil {
			return err
		}
		return c.say(cmd, api.Done{Message: "removed"}, "%s is no member of %s any more", args[0], s.project)
	})
}
