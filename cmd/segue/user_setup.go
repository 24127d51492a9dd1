package main

import (
	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newSetupCommand(c *cli) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Become the first administrator of a new Segue, without a browser",
		Long: `Asks for the link that segue serve gave out at its first start, and for the password
that you choose, of 10 characters or more. Elsewhere than at a terminal both are lines
of the standard input. You are signed in afterwards. The link works once.`,
		Example: "  segue user setup --name 'Ada Lovelace'",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, _, err := c.serverURL()
			if err != nil {
				return err
			}
			link, password, err := readLink(cmd)
			if err != nil {
				return err
			}
			client, err := newClient(server, "")
			if err != nil {
				return err
			}
			reply, err := client.SetUp(cmd.Context(), api.SetUp{Token: tokenIn(link, "/setup/"), Password: password, RealName: name})
			if err != nil {
				return err
			}
			return c.signedIn(cmd, server, reply)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "your name, as others see it")
	return cmd
}
