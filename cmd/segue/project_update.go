package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newProjectUpdateCommand(c *cli) *cobra.Command {
	var name string
	var emails []string
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Rename a project, or replace its technical contacts",
		Long: `Renames a project, or replaces its technical contacts. A new name changes no
certificate and no broker: they hold the name that the project was made with.`,
		Example: `  segue project update --project shop --name store
  segue project update --tech-email oncall@example.com`,
	}
	c.inProjectCommand(cmd, nil, func(cmd *cobra.Command, s session, _ []string) error {
		update := api.ProjectUpdate{TechEmails: techEmails(emails)}
		if cmd.Flags().Changed("name") {
			update.ProjectName = &name
		}
		p, err := s.UpdateProject(cmd.Context(), s.project, update)
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), p)
		}
		var d details
		d.add("Project", p.ProjectName)
		d.add("Technical contacts", contacts(p.TechEmails))
		return d.write(cmd.OutOrStdout())
	})
	cmd.Flags().StringVar(&name, "name", "", "the new name")
	cmd.Flags().StringArrayVar(&emails, "tech-email", nil, "a technical contact; all given replace those there were (repeatable)")
	cmd.MarkFlagsOneRequired("name", "tech-email")
	return cmd
}

func newProjectDeleteCommand(c *cli) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a project that has no service",
		Long: `Deletes a project that has no service. Its audit log and its certificates stay
known, and its revocation lists are served on. At a terminal it asks for the name
first.`,
		Example: "  segue project delete shop",
		Args:    takes("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.connect()
			if err != nil {
				return err
			}
			if err := confirm(cmd, "This deletes the project.", time.Time{}, args[0], force, c.now()); err != nil {
				return err
			}
			if err := client.DeleteProject(cmd.Context(), args[0]); err != nil {
				return err
			}
			return c.say(cmd, api.Done{Message: "deleted"}, "Project %s is deleted", args[0])
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "do not ask")
	return cmd
}
