// Command segue is all of Segue: the server, what looks after its store, and the
// commands that people use against a server. Each command is one file.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // time zones need no files of the system

	"github.com/spf13/cobra"
	_ "golang.org/x/crypto/x509roots/fallback" // nor public certificate authorities; where the system has them, its own count

	"github.com/segue-project/segue/api"
)

// Exit codes; the help text of the root command names them too.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stderr))
}

// run executes one command and returns the exit code.
func run(ctx context.Context, args []string, errOut io.Writer) int {
	root := newRootCommand(&cli{now: time.Now})
	root.SetArgs(args)
	started := watchStart(root)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	if !*started {
		err = &usageError{err}
	}
	message, code := explain(err, cmd.CommandPath())
	fmt.Fprintln(errOut, "segue: "+message)
	return code
}

func newRootCommand(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use:   "segue",
		Short: "Keeps the client certificates of Kafka service users alive",
		Long: `Segue keeps the TLS client certificates of Apache Kafka service users alive
without anyone being cut off: each user's next pair is there months before the
current one ends, and both work until then.

The commands for users speak to the server of --url or SEGUE_URL, as the account
of SEGUE_TOKEN, in the project of --project or SEGUE_PROJECT; without these, as
` + "`segue user login`" + ` left them, and in the only project there is.

Exit codes: 0 done, 1 the server refused or it failed, 2 wrong usage, 3 the
server cannot be reached.`,
		Example: `  segue user login ada@example.com
  segue service renewals
  segue service user-creds-download orders --username shop -d ./certs`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddGroup(&cobra.Group{ID: "users", Title: "For users:"}, &cobra.Group{ID: "server", Title: "For those who run the server:"})
	for _, cmd := range []*cobra.Command{newUserCommand(c), newProjectCommand(c), newServiceCommand(c), newNotifyCommand(c), newAuditCommand(c)} {
		cmd.GroupID = "users"
		root.AddCommand(cmd)
	}
	for _, cmd := range serverCommands() {
		cmd.GroupID = "server"
		root.AddCommand(cmd)
	}
	root.AddCommand(newVersionCommand(), newManCommand())
	completeGroups(root)
	completeValues(root, c)
	return root
}

// usageError is a command line that cannot be carried out; it ends with exitUsage.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// usage is an error about what somebody typed, found while a command runs.
func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// watchStart tells errors of the command line from those of the work: what fails
// before the command itself runs is one of the command line.
func watchStart(root *cobra.Command) *bool {
	started := false
	var watch func(*cobra.Command)
	watch = func(cmd *cobra.Command) {
		if work := cmd.RunE; work != nil {
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				started = true
				return work(cmd, args)
			}
		}
		for _, child := range cmd.Commands() {
			watch(child)
		}
	}
	watch(root)
	return &started
}

// explain puts a failure into one line that names the remedy.
func explain(err error, command string) (message string, code int) {
	message, code = err.Error(), exitFailed
	var wrong *usageError
	var gone *api.ConnectionError
	var refused *api.Error
	switch {
	case errors.As(err, &wrong):
		message, code = message+": see `"+command+" --help`", exitUsage
	case errors.Is(err, context.Canceled):
		message = "interrupted"
	case errors.As(err, &gone):
		message, code = unreachable(gone), exitUnreachable
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized && command != "segue user login":
		message += "; " + signInAgain()
	}
	return oneLine(message), code
}

// completeGroups makes commands that only hold others refuse what they do not
// hold, where cobra would show their help and end well.
func completeGroups(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		completeGroups(child)
	}
	if !cmd.HasSubCommands() || cmd.Runnable() {
		return
	}
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
			return usage("there is no command %q; `%s %s` is near", args[0], cmd.CommandPath(), like[0])
		}
		return usage("there is no command %q", args[0])
	}
	cmd.SuggestionsMinimumDistance = 2
}

// takesOne lets one argument be left out.
func takesOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return errors.New("it takes one " + what + " at most")
		}
		return nil
	}
}

// takes says which arguments a command has, by the names of its help text.
func takes(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return errors.New(strings.Join(names[len(args):], " and ") + " is missing")
		case len(args) > len(names):
			return fmt.Errorf("%q is one argument too many", args[len(names)])
		}
		return nil
	}
}
