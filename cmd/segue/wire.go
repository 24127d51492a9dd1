package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/auth"
	"github.com/segue-project/segue/internal/kafka"
	"github.com/segue-project/segue/internal/keys"
	"github.com/segue-project/segue/internal/notify"
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

// mailOptions say how mails leave.
type mailOptions struct {
	smtpURL  string
	mailFrom string
}

func (o *mailOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.smtpURL, "smtp-url", os.Getenv("SEGUE_SMTP_URL"), "mail server, smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://…; without one mails are kept in the outbox [SEGUE_SMTP_URL]")
	cmd.Flags().StringVar(&o.mailFrom, "mail-from", os.Getenv("SEGUE_MAIL_FROM"), "address that mails come from [SEGUE_MAIL_FROM]")
	cmd.Flags().Lookup("smtp-url").DefValue = "" // may hold a password: not for the help text
}

// notifyOptions say how messages leave, and who hears that a sweep went well.
type notifyOptions struct {
	mailOptions
	allowPrivate bool
	heartbeatURL string
}

func (o *notifyOptions) flags(cmd *cobra.Command) {
	o.mailOptions.flags(cmd)
	cmd.Flags().BoolVar(&o.allowPrivate, "allow-private-webhooks", os.Getenv("SEGUE_ALLOW_PRIVATE_WEBHOOKS") == "true", "let webhooks reach loopback and private addresses [SEGUE_ALLOW_PRIVATE_WEBHOOKS]")
	cmd.Flags().StringVar(&o.heartbeatURL, "heartbeat-url", os.Getenv("SEGUE_HEARTBEAT_URL"), "URL to call after each good sweep, so that an outside alarm notices silence [SEGUE_HEARTBEAT_URL]")
	cmd.Flags().Lookup("heartbeat-url").DefValue = "" // may hold a secret: not for the help text
}

// mailer is the mail server, or the outbox where none is set.
func (o *mailOptions) mailer() (app.Mailer, error) {
	if o.smtpURL == "" {
		return notify.NewOutbox(), nil
	}
	server, err := notify.NewSMTP(o.smtpURL, o.mailFrom)
	if err != nil {
		return nil, &usageError{err}
	}
	return server, nil
}

// openInstance opens the store, the keys and the use cases over them. create
// allows a new store and key file to be made.
func openInstance(ctx context.Context, o storeOptions, create bool, config app.Config) (*instance, error) {
	if err := o.checkExists(create); err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, store.Options{
		Dir: o.dir, DatabaseURL: o.databaseURL, Version: version, Migrations: []store.Migration{work.Migrate},
	})
	if err != nil {
		return nil, err
	}
	in, err := openOn(ctx, st, o, create, config)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return in, nil
}

func openOn(ctx context.Context, st *store.Store, o storeOptions, create bool, config app.Config) (*instance, error) {
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
	config.Store, config.Inspector, config.Resealer, config.Custody = st, st, st, custody
	config.Passwords, config.Tokens, config.Limits = auth.NewPasswords(), auth.Tokens{}, auth.NewLimits()
	config.Kit, config.Clusters, config.Renderer, config.NewWebhookSecret = kafka.Kit{}, kafka.Clusters{}, notify.NewRenderer(), notify.NewWebhookSecret
	return &instance{store: st, custody: custody, app: app.New(config)}, nil
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

// quietly is for commands that look at a store and end; the log is serve's.
func quietly() app.Config {
	return app.Config{PublicURL: strings.TrimRight(os.Getenv("SEGUE_PUBLIC_URL"), "/"), Mailer: notify.NewOutbox(), Log: slog.New(slog.DiscardHandler)}
}

func (in *instance) close() error { return in.store.Close() }
