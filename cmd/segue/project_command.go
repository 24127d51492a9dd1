package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// inProjectCommand is a command that works in a project and takes the named
// arguments, where it does not say itself what it takes.
func (c *cli) inProjectCommand(cmd *cobra.Command, names []string, run func(cmd *cobra.Command, s session, args []string) error) *cobra.Command {
	if cmd.Args == nil {
		cmd.Args = takes(names...)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := c.inProject(cmd.Context())
		if err != nil {
			return err
		}
		return run(cmd, s, args)
	}
	return cmd
}

// say prints one line for people, or the value as JSON.
func (c *cli) say(cmd *cobra.Command, v any, format string, args ...any) error {
	if c.json {
		return writeJSON(cmd.OutOrStdout(), v)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...)
	return err
}
