package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// maxLine bounds what is read of a line, in bytes.
const maxLine = 4096

// standardInput is what messages call it.
const standardInput = "standard input"

// terminalIn returns the standard input where somebody sits at it.
func terminalIn(cmd *cobra.Command) (*os.File, bool) {
	f, ok := cmd.InOrStdin().(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// readSecret asks for a secret on the terminal without showing it; elsewhere it
// is one line of the standard input.
func readSecret(cmd *cobra.Command, prompt string) (string, error) {
	f, ok := terminalIn(cmd)
	if !ok {
		return readLine(cmd.Context(), cmd.InOrStdin())
	}
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	fmt.Fprint(cmd.ErrOrStderr(), prompt)
	secret, err := interruptible(cmd.Context(), func() (string, error) {
		secret, err := term.ReadPassword(fd)
		return string(secret), err
	})
	fmt.Fprintln(cmd.ErrOrStderr())
	if err != nil {
		return "", errors.Join(err, term.Restore(fd, before))
	}
	return secret, nil
}

// secretFrom reads a secret that a flag names: the first line of a file, or for
// "-" what readSecret reads.
func secretFrom(cmd *cobra.Command, file, prompt string) (string, error) {
	if file == "-" {
		return readSecret(cmd, prompt)
	}
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	return nextLine(bufio.NewReader(io.LimitReader(f, maxLine+1)), file)
}

// confirm asks somebody at a terminal to type the name before something ends, and
// pairs are revoked, the last of which ends at end (zero: nothing is said of that). Scripts are not asked.
func confirm(cmd *cobra.Command, what string, end time.Time, name string, force bool, now time.Time) error {
	in, ok := terminalIn(cmd)
	if !ok || force {
		return nil
	}
	out := cmd.ErrOrStderr()
	fmt.Fprintln(out, what)
	warnAccepted(out, end, now)
	fmt.Fprintf(out, "Type %s to go on: ", name)
	typed, err := readLine(cmd.Context(), in)
	if err != nil {
		return err
	}
	if typed != name {
		return errors.New("that is another name: nothing was changed")
	}
	return nil
}

// readLines reads n lines of the standard input.
func readLines(cmd *cobra.Command, n int) ([]string, error) {
	r := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), int64(n)*(maxLine+1)))
	lines := make([]string, n)
	for i := range lines {
		var err error
		if lines[i], err = interruptible(cmd.Context(), func() (string, error) { return nextLine(r, standardInput) }); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

func readLine(ctx context.Context, r io.Reader) (string, error) {
	return interruptible(ctx, func() (string, error) {
		return nextLine(bufio.NewReader(io.LimitReader(r, maxLine+1)), standardInput)
	})
}

// nextLine reads a line of what has the name.
func nextLine(r *bufio.Reader, name string) (string, error) {
	line, err := r.ReadString('\n')
	switch {
	case len(line) > maxLine:
		return "", fmt.Errorf("the line is longer than %d bytes", maxLine)
	case err != nil && (err != io.EOF || line == ""):
		return "", fmt.Errorf("read a line of %s: %w", name, err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// interruptible gives up waiting for a read when ctx ends. The read itself goes
// on until the process ends: there is no way to take it back.
func interruptible(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := read()
		done <- result{line, err}
	}()
	select {
	case r := <-done:
		return r.line, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
