package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"github.com/segue-project/segue/internal/atomicfile"
)

// adminEmail is whom an empty store gets as its first administrator.
func adminEmail() string { return envOr("SEGUE_ADMIN_EMAIL", "admin@example.com") }

// firstAdministrator makes the first administrator where a password is given.
func (in *instance) firstAdministrator(ctx context.Context) error {
	password := os.Getenv("SEGUE_ADMIN_PASSWORD")
	if password == "" {
		return nil
	}
	empty, err := in.store.Empty(ctx)
	if err != nil || !empty {
		return err
	}
	_, err = in.app.FirstAdministrator(ctx, adminEmail(), password, time.Now())
	return err
}

// offerSetup is what is said of the one-time link by which somebody becomes the
// first administrator; empty where somebody is. The link is a secret: it goes to a
// terminal, or to a file that only its owner reads.
func (in *instance) offerSetup(ctx context.Context, dir, base string, out io.Writer) (words string, err error) {
	path := filepath.Join(dir, "setup-link")
	token, err := in.app.OfferSetup(ctx, adminEmail(), time.Now())
	if err != nil {
		return "", err
	}
	if token == "" { // somebody used the link
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("remove the link that set Segue up: %w", err)
		}
		return "", nil
	}
	link := base + "/setup/" + token
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return fmt.Sprintf("\nFirst open this link, which works once, and choose a password for %s:\n  %s\n", adminEmail(), link), nil
	}
	if err := atomicfile.Write(path, []byte(link+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the link that sets Segue up: %w", err)
	}
	return fmt.Sprintf("nobody can sign in yet: open the link in %s, which works once, and choose a password for %s\n", path, adminEmail()), nil
}
