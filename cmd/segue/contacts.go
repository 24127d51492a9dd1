package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

const contactsHelp = `Without a flag it shows the technical contacts. They are told of renewals besides
the project's admins and operators; a service's own replace the project's for it.`

func newProjectContactsCommand(c *cli) *cobra.Command {
	return c.contactsCommand(&cobra.Command{
		Use:   "contacts",
		Short: "Show or replace a project's technical contacts",
		Long:  contactsHelp,
		Example: `  segue project contacts
  segue project contacts --set kafka-team@example.com`,
	}, nil)
}

func newServiceContactsCommand(c *cli) *cobra.Command {
	return c.contactsCommand(&cobra.Command{
		Use:   "contacts SERVICE",
		Short: "Show or replace a service's own technical contacts",
		Long:  contactsHelp,
		Example: `  segue service contacts orders
  segue service contacts orders --set oncall@example.com --set ada@example.com
  segue service contacts orders --clear`,
	}, []string{"SERVICE"})
}

func (c *cli) contactsCommand(cmd *cobra.Command, names []string) *cobra.Command {
	var set []string
	var clear bool
	c.inProjectCommand(cmd, names, func(cmd *cobra.Command, s session, args []string) error {
		service := ""
		if len(args) > 0 {
			service = args[0]
		}
		var reply api.Contacts
		var err error
		switch {
		case clear || len(set) > 0:
			reply, err = s.SetContacts(cmd.Context(), s.project, service, api.Contacts{TechEmails: append([]api.TechEmail{}, techEmails(set)...)})
		default:
			reply, err = s.Contacts(cmd.Context(), s.project, service)
		}
		if err != nil {
			return err
		}
		return c.say(cmd, reply, "Technical contacts: %s", cmp.Or(contacts(reply.TechEmails), "none"))
	})
	cmd.Flags().StringArrayVar(&set, "set", nil, "an address; all given replace those there were (repeatable)")
	cmd.Flags().BoolVar(&clear, "clear", false, "take all away")
	cmd.MarkFlagsMutuallyExclusive("set", "clear")
	return cmd
}

func newRecipientsCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "recipients SERVICE",
		Short:   "Show who would be told of a renewal, and why",
		Example: "  segue service recipients orders",
	}, []string{"SERVICE"}, func(cmd *cobra.Command, s session, args []string) error {
		found, err := s.Recipients(cmd.Context(), s.project, args[0])
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), found)
		}
		if len(found) == 0 {
			return c.sayNobody(cmd, s, args[0])
		}
		g := grid{head: []string{"Address", "Why"}}
		for _, r := range found {
			g.add(text(r.Email), text(r.Why))
		}
		return g.write(cmd.OutOrStdout())
	})
}

// nobodyTold is the type of the notification that a service carries where its
// renewals would reach nobody.
const nobodyTold = "nobody_is_told"

// sayNobody tells a mistake from what somebody wanted so.
func (c *cli) sayNobody(cmd *cobra.Command, s session, service string) error {
	described, err := s.DescribeService(cmd.Context(), s.project, service)
	if err != nil {
		return err
	}
	for _, n := range described.ServiceNotifications {
		if n.Type == nobodyTold {
			return c.say(cmd, nil, "Nobody would be told\nNext: %s", c.suggest("segue service contacts "+service+" --set EMAIL", c.project))
		}
	}
	return c.say(cmd, nil, "Nobody gets mail: its renewals are silent, or only the project's channels are told")
}
