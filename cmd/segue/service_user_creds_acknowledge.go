package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newUserCredsAcknowledgeCommand(c *cli) *cobra.Command {
	var generation int
	cmd := userCommand(&cobra.Command{
		Use:   "user-creds-acknowledge SERVICE --username NAME",
		Short: "Say that a user's new pair is in use, so that reminders stop",
		Long: `Says that a user's new pair is in use: reminders stop, and both pairs go on
authenticating until their own ends. It names the generation that it shows;
--generation names the one that you put in use, and if a newer one exists by then,
nothing is acknowledged. Repeating it changes nothing.`,
		Example: `  segue service user-creds-acknowledge orders --username shop
  segue service user-creds-acknowledge orders --username shop --generation 2`,
	}, func(cmd *cobra.Command, service, user string) error {
		if cmd.Flags().Changed("generation") && generation < 1 {
			return usage("--generation counts from 1")
		}
		return c.acknowledge(cmd, service, user, generation)
	})
	cmd.Flags().IntVar(&generation, "generation", 0, "the generation that was put in use (default the newest)")
	return cmd
}

func (c *cli) acknowledge(cmd *cobra.Command, service, username string, generation int) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	s, err := c.inProject(ctx)
	if err != nil {
		return err
	}
	reply, err := s.DescribeUser(ctx, s.project, service, username)
	if err != nil {
		return err
	}
	seen := reply.User
	if generation == 0 {
		generation = seen.Generation
	}
	old := seen.ExpiringCertNotValidAfterTime
	if old != nil && generation == seen.Generation && !c.json {
		fmt.Fprintf(out, "Generation %d of %s, which ends %s, is in use in place of the pair that ends %s\n",
			generation, username, moment(seen.AccessCertNotValidAfterTime, c.now()), moment(*old, c.now()))
	}
	after, err := s.AcknowledgeRenewal(ctx, s.project, service, username, generation)
	if err != nil {
		return err
	}
	switch {
	case c.json:
		return writeUserOf(out, after, username)
	case old == nil:
		_, err = fmt.Fprintf(out, "Nothing awaits acknowledgement: generation %d of %s is the newest\n", seen.Generation, username)
	case old.Before(c.now()):
		_, err = fmt.Fprintln(out, "Acknowledged: reminders stop")
	default:
		_, err = fmt.Fprintln(out, "Acknowledged: reminders stop, and both pairs work until their ends")
	}
	return err
}
