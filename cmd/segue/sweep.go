package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/internal/app"
)

func newSweepCommand() *cobra.Command {
	var o storeOptions
	var dryRun, acceptClock bool
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Renew what is due, once",
		Long: `Renews every user that is due and ends; it may run beside ` + "`segue serve`" + `.

A sweep by a clock that was far ahead makes every later one be refused until that
moment, for nobody can tell it from a clock that fell behind. Once this host's clock
is right, --accept-clock says so; the audit log keeps who said it and when.`,
		Example: `  segue sweep --dir ./data --dry-run
  segue sweep --dir ./data --accept-clock`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dryRun && acceptClock {
				return usage("--accept-clock changes the store, --dry-run changes nothing: give one of them")
			}
			in, err := openInstance(cmd.Context(), o, false, quietly())
			if err != nil {
				return err
			}
			defer in.close()
			now := time.Now()
			if err := in.checkClock(cmd.Context(), now); err != nil {
				return err
			}
			if acceptClock {
				if err := in.acceptClock(cmd.Context(), cmd.OutOrStdout(), now); err != nil {
					return err
				}
			}
			return in.sweep(cmd, dryRun, now)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, change nothing")
	cmd.Flags().BoolVar(&acceptClock, "accept-clock", false, "this clock is right, and that of the last sweep was ahead")
	return cmd
}

// checkClock compares this host's clock with that of the database, as every tick does.
func (in *instance) checkClock(ctx context.Context, now time.Time) error {
	host, err := in.store.HostClock(ctx)
	if err != nil {
		return err
	}
	return app.CheckClock(host, now)
}

func (in *instance) acceptClock(ctx context.Context, out io.Writer, now time.Time) error {
	ahead, err := in.app.AcceptClock(ctx, app.System(), now)
	if err != nil || ahead.IsZero() {
		return err
	}
	_, err = fmt.Fprintf(out, "the last sweep was noted at %s, ahead of this clock; sweeps go on from now\n", ahead.UTC().Format(time.RFC3339))
	return err
}

// sweep renews what is due at now and says what it did.
func (in *instance) sweep(cmd *cobra.Command, dryRun bool, now time.Time) error {
	// A sweep makes much garbage and keeps little: collecting it less often
	// is a few percent faster, within a bound well below 256 MiB.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(160 << 20)
	progress, finish := progressOn(cmd.ErrOrStderr(), "renewing")
	report, err := in.app.Sweep(cmd.Context(), app.SweepOptions{DryRun: dryRun, Progress: progress}, now)
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
}
