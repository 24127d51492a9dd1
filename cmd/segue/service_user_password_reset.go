package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func newUserPasswordResetCommand(c *cli) *cobra.Command {
	var password string
	var force bool
	cmd := userCommand(&cobra.Command{
		Use:   "user-password-reset SERVICE --username NAME",
		Short: "Replace a user's password and pair now, and revoke its earlier pairs",
		Long: `Gives a user a new password and a new pair now, and revokes every earlier pair: its
clients stop working until they have the new one. At a terminal it asks for the name
first.

With --new-password only the password changes and every pair stays; "-" reads it as
one line of standard input.`,
		Example: `  segue service user-password-reset orders --username shop
  segue service user-password-reset orders --username shop --new-password - < password-file`,
	}, func(cmd *cobra.Command, service, user string) (err error) {
		if !cmd.Flags().Changed("new-password") {
			return c.resetCredentials(cmd, service, user, force)
		}
		if password == "-" {
			if password, err = readSecret(cmd, "New password of "+user+": "); err != nil {
				return err
			}
		}
		return c.setPassword(cmd, service, user, password)
	})
	cmd.Flags().StringVar(&password, "new-password", "", "set this password and leave the pairs alone; - reads it")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "do not ask")
	return cmd
}

func (c *cli) resetCredentials(cmd *cobra.Command, service, username string, force bool) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	s, err := c.inProject(ctx)
	if err != nil {
		return err
	}
	end, err := s.lastEnd(ctx, service, username, c.now())
	if err != nil {
		return err
	}
	warning := "This revokes every pair of the user: its clients stop working until they have the new one."
	if err := confirm(cmd, warning, end, username, force, c.now()); err != nil {
		return err
	}
	after, err := s.ResetCredentials(ctx, s.project, service, username)
	if err != nil {
		return err
	}
	if c.json {
		return writeUserOf(out, after, username)
	}
	user, err := userOf(after, username)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s has a new password and, as generation %d, a new pair; every earlier pair is revoked\n", username, user.Generation)
	warnAccepted(out, end, c.now())
	return c.nextDownload(cmd, service, username)
}

// lastEnd is when the last of a user's pairs ends that still authenticate; zero when none does.
func (s session) lastEnd(ctx context.Context, service, username string, now time.Time) (time.Time, error) {
	generations, err := s.Generations(ctx, s.project, service, username)
	var last time.Time
	for _, g := range generations {
		if end := g.AccessCertNotValidAfterTime; g.RevokeTime == nil && end.After(now) && end.After(last) {
			last = end
		}
	}
	return last, err
}

func (c *cli) setPassword(cmd *cobra.Command, service, username, password string) error {
	s, err := c.inProject(cmd.Context())
	if err != nil {
		return err
	}
	after, err := s.SetPassword(cmd.Context(), s.project, service, username, password)
	if err != nil {
		return err
	}
	if c.json {
		return writeUserOf(cmd.OutOrStdout(), after, username)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s has a new password; its pairs stay as they are\n", username)
	return err
}
