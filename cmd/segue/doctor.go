package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/internal/app"
)

// checkMailWithin bounds what a mail server is waited for.
const checkMailWithin = 30 * time.Second

func newDoctorCommand() *cobra.Command {
	var o storeOptions
	var mail mailOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check every invariant of a store",
		Long: `Checks that the store holds what Segue promises and names whatever does not; it may
run beside ` + "`segue serve`" + `. Where a mail server is set it signs in there, too, and
sends nothing. It ends with 0 when all is well.`,
		Example: "  segue doctor --dir ./data",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			mailer, err := mail.mailer()
			if err != nil {
				return err
			}
			config := quietly()
			config.Mailer = mailer
			in, err := openInstance(cmd.Context(), o, false, config)
			if err != nil {
				return err
			}
			defer in.close()
			return in.examine(cmd.Context(), cmd.OutOrStdout())
		},
	}
	o.flags(cmd)
	mail.flags(cmd)
	return cmd
}

// examine prints what is broken, which is an error, and what needs a person.
func (in *instance) examine(ctx context.Context, out io.Writer) error {
	broken, needs := 0, 0
	err := in.app.CheckStore(ctx, time.Now(), func(v app.Violation) {
		if v.Invariant == 0 {
			needs++
			fmt.Fprintf(out, "needs a person: %s: %s\n", v.Subject, v.Message)
			return
		}
		broken++
		fmt.Fprintf(out, "broken (%d): %s: %s\n", v.Invariant, v.Subject, v.Message)
	})
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, checkMailWithin)
	defer cancel()
	if err := in.app.Mailer.Check(asking); err != nil {
		needs++
		fmt.Fprintf(out, "needs a person: mail: %s\n", oneLine(err.Error()))
	}
	if broken > 0 {
		return fmt.Errorf("%d things are not as they must be, %d need a person", broken, needs)
	}
	fmt.Fprintf(out, "all is well; %d things need a person\n", needs)
	return nil
}
