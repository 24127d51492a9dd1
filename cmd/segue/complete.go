package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/bundle"
)

// completeWithin bounds what somebody waits who presses Tab.
const completeWithin = 2 * time.Second

// completedUsers is how many names one Tab reads at most; who has more types a
// few letters more, as shells do.
const completedUsers = 1000

// completeValues lets shells complete what the commands below root take: values
// that are known here, and names that the server knows. Most flags, and all
// arguments, of one name mean the same everywhere.
func completeValues(root *cobra.Command, c *cli) {
	flags := map[string]cobra.CompletionFunc{
		"username": c.completeUsers, "format": completeFormats,
		"role": choices(roleNames()...), "log-level": choices("debug", "info", "warn", "error"),
		"kind": choices(string(app.ChannelWebhook), string(app.ChannelSlack)),
	}
	ofCommand := map[string]map[string]cobra.CompletionFunc{
		"deliveries": {"state": choices("due", "sent", "kept", "dropped", "dead")},
		"user-list":  {"state": choices("awaiting", "lapsed", "overlap", "valid"), "sort": choices("name", "urgency", "end")},
	}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, child := range cmd.Commands() {
			walk(child)
		}
		completeFlags(cmd, ofCommand[cmd.Name()])
		if !makes(cmd) {
			completeFlags(cmd, flags)
		}
		for _, name := range []string{"target-directory", "dir", "files-in"} {
			if cmd.LocalNonPersistentFlags().Lookup(name) != nil {
				_ = cmd.MarkFlagDirname(name)
			}
		}
		if cmd.PersistentFlags().Lookup("project") != nil {
			_ = cmd.RegisterFlagCompletionFunc("project", c.completeProjects)
		}
		if cmd.Runnable() && cmd.ValidArgsFunction == nil {
			cmd.ValidArgsFunction = c.completeArguments(cmd)
		}
	}
	walk(root)
}

// completeFlags completes those of the flags that a command has.
func completeFlags(cmd *cobra.Command, flags map[string]cobra.CompletionFunc) {
	for name, complete := range flags {
		if cmd.LocalNonPersistentFlags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, complete) // fails only for a flag that is not there
		}
	}
}

// makes says whether a command makes what it names, so that no name is there yet.
func makes(cmd *cobra.Command) bool { return strings.HasSuffix(cmd.Name(), "create") }

// completeArguments completes the arguments that a command's help text names.
func (c *cli) completeArguments(cmd *cobra.Command) cobra.CompletionFunc {
	byName := map[string]cobra.CompletionFunc{
		"SERVICE": c.completeServices, "ROLE": choices(roleNames()...), "FILE": files, "DIRECTORY": directories,
	}
	names := argumentNames(cmd)
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) < len(names) {
			if complete := byName[names[len(args)]]; complete != nil {
				return complete(cmd, args, typed)
			}
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// argumentNames are the words of a usage line before its first flag.
func argumentNames(cmd *cobra.Command) []string {
	var names []string
	for _, word := range strings.Fields(cmd.Use)[1:] {
		if strings.HasPrefix(word, "-") {
			break
		}
		names = append(names, strings.Trim(word, "[]"))
	}
	return names
}

// choices completes to one of these.
func choices(these ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(these, cobra.ShellCompDirectiveNoFileComp)
}

func files(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func directories(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func roleNames() []string {
	return []string{string(app.RoleAdmin), string(app.RoleOperator), string(app.RoleDeveloper), string(app.RoleReadOnly)}
}

func completeFormats(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var found []cobra.Completion
	for _, f := range bundle.Formats() {
		found = append(found, cobra.CompletionWithDesc(f.Name, f.About))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

func (c *cli) completeProjects(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
	defer cancel()
	client, err := c.connect()
	if err != nil {
		return notCompleted(err)
	}
	projects, err := client.Projects(ctx)
	if err != nil {
		return notCompleted(err)
	}
	var found []cobra.Completion
	for _, p := range projects {
		found = append(found, p.ProjectName)
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

func (c *cli) completeServices(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
	defer cancel()
	s, err := c.inProject(ctx)
	if err != nil {
		return notCompleted(err)
	}
	services, err := s.Services(ctx, s.project)
	if err != nil {
		return notCompleted(err)
	}
	var found []cobra.Completion
	for _, service := range services {
		found = append(found, service.ServiceName)
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completeUsers completes the users of the service that is named already. It
// reads no secret, so it leaves nothing in the audit log.
func (c *cli) completeUsers(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
	defer cancel()
	s, err := c.inProject(ctx)
	if err != nil {
		return notCompleted(err)
	}
	page, err := s.UsersPage(ctx, s.project, args[0], api.UserQuery{Search: typed}, "", completedUsers)
	if err != nil {
		return notCompleted(err)
	}
	now := c.now()
	var found []cobra.Completion
	for _, u := range page.Users {
		found = append(found, describeUser(u, now))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

func describeUser(u api.User, now time.Time) cobra.Completion {
	return cobra.CompletionWithDesc(u.Username, userState(u, now).text)
}

// notCompleted leaves the line as it is: the command itself will say what is
// wrong. With BASH_COMP_DEBUG_FILE the shell keeps the reason.
func notCompleted(err error) ([]cobra.Completion, cobra.ShellCompDirective) {
	cobra.CompDebugln(oneLine(err.Error()), false)
	return nil, cobra.ShellCompDirectiveNoFileComp
}
