package main

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/internal/app"
)

func newSweepCommand() *cobra.Command {
	var o storeOptions
	var dryRun bool
	cmd := &cobra.Command{
		Use:     "sweep",
		Short:   "Renew what is due, once",
		Long:    "Renews every user that is due and ends; it may run beside `segue serve`.",
		Example: "  segue sweep --dir ./data --dry-run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := openInstance(cmd.Context(), o, false, quietly())
			if err != nil {
				return err
			}
			defer in.close()
			// A sweep makes much garbage and keeps little: collecting it less often
			// is a few percent faster, within a bound well below 256 MiB.
			debug.SetGCPercent(400)
			debug.SetMemoryLimit(160 << 20)
			progress, finish := progressOn(cmd.ErrOrStderr(), "renewing")
			report, err := in.app.Sweep(cmd.Context(), app.SweepOptions{DryRun: dryRun, Progress: progress}, time.Now())
			finish()
			if err != nil {
				return err
			}
			verb := "renewed"
			if dryRun {
				verb = "would be renewed"
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d due: %d %s, %d put off, %d failed, %d changed meanwhile; %d old keys destroyed\n",
				report.Due, report.Renewed, verb, report.Postponed, report.Failed, report.Stale, report.KeysDestroyed)
			if report.Failed > 0 {
				return fmt.Errorf("%d users could not be renewed: `segue doctor` names them and says why", report.Failed)
			}
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, change nothing")
	return cmd
}
