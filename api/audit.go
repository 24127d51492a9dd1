package api

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// AuditEntry is an entry of a project's audit log.
type AuditEntry struct {
	Seq     int64           `json:"seq" doc:"Its place in the log, from 1 without a gap"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor" doc:"The address of an account, or system"`
	Action  string          `json:"action"`
	Service string          `json:"service,omitempty"`
	User    string          `json:"user,omitempty"`
	Detail  json.RawMessage `json:"detail,omitempty" doc:"An object whose keys depend on the action; never a secret"`
	MAC     string          `json:"mac" doc:"Over this entry and the one before, in hex"`
}

// AuditReply is a page of a project's audit log, newest first.
type AuditReply struct {
	Entries []AuditEntry `json:"entries"`
	Next    *string      `json:"next" doc:"What to send as after for the next page; null on the last"`
}

// AuditProof says how far a project's audit log is what was written.
type AuditProof struct {
	VerifiedTo int64   `json:"verified_to" doc:"The entry up to which it is"`
	BrokenAt   *int64  `json:"broken_at" doc:"The first entry that is not what was written; null: none was found"`
	Fault      *string `json:"fault" doc:"changed, moved, missing, cut, off-head or replaced; null: none was found"`
	Reason     *string `json:"reason" doc:"What is wrong at broken_at, and what to do"`
	Head       *string `json:"head" doc:"Of the entry verified last: note it elsewhere, and send it as head another time; null for an empty log"`
	Next       *string `json:"next" doc:"What to send as after to go on; null: nothing is left to verify"`
}

// AuditFilter says which entries are asked for; an empty field takes all.
type AuditFilter struct {
	Service, User, Actor, Action string
	Since                        time.Time // entries of this moment and later
}

// AuditPage returns a page of a project's audit log, newest first. limit is 1 to 1000.
func (c *Client) AuditPage(ctx context.Context, project string, f AuditFilter, after string, limit int) (AuditReply, error) {
	query := pageQuery(after, limit)
	for key, value := range map[string]string{"service": f.Service, "user": f.User, "actor": f.Actor, "action": f.Action} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if !f.Since.IsZero() {
		query.Set("since", f.Since.UTC().Format(time.RFC3339Nano))
	}
	var reply AuditReply
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"project", project, "audit"}, query: query, out: &reply, repeatable: true})
	return reply, err
}

// auditPage is how many entries AuditEntries asks for at a time.
const auditPage = 1000

// AuditEntries goes through all pages of a project's audit log, newest first. It
// ends after the first error.
func (c *Client) AuditEntries(ctx context.Context, project string, f AuditFilter) iter.Seq2[AuditEntry, error] {
	return pages(func(after string) ([]AuditEntry, *string, error) {
		page, err := c.AuditPage(ctx, project, f, after, auditPage)
		return page.Entries, page.Next, err
	})
}

// VerifyAudit verifies a part of a project's audit log: behind the entry after, the
// Next of the proof before, or from the first where it is empty. head is one that
// was noted earlier, or empty.
func (c *Client) VerifyAudit(ctx context.Context, project, head, after string) (AuditProof, error) {
	query := pageQuery(after, 0)
	if head != "" {
		query.Set("head", head)
	}
	var reply AuditProof
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"project", project, "audit", "verify"}, query: query, out: &reply, repeatable: true})
	return reply, err
}
