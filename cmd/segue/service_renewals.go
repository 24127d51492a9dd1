package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newServiceRenewalsCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "renewals [SERVICE]",
		Short: "List the renewals that await acknowledgement, the most urgent first",
		Long: `Lists the renewals of the project, or of one service, that await acknowledgement:
the next pair is there, and nobody has said yet that it is in use. The most urgent
come first.`,
		Example: `  segue service renewals
  segue service renewals orders --json`,
		Args: takesOne("service"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.inProject(cmd.Context())
			if err != nil {
				return err
			}
			found := []api.Renewal{}
			for r, err := range s.Renewals(cmd.Context(), s.project) {
				if err != nil {
					return err
				}
				if len(args) == 0 || r.ServiceName == args[0] {
					found = append(found, r)
				}
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), found)
			}
			return c.showRenewals(cmd, s.project, found)
		},
	}
}

func (c *cli) showRenewals(cmd *cobra.Command, project string, found []api.Renewal) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "No renewal awaits acknowledgement in", project)
		return err
	}
	now := c.now()
	g := grid{head: []string{"Service", "User", "State", "Old pair ends", "Gen.", "Ends"}}
	for _, r := range found {
		state := stateWords(r.State, r.ExpiringCertNotValidAfterTime, now)
		if r.SnoozedUntil != nil {
			state.text += ", silent until " + date(*r.SnoozedUntil, now)
		}
		ends := "waits for a CSR"
		if end := r.AccessCertNotValidAfterTime; end != nil {
			ends = date(*end, now)
		}
		g.add(text(r.ServiceName), text(r.Username), state,
			text(date(r.ExpiringCertNotValidAfterTime, now)), text(fmt.Sprint(r.Generation)), text(ends))
	}
	return g.write(cmd.OutOrStdout())
}

func newUserRenewCommand(c *cli) *cobra.Command {
	return userCommand(&cobra.Command{
		Use:   "user-renew SERVICE --username NAME",
		Short: "Issue a user's next pair now, ahead of its date",
		Long: `Issues a user's next pair now. The current one works until its own end, as with
any renewal, so nobody is cut off.`,
		Example: "  segue service user-renew orders --username shop",
	}, func(cmd *cobra.Command, service, user string) error {
		s, err := c.inProject(cmd.Context())
		if err != nil {
			return err
		}
		renewed, err := s.RenewUser(cmd.Context(), s.project, service, user)
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), renewed)
		}
		if err := writeUser(cmd.OutOrStdout(), api.UserReply{User: renewed}, c.now()); err != nil {
			return err
		}
		return c.nextDownload(cmd, service, user)
	})
}
