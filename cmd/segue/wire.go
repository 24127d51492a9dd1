package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/auth"
	"github.com/segue-project/segue/internal/kafka"
	"github.com/segue-project/segue/internal/keys"
	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/work"
)

// storeOptions say which store a server command works on.
type storeOptions struct {
	dir         string
	databaseURL string
	keyFile     string
}

func (o *storeOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.dir, "dir", envOr("SEGUE_DIR", "data"), "directory of the embedded store and the key file [SEGUE_DIR]")
	cmd.Flags().StringVar(&o.databaseURL, "database-url", os.Getenv("SEGUE_DATABASE_URL"), "PostgreSQL instead of the embedded store, postgres://… [SEGUE_DATABASE_URL]")
	cmd.Flags().StringVar(&o.keyFile, "key-file", os.Getenv("SEGUE_KEY_FILE"), "file that unwraps the stored keys (default DIR/key) [SEGUE_KEY_FILE]")
	cmd.Flags().Lookup("database-url").DefValue = "" // may hold a password: not for the help text
}

func (o *storeOptions) keyPath() string {
	if o.keyFile != "" {
		return o.keyFile
	}
	return filepath.Join(o.dir, "key")
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// instance is an opened store with everything that works on it.
type instance struct {
	store   *store.Store
	custody *keys.Custody
	app     *app.App
}

// openInstance opens the store, the keys and the use cases over them. create
// allows a new store and key file to be made.
func openInstance(ctx context.Context, o storeOptions, create bool, publicURL string, log *slog.Logger) (*instance, error) {
	if err := o.checkExists(create); err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, store.Options{
		Dir: o.dir, DatabaseURL: o.databaseURL, Version: version, Migrations: []store.Migration{work.Migrate},
	})
	if err != nil {
		return nil, err
	}
	in, err := openOn(ctx, st, o, create, publicURL, log)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return in, nil
}

func openOn(ctx context.Context, st *store.Store, o storeOptions, create bool, publicURL string, log *slog.Logger) (*instance, error) {
	empty, err := st.Empty(ctx)
	if err != nil {
		return nil, err
	}
	keyFile, err := keys.OpenKeyFile(o.keyPath(), create && empty)
	if err != nil {
		return nil, err
	}
	custody, err := keys.Open(ctx, st, keyFile)
	if err != nil {
		return nil, err
	}
	return &instance{store: st, custody: custody, app: app.New(app.Config{
		Store: st, Inspector: st, Resealer: st, Custody: custody,
		Passwords: auth.NewPasswords(), Tokens: auth.Tokens{}, Limits: auth.NewLimits(),
		Kit: kafka.Kit{}, PublicURL: publicURL, Log: log,
	})}, nil
}

// checkExists keeps commands that only look from making an empty store.
func (o *storeOptions) checkExists(create bool) error {
	if create || o.databaseURL != "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(o.dir, store.SQLiteFile)); err != nil {
		return errors.New("no store in " + o.dir + ": name the directory of `segue serve` with --dir, or its PostgreSQL with --database-url")
	}
	return nil
}

func (in *instance) close() error { return in.store.Close() }
