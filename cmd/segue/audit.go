package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/words"
)

func newAuditCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Who did what, and whether that record is whole",
		Long: `Reads and verifies the audit log of a project, in which each entry is chained to the
one before. It asks the server; with --dir, --database-url or --store it reads the
store itself, for who runs the server and does not take its word for it.`,
	}
	c.connectionFlags(cmd)
	c.projectFlag(cmd)
	cmd.AddCommand(newAuditListCommand(c), newAuditVerifyCommand(c), newAuditExportCommand(c))
	return cmd
}

// auditLog is an audit log wherever it is read.
type auditLog interface {
	// entries are those that the filter takes, newest first; they end after the first error.
	entries(ctx context.Context, f api.AuditFilter) iter.Seq2[api.AuditEntry, error]
	// verify goes on behind an entry; next is where the following call goes on, 0 at the end.
	verify(ctx context.Context, noted app.AuditHead, after int64) (v verdict, next int64, err error)
	// name is whose log it is.
	name() string
	close() error
}

// verdict is how far a log is what was written.
type verdict struct {
	VerifiedTo int64  `json:"verified_to"`
	BrokenAt   int64  `json:"broken_at,omitempty"`
	Fault      string `json:"fault,omitempty"`
	Reason     string `json:"reason,omitempty"`
	Head       string `json:"head"`
}

// auditSource says where an audit log is read.
type auditSource struct {
	c *cli
	storeOptions
	store    bool
	instance bool
}

func (s *auditSource) flags(cmd *cobra.Command) {
	s.storeOptions.flags(cmd)
	cmd.Flags().BoolVar(&s.store, "store", false, "read the store that SEGUE_DIR or SEGUE_DATABASE_URL name, not a server")
	cmd.Flags().BoolVar(&s.instance, "instance", false, "the log of the instance itself, sign-ins and accounts, from its store")
}

// open connects to the server, or opens the store where flags name one.
func (s *auditSource) open(cmd *cobra.Command) (auditLog, error) {
	ctx := cmd.Context()
	onStore := s.store || s.instance
	for _, name := range []string{"dir", "database-url", "key-file"} {
		onStore = onStore || cmd.Flags().Changed(name)
	}
	if !onStore {
		session, err := s.c.inProject(ctx)
		return serverLog{session}, err
	}
	if s.c.url != "" {
		return nil, usage("--url names a server and the other flags a store: give one of them")
	}
	if s.instance && s.c.project != "" {
		return nil, usage("--instance is no project's log: give one of --instance and --project")
	}
	in, err := openInstance(ctx, s.storeOptions, false, quietly())
	if err != nil {
		return nil, err
	}
	log := storeLog{in, ""}
	if !s.instance {
		if log.project, err = s.c.projectOf(ctx, in); err != nil {
			return nil, errors.Join(err, in.close())
		}
	}
	return log, nil
}

// projectOf is the project of a store that a command is about.
func (c *cli) projectOf(ctx context.Context, in *instance) (string, error) {
	if named := cmp.Or(c.project, os.Getenv("SEGUE_PROJECT")); named != "" {
		return named, nil
	}
	projects, _, err := in.app.ListProjects(ctx, app.System(), app.Page{Limit: 2}, time.Now())
	switch {
	case err != nil:
		return "", err
	case len(projects) == 0:
		return "", errors.New("the store has no project yet; --instance reads its own log")
	case len(projects) > 1:
		return "", usage("the store has several projects: name one with --project or SEGUE_PROJECT")
	}
	return projects[0].Name, nil
}

// serverLog is a project's log as a server shows it.
type serverLog struct{ session }

func (l serverLog) name() string { return l.project }
func (l serverLog) close() error { return nil }

func (l serverLog) entries(ctx context.Context, f api.AuditFilter) iter.Seq2[api.AuditEntry, error] {
	return l.AuditEntries(ctx, l.project, f)
}

func (l serverLog) verify(ctx context.Context, noted app.AuditHead, after int64) (verdict, int64, error) {
	from := ""
	if after > 0 {
		from = strconv.FormatInt(after, 10)
	}
	p, err := l.VerifyAudit(ctx, l.project, noted.String(), from)
	if err != nil {
		return verdict{}, 0, err
	}
	v := verdict{VerifiedTo: p.VerifiedTo, Fault: deref(p.Fault), Reason: deref(p.Reason), Head: deref(p.Head)}
	if p.BrokenAt != nil {
		v.BrokenAt = *p.BrokenAt
	}
	if p.Next == nil {
		return v, 0, nil
	}
	next, err := strconv.ParseInt(*p.Next, 10, 64)
	if err != nil || next <= after {
		return verdict{}, 0, errors.New("the server does not say where to go on: it is no Segue, or of another version")
	}
	return v, next, nil
}

// storeLog is a log as a store holds it; no project: the instance's own.
type storeLog struct {
	*instance
	project string
}

func (l storeLog) name() string { return cmp.Or(l.project, "this Segue") }

func (l storeLog) entries(ctx context.Context, f api.AuditFilter) iter.Seq2[api.AuditEntry, error] {
	return func(yield func(api.AuditEntry, error) bool) {
		for e, err := range l.app.ExportAudit(ctx, app.System(), l.project, app.AuditFilter(f), 0, time.Now()) {
			if !yield(api.AuditEntry(e.Line()), err) {
				return
			}
		}
	}
}

func (l storeLog) verify(ctx context.Context, noted app.AuditHead, after int64) (verdict, int64, error) {
	v, err := l.app.ProveAudit(ctx, app.System(), l.project, app.AuditCheck{After: after, Noted: noted}, time.Now())
	out := verdict{v.VerifiedTo, v.BrokenAt, string(v.Fault), v.Reason, v.End.String()}
	if err != nil || v.Whole || v.BrokenAt != 0 {
		return out, 0, err
	}
	return out, v.VerifiedTo, nil
}

// auditFilter says which entries a command is about.
type auditFilter struct {
	api.AuditFilter
	since string
}

func (f *auditFilter) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Actor, "actor", "", "entries of this account, or of system, alone")
	cmd.Flags().StringVar(&f.Action, "action", "", "entries of this action alone, such as renewal.acknowledge")
	cmd.Flags().StringVar(&f.Service, "service", "", "entries about this service alone")
	cmd.Flags().StringVar(&f.User, "user", "", "entries about service users of this name alone")
	cmd.Flags().StringVar(&f.since, "since", "", "entries since a date, 2026-11-24, a time in RFC 3339, or for a duration, 7d")
}

func (f *auditFilter) read(now time.Time) (err error) {
	if f.since != "" {
		f.Since, err = parseMoment("--since", f.since, func(d time.Duration) time.Time { return now.Add(-d) })
	}
	return err
}

func newAuditListCommand(c *cli) *cobra.Command {
	source := auditSource{c: c}
	var filter auditFilter
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what was done, newest first",
		Example: `  segue audit list --action renewal.acknowledge --since 7d
  segue audit list --service orders --user shop
  segue audit list --instance --dir ./data`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage("--limit counts from 1")
			}
			if err := filter.read(c.now()); err != nil {
				return err
			}
			log, err := source.open(cmd)
			if err != nil {
				return err
			}
			defer log.close()
			return c.listAudit(cmd, log, filter.AuditFilter, limit)
		},
	}
	source.flags(cmd)
	filter.flags(cmd)
	cmd.Flags().IntVar(&limit, "limit", listed, "how many at most")
	return cmd
}

func (c *cli) listAudit(cmd *cobra.Command, log auditLog, f api.AuditFilter, limit int) error {
	found, more, err := newest(log.entries(cmd.Context(), f), limit)
	if err != nil {
		return err
	}
	if c.json {
		return writeJSON(cmd.OutOrStdout(), found)
	}
	if len(found) == 0 {
		return c.say(cmd, nil, "No such entry")
	}
	g := grid{head: []string{"Entry", "When (UTC)", "Who", "Action", "About", "Detail"}}
	for _, e := range found {
		about := e.Service
		if e.User != "" {
			about += "/" + e.User
		}
		g.add(text(words.Number(e.Seq)), text(e.At.UTC().Format(time.DateTime)), text(e.Actor), text(e.Action), text(about), text(string(e.Detail)))
	}
	if err := g.write(cmd.OutOrStdout()); err != nil || !more {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "There are more than these %d: --limit shows them, `segue audit export` all\n", limit)
	return err
}

func newAuditVerifyCommand(c *cli) *cobra.Command {
	source := auditSource{c: c}
	var head string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify that the log is what was written",
		Long: `Verifies the whole log from its first entry and names the first that was changed,
moved, taken out or cut off; then it ends with 1. A log whose end was cut off together
with its head looks whole: that shows against a head that was noted before. Each digest
and each change in the log of segue serve names the head of that moment, and so does
this command.`,
		Example: `  segue audit verify
  segue audit verify --head 18203:9c4170d2b85ee07b1f0a66c2d4e8b739
  segue audit verify --project shop --dir ./data`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			noted, err := app.ParseAuditHead(head)
			if err != nil {
				return &usageError{err}
			}
			log, err := source.open(cmd)
			if err != nil {
				return err
			}
			defer log.close()
			return c.verifyAudit(cmd, log, noted)
		},
	}
	source.flags(cmd)
	cmd.Flags().StringVar(&head, "head", "", "a head that was noted before, as ENTRY:HEAD, which the log must still hold")
	return cmd
}

func (c *cli) verifyAudit(cmd *cobra.Command, log auditLog, noted app.AuditHead) error {
	progress, finish := progressOn(cmd.ErrOrStderr(), "verifying")
	var v verdict
	for after, first := int64(0), true; first || after > 0; first = false {
		var err error
		if v, after, err = log.verify(cmd.Context(), noted, after); err != nil {
			finish()
			return err
		}
		progress(int(v.VerifiedTo), int(max(v.VerifiedTo, noted.Seq)))
	}
	finish()
	if c.json {
		if err := writeJSON(cmd.OutOrStdout(), v); err != nil {
			return err
		}
	}
	if v.BrokenAt != 0 {
		return brokenLog(log.name(), v)
	}
	if c.json {
		return nil
	}
	if v.VerifiedTo == 0 {
		return c.say(cmd, nil, "The audit log of %s is empty", log.name())
	}
	err := c.say(cmd, nil, "The audit log of %s is whole: %s\nHead: %s", log.name(), asWritten(v.VerifiedTo), v.Head)
	if err != nil || noted.Seq != 0 {
		return err
	}
	return c.say(cmd, nil, "Note the head elsewhere: --head HEAD shows later whether the end of the log was cut off")
}

func brokenLog(name string, v verdict) error {
	before := ""
	if v.VerifiedTo > 0 {
		before = "; before it " + asWritten(v.VerifiedTo)
	}
	return fmt.Errorf("the audit log of %s is broken at entry %s (%s): %s%s", name, words.Number(v.BrokenAt), v.Fault, v.Reason, before)
}

func asWritten(entries int64) string {
	return words.Count(int(entries), "entry is as it was written", "entries are as they were written")
}

func newAuditExportCommand(c *cli) *cobra.Command {
	source := auditSource{c: c}
	var filter auditFilter
	var format string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the log as JSON lines or CSV, newest first",
		Long: `Writes every entry that the filters take to the standard output, newest first. In CSV
an apostrophe stands before text that a spreadsheet would take for a formula. It ends
with another code than 0 where the log could not be read to its end.`,
		Example: `  segue audit export > audit.jsonl
  segue audit export --format csv --since 2026-01-01 > audit.csv`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, ok := auditFormats[format]
			if !ok {
				return usage("--format must be jsonl or csv")
			}
			if err := filter.read(c.now()); err != nil {
				return err
			}
			log, err := source.open(cmd)
			if err != nil {
				return err
			}
			defer log.close()
			out := bufio.NewWriter(cmd.OutOrStdout())
			if err := write(out, log.entries(cmd.Context(), filter.AuditFilter)); err != nil {
				return errors.Join(err, out.Flush())
			}
			return out.Flush()
		},
	}
	source.flags(cmd)
	filter.flags(cmd)
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv")
	return cmd
}
