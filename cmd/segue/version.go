package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// Set by the linker; scripts/version.sh makes them from git, and reads here what
// comes next.
var (
	version = "0.1.0-dev"
	commit  string // empty where nobody said
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Say which Segue this is",
		Example: "  segue version",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			from := ""
			if commit != "" {
				from = "commit " + commit + ", "
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "segue %s (%s%s, %s/%s)\n", version, from, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
