package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/atomicfile"
)

func newProjectCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "project", Short: "Projects, their members, their certificate authority and their policy"}
	c.connectionFlags(cmd)
	c.projectFlag(cmd)
	cmd.AddCommand(newProjectCreateCommand(c), newProjectListCommand(c), newProjectUpdateCommand(c), newProjectDeleteCommand(c), newProjectTagsCommand(c),
		newProjectCAGetCommand(c), newProjectPolicyCommand(c), newProjectContactsCommand(c),
		newMemberListCommand(c), newMemberInviteCommand(c), newInviteRemoveCommand(c), newMemberSetRoleCommand(c), newMemberRemoveCommand(c),
		newChannelCreateCommand(c), newChannelListCommand(c), newChannelDeleteCommand(c), newChannelTestCommand(c))
	return cmd
}

func newProjectCreateCommand(c *cli) *cobra.Command {
	var emails []string
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Make a project with a certificate authority of its own",
		Example: "  segue project create shop --tech-email oncall@example.com",
		Args:    takes("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.connect()
			if err != nil {
				return err
			}
			p, err := client.CreateProject(cmd.Context(), api.ProjectCreate{Project: args[0], TechEmails: techEmails(emails)})
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), p)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "Project %s is there\nNext: %s\n", p.ProjectName,
				c.suggest("segue service create NAME -c bootstrap_servers=HOST:PORT", p.ProjectName))
			return err
		},
	}
	cmd.Flags().StringArrayVar(&emails, "tech-email", nil, "a technical contact, told of renewals (repeatable)")
	return cmd
}

func techEmails(emails []string) []api.TechEmail {
	var out []api.TechEmail
	for _, e := range emails {
		out = append(out, api.TechEmail{Email: e})
	}
	return out
}

func newProjectListCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the projects that you have a role in",
		Example: "  segue project list",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.connect()
			if err != nil {
				return err
			}
			projects, err := client.Projects(cmd.Context())
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), projects)
			}
			if len(projects) == 0 {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "No project yet\nNext: %s\n", c.suggest("segue project create NAME", ""))
				return err
			}
			g := grid{head: []string{"Project", "Technical contacts"}}
			for _, p := range projects {
				g.add(text(p.ProjectName), text(contacts(p.TechEmails)))
			}
			return g.write(cmd.OutOrStdout())
		},
	}
}

func contacts(emails []api.TechEmail) string {
	var out []string
	for _, e := range emails {
		out = append(out, e.Email)
	}
	return strings.Join(out, ", ")
}

func newProjectCAGetCommand(c *cli) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "ca-get",
		Short: "Fetch the certificates that clients verify brokers with",
		Example: `  segue project ca-get --project shop > ca.pem
  segue project ca-get --target-filepath ca.pem`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.inProject(cmd.Context())
			if err != nil {
				return err
			}
			pem, err := s.ProjectCA(cmd.Context(), s.project)
			if err != nil {
				return err
			}
			if path != "" {
				if err := atomicfile.Write(path, []byte(pem), 0o644); err != nil {
					return err
				}
			}
			switch {
			case c.json:
				return writeJSON(cmd.OutOrStdout(), api.CAReply{Certificate: pem})
			case path != "":
				_, err = fmt.Fprintln(cmd.OutOrStdout(), "Wrote", path)
			default:
				_, err = fmt.Fprint(cmd.OutOrStdout(), pem)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&path, "target-filepath", "", "file to write instead of standard output")
	return cmd
}
