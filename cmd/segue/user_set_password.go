package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/words"
)

func newSetPasswordCommand(c *cli) *cobra.Command {
	var o storeOptions
	var keepTokens bool
	cmd := &cobra.Command{
		Use:   "set-password EMAIL",
		Short: "Give somebody who is locked out another password, at the store itself",
		Long: `Sets the password of an account in the store, for who runs the server; it may run
beside ` + "`segue serve`" + `. The password, of 10 characters or more, is asked for twice at a
terminal; elsewhere it is one line of the standard input.

Everything that the old password opened ends: sessions, and the account's tokens.
--keep-tokens ends the browsers' sessions alone, where programs use the tokens. The
audit log of the instance keeps that it was done.`,
		Example: "  segue user set-password ada@example.com --dir ./data",
		Args:    takes("EMAIL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.url != "" {
				return usage("it works on the store, not on a server: name the store with --dir or --database-url")
			}
			in, err := openInstance(cmd.Context(), o, false, quietly())
			if err != nil {
				return err
			}
			defer in.close()
			password, err := newPassword(cmd)
			if err != nil {
				return err
			}
			ended, err := in.app.SetMemberPassword(cmd.Context(), app.System(), args[0], password, keepTokens, time.Now())
			if err != nil {
				return err
			}
			return c.say(cmd, map[string]int{"ended": ended}, "%s has another password; %s ended\nNext: segue user login %s",
				oneLine(args[0]), words.Count(ended, "session or token", "sessions and tokens"), oneLine(args[0]))
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&keepTokens, "keep-tokens", false, "end sessions alone; the account's tokens stay good")
	return cmd
}

// newPassword asks for a password twice, as nobody sees what is typed; elsewhere
// than at a terminal it is one line.
func newPassword(cmd *cobra.Command) (string, error) {
	password, err := readSecret(cmd, "New password: ")
	if err != nil {
		return "", err
	}
	if _, ok := terminalIn(cmd); !ok {
		return password, nil
	}
	again, err := readSecret(cmd, "The same again: ")
	if err != nil {
		return "", err
	}
	if again != password {
		return "", errors.New("the two passwords differ: nothing was changed")
	}
	return password, nil
}
