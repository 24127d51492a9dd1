package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgres is a store in a PostgreSQL, or in anything that speaks like one.
type postgres struct{ config *pgx.ConnConfig }

// newPostgres reads a database URL. No part of it gets into an error: it may
// hold a password.
func newPostgres(databaseURL string) (*postgres, error) {
	const form = "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE"
	if !strings.HasPrefix(databaseURL, "postgres://") && !strings.HasPrefix(databaseURL, "postgresql://") {
		return nil, &mendable{message: "the database URL does not begin with postgres://: " + form}
	}
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, &mendable{message: "the database URL cannot be read: " + form}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	if !strings.Contains(databaseURL, "default_query_exec_mode") {
		// A prepared statement keeps a plan made when its tables were small, and in
		// a burst they grow a thousandfold within minutes. Planning each time costs
		// the server a fraction of a millisecond, and suits poolers too.
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "segue"
	}
	return &postgres{config}, nil
}

func (p *postgres) dialect() string { return "postgres" }

// The pool of one process; a server's 100 connections serve a handful of replicas.
const (
	postgresConnections = 12
	postgresIdle        = 4
	postgresIdleFor     = 5 * time.Minute
)

func (p *postgres) open(ctx context.Context, o Options) (writer, reader *sql.DB, err error) {
	if err := p.migrate(ctx, o); err != nil {
		return nil, nil, err
	}
	pool := stdlib.OpenDB(*p.config)
	pool.SetMaxOpenConns(postgresConnections)
	pool.SetMaxIdleConns(postgresIdle)
	pool.SetConnMaxIdleTime(postgresIdleFor)
	return pool, pool, nil
}

// migrationLock is the key of the advisory lock under which one process migrates.
const migrationLock int64 = 0x7365677565 // "segue"

// migrate runs on connections of its own: a pool that was open before a
// migration holds statements planned for the tables as they were.
func (p *postgres) migrate(ctx context.Context, o Options) (err error) {
	db := stdlib.OpenDB(*p.config)
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if _, err := lock.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return err
	}
	defer func() {
		_, unlockErr := lock.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, migrationLock)
		err = errors.Join(err, unlockErr)
	}()
	return migrate(ctx, db, p, o)
}

func (p *postgres) readOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

func (p *postgres) bulk(conn *sql.Conn, tx *sql.Tx) bulk { return postgresBulk{conn, tx} }

// SQLSTATE codes; see the appendix "PostgreSQL Error Codes" of its manual.
const (
	pgUniqueViolation      = "23505"
	pgReadOnlyTransaction  = "25006"
	pgInvalidAuthorization = "28000"
	pgInvalidPassword      = "28P01"
	pgNoDatabase           = "3D000"
	pgSerializationFailure = "40001"
	pgDeadlock             = "40P01"
	pgNoPrivilege          = "42501"
	pgNoTable              = "42P01"
	pgDiskFull             = "53100"
	pgTooManyConnections   = "53300"
	pgLockNotAvailable     = "55P03"
	pgAdminShutdown        = "57P01"
	pgCrashShutdown        = "57P02"
	pgCannotConnectNow     = "57P03"
)

// sqlState is the code of an error; empty for one of another kind.
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func (p *postgres) conflicts(err error) bool {
	switch sqlState(err) {
	case pgSerializationFailure, pgDeadlock, pgLockNotAvailable:
		return true
	}
	return false
}

func (p *postgres) duplicates(err error) bool { return sqlState(err) == pgUniqueViolation }

func (p *postgres) missesTable(err error) bool { return sqlState(err) == pgNoTable }

// where names server and database, without user or password.
func (p *postgres) where() string {
	host := p.config.Host
	if !strings.HasPrefix(host, "/") {
		host = net.JoinHostPort(host, strconv.Itoa(int(p.config.Port)))
	}
	return "PostgreSQL at " + host + ", database " + p.config.Database
}

func (p *postgres) explain(err error) error {
	var already *mendable
	if err == nil || errors.As(err, &already) || errors.Is(err, context.Canceled) {
		return err
	}
	say := func(format string, args ...any) error {
		return &mendable{p.where() + ": " + fmt.Sprintf(format, args...), err}
	}
	switch sqlState(err) {
	case pgInvalidAuthorization, pgInvalidPassword:
		return say("it refuses this user or password: correct the database URL")
	case pgNoDatabase:
		return say("there is no such database: make it with createdb, or correct the database URL")
	case pgNoPrivilege:
		return say("this user lacks a right in it: make it the owner of the database")
	case pgReadOnlyTransaction:
		return say("it takes no writes: point the database URL to the primary server")
	case pgDiskFull:
		return say("its disk is full: free space on it")
	case pgTooManyConnections:
		return say("it has no connection left: raise its max_connections, or run fewer replicas")
	case pgAdminShutdown, pgCrashShutdown, pgCannotConnectNow:
		return say("it is shutting down or starting: try again when it is up")
	case "":
	default:
		return err
	}
	var connect *pgconn.ConnectError
	var network *net.OpError
	switch {
	case errors.As(err, &network):
		return say("it does not answer (%v): start it, or correct the database URL", network.Err)
	case errors.As(err, &connect):
		return say("it does not answer: start it, or correct the database URL")
	}
	return err
}

func (p *postgres) clockQuery() string {
	return `SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`
}

func (p *postgres) backup(context.Context, string) error {
	return &mendable{message: "this store is in PostgreSQL: back it up with pg_dump"}
}
