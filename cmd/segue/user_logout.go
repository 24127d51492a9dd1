package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newUserLogoutCommand(c *cli) *cobra.Command {
	var keepToken bool
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "Revoke the token that was kept, and remove it",
		Long: `Revokes the token that ` + "`segue user login`" + ` kept, at the server that it was kept for, and
removes it from this machine. Where the server cannot be reached nothing is removed,
for a copy of the token would stay good; --no-token-revoke removes it all the same.`,
		Example: "  segue user logout",
		Args:    takes(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.logout(cmd, !keepToken) },
	}
	cmd.Flags().BoolVar(&keepToken, "no-token-revoke", false, "remove the token here alone")
	return cmd
}

func (c *cli) logout(cmd *cobra.Command, revoke bool) error {
	stored, err := loadCredentials()
	if err == nil && revoke && stored.Token != "" {
		if err := revokeStored(cmd.Context(), stored); err != nil {
			return fmt.Errorf("the token is still good and still kept here: %w; --no-token-revoke removes it here alone", err)
		}
	}
	removed, err := removeCredentials() // damaged ones too
	if err != nil {
		return err
	}
	message := "Nobody was signed in"
	switch {
	case removed && revoke && stored.Token != "":
		message = "Signed out: the token is revoked and removed"
	case removed:
		message = "The token kept here is removed"
	}
	return c.say(cmd, map[string]bool{"removed": removed}, "%s", message)
}

// revokeStored ends the token that was kept. One that is good for nothing any more
// needs no ending.
func revokeStored(ctx context.Context, stored credentials) error {
	client, err := newClient(stored.URL, stored.Token)
	if err != nil {
		return err
	}
	err = client.RevokeAccessToken(ctx, stored.Token)
	var refused *api.Error
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return nil
	}
	return err
}
