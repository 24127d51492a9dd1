package main

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/segue-project/segue/api"
)

// auditFormats write entries one by one, so that a log of any length needs no more
// memory than a short one.
var auditFormats = map[string]func(io.Writer, iter.Seq2[api.AuditEntry, error]) error{
	"jsonl": writeAuditLines,
	"csv":   writeAuditCSV,
}

// writeAuditLines writes one JSON object a line.
func writeAuditLines(w io.Writer, entries iter.Seq2[api.AuditEntry, error]) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for e, err := range entries {
		if err != nil {
			return err
		}
		if err := out.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func writeAuditCSV(w io.Writer, entries iter.Seq2[api.AuditEntry, error]) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"seq", "at", "actor", "action", "service", "user", "detail", "mac"}); err != nil {
		return err
	}
	for e, err := range entries {
		if err != nil {
			out.Flush()
			return err
		}
		row := []string{strconv.FormatInt(e.Seq, 10), e.At.UTC().Format(time.RFC3339Nano), e.Actor, e.Action, e.Service, e.User, string(e.Detail), e.MAC}
		for i := range row {
			row[i] = noFormula(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// noFormula keeps a spreadsheet from taking text for a formula: somebody may have
// chosen an address that begins like one.
func noFormula(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
