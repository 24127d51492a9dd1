// Package store keeps everything Segue knows in SQL: SQLite in one file by
// default, PostgreSQL for any number of replicas. It holds no rules. A Change
// that lifecycle decided is saved as it stands, by Apply, and only on the
// revision of the user it was decided on.
//
// One SQL text serves both databases: queries/*.sql, checked and turned into
// package db by sqlc. What only one of them can run, or runs much faster in a
// form of its own, is in bulk_sqlite.go and bulk_postgres.go and nowhere else.
//
// On SQLite one connection writes, and a pool of others reads snapshots beside
// it. On PostgreSQL reads are repeatable-read transactions; writes are
// read-committed ones that rest on locks: of a user's row for its pairs, of the
// audit head for a log, of a service's row against its deletion.
//
// Times are stored as unix milliseconds and given in UTC.
package store

//go:generate go tool -modfile=../../tools/go.mod sqlc generate
