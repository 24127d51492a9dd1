package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// migrate brings the database to the newest migration and runs those of other
// packages. The caller holds the migration lock.
func migrate(ctx context.Context, db *sql.DB, d database, o Options) error {
	files, err := fs.Sub(migrations, "migrations/"+d.dialect())
	if err != nil {
		return err
	}
	newest, err := newestMigration(files)
	if err != nil {
		return err
	}
	at, err := readVersion(ctx, db, d)
	if err != nil {
		return err
	}
	if at.minBinary > newest {
		return &mendable{message: fmt.Sprintf(
			"this store needs a newer segue than %s: upgrade segue, or open the store with the binary that it was last used with", o.Version)}
	}
	if at.migration < newest {
		if err := runGoose(ctx, db, d, files); err != nil {
			return fmt.Errorf("migrate the store: %w", err)
		}
	}
	for _, run := range o.Migrations {
		if err := run(ctx, db, d.dialect()); err != nil {
			return err
		}
	}
	return nil
}

// newestMigration is the highest number among the migration files.
func newestMigration(files fs.FS) (int64, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		return 0, errors.Join(err, errors.New("this binary has no migrations"))
	}
	return goose.NumericComponent(names[len(names)-1]) // in order: fs.Glob sorts
}

// version is where a store stands.
type version struct {
	migration int64 // the newest that it has; 0 for a new store
	minBinary int64 // the newest that a binary must know
}

// readVersion asks one query. That it finds no table means a new store.
func readVersion(ctx context.Context, db *sql.DB, d database) (version, error) {
	var v version
	err := db.QueryRowContext(ctx, `SELECT (SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied),
		(SELECT value FROM meta WHERE name = 'min_binary')`).Scan(&v.migration, &v.minBinary)
	if d.missesTable(err) {
		return version{}, nil
	}
	if err != nil {
		return version{}, fmt.Errorf("read the store's version: %w", err)
	}
	return v, nil
}

func runGoose(ctx context.Context, db *sql.DB, d database, files fs.FS) error {
	dialect := map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres}[d.dialect()]
	provider, err := goose.NewProvider(dialect, db, files, goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
