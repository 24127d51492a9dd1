package main

import (
	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newChannelCreateCommand(c *cli) *cobra.Command {
	var create api.ChannelCreate
	cmd := c.inProjectCommand(&cobra.Command{
		Use:   "channel-create NAME --kind KIND",
		Short: "Let a project's events leave by a webhook or to Slack",
		Long: `Adds a channel for a project's events. A webhook is signed after the Standard
Webhooks specification, with a secret that is printed once. The address is a secret
too: it is a line of the standard input, or asked for at the terminal.`,
		Example: "  segue project channel-create ops --kind webhook < address",
	}, []string{"NAME"}, func(cmd *cobra.Command, s session, args []string) (err error) {
		create.Name = args[0]
		if create.URL, err = readSecret(cmd, "Address: "); err != nil {
			return err
		}
		reply, err := s.CreateChannel(cmd.Context(), s.project, create)
		if err != nil {
			return err
		}
		if reply.Secret == "" {
			return c.say(cmd, reply, "Channel %s is there\nNext: %s", args[0], c.suggest("segue project channel-test "+args[0], c.project))
		}
		return c.say(cmd, reply, "Channel %s is there. Its signing secret, shown only here:\n%s\nNext: %s",
			args[0], reply.Secret, c.suggest("segue project channel-test "+args[0], c.project))
	})
	cmd.Flags().StringVar(&create.Kind, "kind", "webhook", "webhook or slack")
	return cmd
}

func newChannelListCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "channel-list",
		Short:   "List a project's channels",
		Example: "  segue project channel-list",
	}, nil, func(cmd *cobra.Command, s session, _ []string) error {
		found, err := s.Channels(cmd.Context(), s.project)
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), found)
		}
		if len(found) == 0 {
			return c.say(cmd, nil, "No channel yet\nNext: %s", c.suggest("segue project channel-create NAME --kind webhook", c.project))
		}
		g := grid{head: []string{"Channel", "Kind", "Since"}}
		for _, ch := range found {
			g.add(text(ch.Name), text(ch.Kind), text(date(ch.CreateTime, c.now())))
		}
		return g.write(cmd.OutOrStdout())
	})
}

func newChannelDeleteCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "channel-delete NAME",
		Short:   "Delete a channel; what is still due on it is dropped",
		Example: "  segue project channel-delete ops",
	}, []string{"NAME"}, func(cmd *cobra.Command, s session, args []string) error {
		if err := s.DeleteChannel(cmd.Context(), s.project, args[0]); err != nil {
			return err
		}
		return c.say(cmd, api.Done{Message: "deleted"}, "Channel %s is deleted", args[0])
	})
}

func newChannelTestCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "channel-test NAME",
		Short:   "Send a test event by a channel and say what came of it",
		Example: "  segue project channel-test ops",
	}, []string{"NAME"}, func(cmd *cobra.Command, s session, args []string) error {
		if err := s.TestChannel(cmd.Context(), s.project, args[0]); err != nil {
			return err
		}
		return c.say(cmd, api.Done{Message: "delivered"}, "Delivered by %s", args[0])
	})
}
