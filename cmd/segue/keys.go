package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/internal/app"
)

func newKeysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "The keys that seal secrets in the store"}
	cmd.AddCommand(newKeysRotateCommand(), newKeysListCommand())
	return cmd
}

func newKeysRotateCommand() *cobra.Command {
	var o storeOptions
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Make new sealing and audit keys and seal every secret again",
		Long: `Makes a new key for sealing and one for the audit log, and seals every stored
secret again with the new one. It may run beside any number of ` + "`segue serve`" + `:
they pick up the new key by themselves. Old keys stay, so that nothing written
meanwhile and no old audit entry becomes unreadable.`,
		Example: "  segue keys rotate --dir ./data",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := openInstance(cmd.Context(), o, false, quietly())
			if err != nil {
				return err
			}
			defer in.close()
			if err := in.custody.RotateSeal(cmd.Context()); err != nil {
				return err
			}
			if err := in.custody.RotateAudit(cmd.Context()); err != nil {
				return err
			}
			progress, finish := progressOn(cmd.ErrOrStderr(), "sealing again")
			report, err := in.app.Reseal(cmd.Context(), in.custody.NeedsReseal, func(r app.ResealReport) {
				progress(r.Resealed, r.Looked)
			})
			finish()
			if err != nil {
				return fmt.Errorf("%w; nothing is lost: both keys open what they sealed; run it again", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "rotated; %d secrets sealed again\n", report.Resealed)
			return nil
		},
	}
	o.flags(cmd)
	return cmd
}

func newKeysListCommand() *cobra.Command {
	var o storeOptions
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the sealing and audit keys by id",
		Example: "  segue keys list --dir ./data",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := openInstance(cmd.Context(), o, false, quietly())
			if err != nil {
				return err
			}
			defer in.close()
			for _, k := range in.custody.KeyIDs() {
				role := "old"
				if k.Primary {
					role = "in use"
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s\t%d\t%s\n", k.Keyset, k.ID, role)
			}
			return nil
		},
	}
	o.flags(cmd)
	return cmd
}
