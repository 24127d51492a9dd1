package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"github.com/segue-project/segue/internal/atomicfile"
)

// adminEmail is whom an empty store gets as its first administrator.
func adminEmail() string { return envOr("SEGUE_ADMIN_EMAIL", "admin@example.com") }

// firstAdministrator makes sure that somebody can sign in to an empty store.
func (in *instance) firstAdministrator(ctx context.Context, dir string, out io.Writer) error {
	empty, err := in.store.Empty(ctx)
	if err != nil || !empty {
		return err
	}
	if password := os.Getenv("SEGUE_ADMIN_PASSWORD"); password != "" {
		_, err := in.app.FirstAdministrator(ctx, adminEmail(), password, time.Now())
		return err
	}
	password := rand.Text()
	show := func() { fmt.Fprintf(out, "first administrator: %s, password: %s\n", adminEmail(), password) }
	if f, ok := out.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		// Written before the account is made: a crash in between must not leave
		// an administrator whose password nobody knows.
		path := filepath.Join(dir, "first-password")
		if err := atomicfile.Write(path, []byte(password+"\n"), 0o600); err != nil {
			return fmt.Errorf("keep the first administrator's password: %w", err)
		}
		show = func() { fmt.Fprintf(out, "first administrator: %s, password in %s\n", adminEmail(), path) }
	}
	created, err := in.app.FirstAdministrator(ctx, adminEmail(), password, time.Now())
	if err == nil && created {
		show()
	}
	return err
}
