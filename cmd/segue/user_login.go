package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newUserCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Sign in and out, and your access tokens"}
	c.connectionFlags(cmd)
	cmd.AddCommand(newUserLoginCommand(c), newUserLogoutCommand(c), newAccessTokenCommand(c), newAcceptInvitationCommand(c), newSetupCommand(c))
	return cmd
}

func newUserLoginCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "login EMAIL",
		Short: "Sign in and keep the token for later commands",
		Long: `Signs in and keeps the server's address and a token, for you alone, in
credentials.json of your configuration directory (SEGUE_CONFIG_DIR names another
place). The password is asked for on the terminal, or read as one line of standard
input. Later commands use what is kept unless SEGUE_URL or SEGUE_TOKEN say otherwise.`,
		Example: `  segue user login ada@example.com --url https://segue.example.com
  segue user login ada@example.com < password-file`,
		Args: takes("EMAIL"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.login(cmd, args[0]) },
	}
}

func (c *cli) login(cmd *cobra.Command, email string) error {
	url, _, err := c.serverURL()
	if err != nil {
		url = defaultURL // what is stored is damaged, and replaced now
	}
	client, err := newClient(url, "")
	if err != nil {
		return err
	}
	password, err := readSecret(cmd, "Password of "+email+" at "+url+": ")
	if err != nil {
		return err
	}
	reply, err := client.SignIn(cmd.Context(), email, password)
	if err != nil {
		return err
	}
	return c.signedIn(cmd, url, reply)
}

// signedIn keeps a token for later commands and says whose it is.
func (c *cli) signedIn(cmd *cobra.Command, url string, reply api.UserAuthReply) error {
	kept := credentials{URL: url, Token: reply.Token, Email: reply.UserEmail}
	if err := kept.save(); err != nil {
		return fmt.Errorf("you are signed in, but the token could not be kept: %w", err)
	}
	if c.json {
		return writeJSON(cmd.OutOrStdout(), map[string]string{"url": url, "user_email": reply.UserEmail})
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "Signed in to %s as %s\n", url, oneLine(reply.UserEmail))
	return err
}
