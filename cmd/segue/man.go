package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/segue-project/segue/internal/atomicfile"
)

func newManCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIRECTORY",
		Short: "Write the manual pages",
		Long: `Writes a manual page for each command, segue.1 and so on, to a directory, which is
made where it is missing. The Debian package brings them; this is for whoever
installs the binary alone.

The date of the pages is that of SOURCE_DATE_EPOCH, in seconds, or today.`,
		Example: "  segue man ~/.local/share/man/man1",
		Args:    takes("DIRECTORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			date, err := manDate(os.Getenv("SOURCE_DATE_EPOCH"), time.Now())
			if err != nil {
				return err
			}
			return writeManuals(cmd.Root(), args[0], date)
		},
	}
}

// manDate is the day that pages carry: of the given Unix time, or of now.
func manDate(epoch string, now time.Time) (string, error) {
	if epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return "", usage("SOURCE_DATE_EPOCH must be a number of seconds")
		}
		now = time.Unix(seconds, 0)
	}
	return now.UTC().Format(time.DateOnly), nil
}

// writeManuals writes the page of a command and of all below it.
func writeManuals(cmd *cobra.Command, dir, date string) error {
	path := filepath.Join(dir, manName(cmd)+".1")
	if err := atomicfile.Write(path, []byte(manual(cmd, date)), 0o644); err != nil {
		return fmt.Errorf("write a manual page: %w", err)
	}
	for _, child := range documented(cmd) {
		if err := writeManuals(child, dir, date); err != nil {
			return err
		}
	}
	return nil
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// documented are the commands below one that have a page: cobra's own help has none.
func documented(cmd *cobra.Command) []*cobra.Command {
	var found []*cobra.Command
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() && child.Name() != "help" {
			found = append(found, child)
		}
	}
	return found
}

// manual is a command's page in the man macros: help texts are plain text for a
// terminal, so they are set as they are, and nothing in them is markup but the
// backquotes around what to type. No word is broken: many are to be typed.
func manual(cmd *cobra.Command, date string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 %s %s %s\n.nh\n.ad l\n", quoted(strings.ToUpper(manName(cmd))), quoted(date), quoted("segue "+version), quoted("Segue"))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", escaped(manName(cmd)), escaped(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n%s\n", synopsis(cmd))
	b.WriteString(".SH DESCRIPTION\n")
	writeText(&b, cmp.Or(cmd.Long, cmd.Short+"."))
	writeCommands(&b, documented(cmd))
	writeFlags(&b, "OPTIONS", cmd.NonInheritedFlags())
	writeFlags(&b, "COMMON OPTIONS", cmd.InheritedFlags())
	if cmd.Example != "" {
		b.WriteString(".SH EXAMPLES\n")
		writeVerbatim(&b, strings.Split(cmd.Example, "\n"))
	}
	writeSeeAlso(&b, cmd)
	return idle.ReplaceAllString(b.String(), "$1")
}

// idle is a paragraph that begins where one begins anyway.
var idle = regexp.MustCompile(`(\.SH [^\n]*\n|\.PP\n)(?:\.PP\n)+`)

func synopsis(cmd *cobra.Command) string {
	rest := strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath())
	if len(documented(cmd)) > 0 {
		rest = " COMMAND [flags]"
	}
	return `\fB` + escaped(cmd.CommandPath()) + `\fR` + escaped(rest)
}

// writeText sets paragraphs; lines that are indented keep their shape.
func writeText(b *strings.Builder, text string) {
	var verbatim []string
	flush := func() {
		if len(verbatim) > 0 {
			writeVerbatim(b, verbatim)
			verbatim = nil
		}
	}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		switch {
		case strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t"):
			verbatim = append(verbatim, line)
		case line == "" && i > 0:
			flush()
			b.WriteString(".PP\n")
		default:
			flush()
			b.WriteString(bold(line) + "\n")
		}
	}
	flush()
}

// writeVerbatim sets lines as they are, without the two blanks before each.
func writeVerbatim(b *strings.Builder, lines []string) {
	b.WriteString(".PP\n.RS 4\n.nf\n")
	for _, line := range lines {
		b.WriteString(escaped(strings.TrimPrefix(strings.ReplaceAll(line, "\t", "  "), "  ")) + "\n")
	}
	b.WriteString(".fi\n.RE\n")
}

func writeCommands(b *strings.Builder, commands []*cobra.Command) {
	if len(commands) == 0 {
		return
	}
	b.WriteString(".SH COMMANDS\n")
	for _, cmd := range commands {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", escaped(cmd.Name()), escaped(cmd.Short))
	}
}

func writeFlags(b *strings.Builder, heading string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	b.WriteString(".SH " + heading + "\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, about := pflag.UnquoteUsage(f)
		name := `\fB` + escaped("--"+f.Name) + `\fR`
		if f.Shorthand != "" {
			name = `\fB` + escaped("-"+f.Shorthand) + `\fR, ` + name
		}
		if value != "" {
			name += ` \fI` + escaped(value) + `\fR`
		}
		fmt.Fprintf(b, ".TP\n%s\n%s\n", name, escaped(about)+defaultOf(f))
	})
}

// defaultOf is what the help text says of a flag's value where none is given.
func defaultOf(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "0", "false", "[]", "0s":
		return ""
	}
	return escaped(" (default " + f.DefValue + ")")
}

func writeSeeAlso(b *strings.Builder, cmd *cobra.Command) {
	near := documented(cmd)
	if cmd.HasParent() {
		near = append([]*cobra.Command{cmd.Parent()}, near...)
	}
	var names []string
	for _, other := range near {
		names = append(names, `\fB`+escaped(manName(other))+`\fR(1)`)
	}
	if len(names) > 0 {
		b.WriteString(".SH SEE ALSO\n" + strings.Join(names, ",\n") + "\n")
	}
}

// roff's own characters; a hyphen to be typed is not one to be broken at.
var roff = strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`)

// escaped is text that roff sets as it is, at the beginning of a line too.
func escaped(s string) string {
	s = roff.Replace(s)
	if strings.HasPrefix(s, ".") {
		return `\&` + s
	}
	return s
}

// typed is what backquotes stand around in help texts.
var typed = regexp.MustCompile("`([^`]+)`")

// bold is escaped text in which what to type is bold.
func bold(line string) string {
	var b strings.Builder
	last := 0
	for _, at := range typed.FindAllStringSubmatchIndex(line, -1) {
		b.WriteString(escaped(line[last:at[0]]) + `\fB` + escaped(line[at[2]:at[3]]) + `\fR`)
		last = at[1]
	}
	b.WriteString(escaped(line[last:]))
	return b.String()
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, "") + `"` }
