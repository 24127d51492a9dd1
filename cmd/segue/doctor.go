package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/internal/app"
)

func newDoctorCommand() *cobra.Command {
	var o storeOptions
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "Check every invariant of a store",
		Long:    "Checks that the store holds what Segue promises and names whatever does not; it may run beside `segue serve`. It ends with 0 when all is well.",
		Example: "  segue doctor --dir ./data",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := openInstance(cmd.Context(), o, false, quietly())
			if err != nil {
				return err
			}
			defer in.close()
			broken, needs := 0, 0
			err = in.app.CheckStore(cmd.Context(), time.Now(), func(v app.Violation) {
				if v.Invariant == 0 {
					needs++
					fmt.Fprintf(cmd.OutOrStdout(), "needs a person: %s: %s\n", v.Subject, v.Message)
					return
				}
				broken++
				fmt.Fprintf(cmd.OutOrStdout(), "broken (%d): %s: %s\n", v.Invariant, v.Subject, v.Message)
			})
			if err != nil {
				return err
			}
			if broken > 0 {
				return fmt.Errorf("%d things are not as they must be, %d need a person", broken, needs)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "all is well; %d things need a person\n", needs)
			return nil
		},
	}
	o.flags(cmd)
	return cmd
}
