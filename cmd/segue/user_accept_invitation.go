package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newAcceptInvitationCommand(c *cli) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "accept-invitation",
		Short: "Become a member of the project that you were invited to",
		Long: `Asks for the link of the invitation and for a password: a new one, or, where your
address has an account already, its own. Elsewhere than at a terminal both are lines
of the standard input.`,
		Example: "  segue user accept-invitation --name 'Ada Lovelace'",
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
			if err := client.AcceptInvitation(cmd.Context(), api.InvitationAccept{Token: tokenIn(link, "/invitation/"), Password: password, RealName: name}); err != nil {
				return err
			}
			return c.say(cmd, api.Done{Message: "accepted"}, "Accepted\nNext: segue user login EMAIL")
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "your name, as others see it")
	return cmd
}

// readLink reads a link that works once and a password, each a secret.
func readLink(cmd *cobra.Command) (link, password string, err error) {
	if _, ok := terminalIn(cmd); !ok {
		lines, err := readLines(cmd, 2)
		if err != nil {
			return "", "", err
		}
		return lines[0], lines[1], nil
	}
	if link, err = readSecret(cmd, "Link: "); err != nil {
		return "", "", err
	}
	password, err = readSecret(cmd, "Password: ")
	return link, password, err
}

// tokenIn is the token that follows a path within a link; a bare token is itself.
func tokenIn(link, path string) string {
	link = strings.TrimSpace(link)
	if _, token, found := strings.Cut(link, path); found {
		return strings.TrimRight(token, "/")
	}
	return link
}
