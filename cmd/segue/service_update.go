package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newServiceUpdateCommand(c *cli) *cobra.Command {
	var plan, cloud string
	var config, remove, emails []string
	var protect, unprotect bool
	cmd := &cobra.Command{
		Use:   "update SERVICE",
		Short: "Change a service",
		Long: `Changes what the flags name and leaves everything else alone. -c sets an option of
the service, as for ` + "`segue service create`" + `; --remove-option takes one away.`,
		Example: `  segue service update orders -c bootstrap_servers=kafka1.example.com:9092
  segue service update orders --enable-termination-protection
  segue service update orders --remove-option kafka_authentication_methods.sasl`,
	}
	c.inProjectCommand(cmd, []string{"SERVICE"}, func(cmd *cobra.Command, s session, args []string) error {
		options, err := parseUserConfig(append(config, removals(remove)...))
		if err != nil {
			return err
		}
		update := api.ServiceUpdate{UserConfig: options, TechEmails: techEmails(emails)}
		if cmd.Flags().Changed("plan") {
			update.Plan = &plan
		}
		if cmd.Flags().Changed("cloud") {
			update.Cloud = &cloud
		}
		if protect || unprotect {
			update.TerminationProtection = &protect
		}
		service, err := s.UpdateService(cmd.Context(), s.project, args[0], update)
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), service)
		}
		return writeService(cmd.OutOrStdout(), service)
	})
	cmd.Flags().StringArrayVarP(&config, "user-config", "c", nil, "an option of the service, KEY=VALUE (repeatable)")
	cmd.Flags().StringArrayVar(&remove, "remove-option", nil, "an option to take away, KEY (repeatable)")
	cmd.Flags().StringVarP(&plan, "plan", "p", "", "a label of yours; it changes nothing")
	cmd.Flags().StringVar(&cloud, "cloud", "", "a label of yours; it changes nothing")
	cmd.Flags().StringArrayVar(&emails, "tech-email", nil, "a technical contact; all given replace those there were (repeatable)")
	cmd.Flags().BoolVar(&protect, "enable-termination-protection", false, "refuse to delete the service")
	cmd.Flags().BoolVar(&unprotect, "disable-termination-protection", false, "let the service be deleted")
	cmd.MarkFlagsMutuallyExclusive("enable-termination-protection", "disable-termination-protection")
	cmd.MarkFlagsOneRequired("user-config", "remove-option", "plan", "cloud", "tech-email", "enable-termination-protection", "disable-termination-protection")
	return cmd
}

// removals are options whose value takes them away.
func removals(keys []string) []string {
	options := make([]string, len(keys))
	for i, key := range keys {
		options[i] = key + "=null"
	}
	return options
}

func newServiceTerminateCommand(c *cli) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:     "terminate SERVICE",
		Aliases: []string{"delete"},
		Short:   "End a service and revoke the pairs of all its users",
		Long: `Ends a service and its users, revokes their pairs and destroys their keys. Brokers
that do not check revocation accept the pairs until they end: the answer says until
when. At a terminal it asks for the name first.`,
		Example: "  segue service terminate orders",
	}
	c.inProjectCommand(cmd, []string{"SERVICE"}, func(cmd *cobra.Command, s session, args []string) error {
		what := "This ends the service and all its users, revokes their pairs and destroys their keys."
		if err := confirm(cmd, what, time.Time{}, args[0], force, c.now()); err != nil {
			return err
		}
		deleted, err := s.DeleteService(cmd.Context(), s.project, args[0])
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), deleted)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "Service %s is deleted and the pairs of its users are revoked\n", args[0])
		if deleted.AcceptedUntil != nil {
			warnAccepted(cmd.OutOrStdout(), *deleted.AcceptedUntil, c.now())
		}
		return nil
	})
	cmd.Flags().BoolVarP(&force, "force", "f", false, "do not ask")
	return cmd
}
