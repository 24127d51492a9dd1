package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newACLAddCommand(c *cli) *cobra.Command {
	var a api.ACLCreate
	cmd := c.inProjectCommand(&cobra.Command{
		Use:   "acl-add SERVICE --permission PERMISSION --topic TOPIC --username USER",
		Short: "Let a user read, write or manage topics",
		Long: `Adds a row to the service's access list, by which Segue sets the brokers' ACLs.
PERMISSION is read, write, readwrite or admin. TOPIC is a name, "*" for every topic,
or a name's beginning and "*". USER is a service user, or "*" for every one.`,
		Example: `  segue service acl-add orders --permission readwrite --topic 'orders.*' --username shop`,
	}, []string{"SERVICE"}, func(cmd *cobra.Command, s session, args []string) error {
		reply, err := s.AddACL(cmd.Context(), s.project, args[0], a)
		if err != nil {
			return err
		}
		return c.say(cmd, reply, "%s", reply.Message)
	})
	cmd.Flags().StringVar(&a.Permission, "permission", "", "read, write, readwrite or admin")
	cmd.Flags().StringVar(&a.Topic, "topic", "", "a topic, * for every one, or a name's beginning and *")
	cmd.Flags().StringVar(&a.Username, "username", "", "a service user, or * for every one")
	for _, name := range []string{"permission", "topic", "username"} {
		_ = cmd.MarkFlagRequired(name) // fails only for a flag that is not there
	}
	return cmd
}

func newACLListCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "acl-list SERVICE",
		Short:   "List who may do what with which topics",
		Example: "  segue service acl-list orders",
	}, []string{"SERVICE"}, func(cmd *cobra.Command, s session, args []string) error {
		reply, err := s.ACLs(cmd.Context(), s.project, args[0])
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), reply.ACL)
		}
		if len(reply.ACL) == 0 {
			return c.say(cmd, nil, "No row yet: no user may do anything\nNext: %s",
				c.suggest("segue service acl-add "+args[0]+" --permission readwrite --topic TOPIC --username NAME", c.project))
		}
		g := grid{head: []string{"ID", "User", "Topic", "Permission", "Applied"}}
		for _, a := range reply.ACL {
			applied := cell{"yes", good}
			if !a.Applied {
				applied = cell{"not yet", warning}
			}
			g.add(text(a.ID), text(a.Username), text(a.Topic), text(a.Permission), applied)
		}
		if err := g.write(cmd.OutOrStdout()); err != nil || reply.Pending == "" {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), sentence(reply.Pending))
		return err
	})
}

func newACLDeleteCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "acl-delete SERVICE ID",
		Short:   "Take a row off the access list",
		Example: "  segue service acl-delete orders acl3604f96c74a00112",
	}, []string{"SERVICE", "ID"}, func(cmd *cobra.Command, s session, args []string) error {
		reply, err := s.DeleteACL(cmd.Context(), s.project, args[0], args[1])
		if err != nil {
			return err
		}
		return c.say(cmd, reply, "%s", reply.Message)
	})
}

func newACLDiffCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:   "acl-diff SERVICE",
		Short: "Compare the access list with what the brokers have",
		Long: `Asks the brokers now. missing: set here and not there; extra: put there by Segue and
no longer set here. Both are put right by themselves. foreign: about this service's
users, set by somebody else; Segue leaves those alone.`,
		Example: "  segue service acl-diff orders",
	}, []string{"SERVICE"}, func(cmd *cobra.Command, s session, args []string) error {
		diff, err := s.DiffACL(cmd.Context(), s.project, args[0])
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), diff)
		}
		return writeACLDiff(cmd.OutOrStdout(), diff)
	})
}

func writeACLDiff(w io.Writer, diff api.ACLDiff) error {
	g := grid{head: []string{"Differs", "Principal", "Effect", "Operation", "Resource", "Name", "Pattern", "Host"}}
	add := func(how cell, list []api.KafkaACL) {
		for _, a := range list {
			g.add(how, text(a.Principal), text(a.Permission), text(a.Operation), text(a.ResourceType), text(a.ResourceName), text(a.PatternType), text(a.Host))
		}
	}
	add(cell{"missing", warning}, diff.Missing)
	add(cell{"extra", warning}, diff.Extra)
	add(text("foreign"), diff.Foreign)
	if len(g.rows) > 0 {
		if err := g.write(w); err != nil {
			return err
		}
	}
	words := "The brokers have the access list, and nothing else about its users"
	switch {
	case diff.Pending != "":
		words = sentence(diff.Pending)
	case len(diff.Missing)+len(diff.Extra) > 0:
		words = "Missing and extra ones are put right at the next look, a few minutes from now"
	case len(diff.Foreign) > 0:
		words = "The brokers have the access list; foreign ones are left alone"
	}
	_, err := fmt.Fprintln(w, words)
	return err
}
