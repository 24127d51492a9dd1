package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// fromMillis is the inverse of time.Time.UnixMilli, in UTC; the zero time survives both ways.
func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// nullMillis stores the zero time as null.
func nullMillis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// fromNullMillis reads null as the zero time.
func fromNullMillis(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return fromMillis(ms.Int64)
}

// nullText stores the empty text as null.
func nullText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// fromNullJSON reads null as nil, which inherits.
func fromNullJSON(s sql.NullString) []byte {
	if !s.Valid {
		return nil
	}
	return []byte(s.String)
}

func millis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// nullDuration stores an inherited value as null.
func nullDuration(d *time.Duration) sql.NullInt64 {
	if d == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: d.Milliseconds(), Valid: true}
}

// override reads the three values that a project or a service sets itself.
func override(validity, renewBefore, spread sql.NullInt64) lifecycle.Override {
	set := func(ms sql.NullInt64) *time.Duration {
		if !ms.Valid {
			return nil
		}
		d := millis(ms.Int64)
		return &d
	}
	return lifecycle.Override{Validity: set(validity), RenewBefore: set(renewBefore), Spread: set(spread)}
}

func policy(validity, renewBefore, spread int64) lifecycle.Policy {
	return lifecycle.Policy{Validity: millis(validity), RenewBefore: millis(renewBefore), Spread: millis(spread)}
}

// listText stores a list of strings as a JSON array.
func listText(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(list) // strings always marshal
	return string(text)
}

// mapText stores a map of strings as a JSON object, its keys in order.
func mapText(m map[string]string) string {
	if len(m) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(m) // strings always marshal
	return string(text)
}

func fromMapText(what, text string) (map[string]string, error) {
	var m map[string]string
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("%s is no object of strings: %w", what, err)
	}
	if len(m) == 0 {
		return nil, nil
	}
	return m, nil
}

func fromListText(what, text string) ([]string, error) {
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("%s is no list: %w", what, err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return list, nil
}

// printable makes text that a client sent in a header fit for PostgreSQL, which
// takes neither broken UTF-8 nor a zero byte.
func printable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// convertAll turns rows into what the ports give; an empty result is nil.
func convertAll[R, T any](rows []R, convert func(R) (T, error)) ([]T, error) {
	var list []T
	for _, row := range rows {
		item, err := convert(row)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}
