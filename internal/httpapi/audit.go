package httpapi

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) auditRoutes() {
	call(s, http.MethodGet, atProject+"/audit", "ProjectAuditList", "The audit log, newest first", s.listAudit)
	streamAs[api.AuditEntry](s, linesType, guarded(s, http.MethodGet, atProject+"/audit/export", "ProjectAuditExport", "The audit log as JSON lines"), s.exportAudit)
	call(s, http.MethodGet, atProject+"/audit/verify", "ProjectAuditVerify", "Whether the audit log is what was written", s.verifyAudit)
}

// AuditQuery says which entries of an audit log are asked for. It is exported
// because huma fills in exported fields alone.
type AuditQuery struct {
	ProjectPath
	Actor   string `query:"actor" doc:"Address of who did it, or system"`
	Action  string `query:"action" doc:"Such as renewal.acknowledge"`
	Service string `query:"service" doc:"Name of a service"`
	User    string `query:"user" doc:"Name of a service user"`
	Since   string `query:"since" doc:"RFC 3339: entries of this moment and later"`
	After   string `query:"after" doc:"The next of the page before: entries older than this one"`
}

func (q AuditQuery) filter() (app.AuditFilter, error) {
	f := app.AuditFilter{Service: q.Service, User: q.User, Actor: q.Actor, Action: q.Action}
	if q.Since == "" {
		return f, nil
	}
	var err error
	if f.Since, err = time.Parse(time.RFC3339, q.Since); err != nil {
		return f, &app.Error{Code: app.CodeInvalid, Field: "since", Message: "since must be a time in RFC 3339, such as 2026-11-24T00:00:00Z"}
	}
	return f, nil
}

// entryNumber reads the number of an entry; empty is 0.
func entryNumber(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, &app.Error{Code: app.CodeInvalid, Field: "after", Message: "after must be the number of an entry"}
	}
	return n, nil
}

type listAuditInput struct {
	AuditQuery
	Limit int `query:"limit" doc:"1 to 1000; 100 when left out"`
}

func (s *server) listAudit(ctx context.Context, req *request, in *listAuditInput) (api.AuditReply, error) {
	filter, err := in.filter()
	if err != nil {
		return api.AuditReply{}, err
	}
	before, err := entryNumber(in.After)
	if err != nil {
		return api.AuditReply{}, err
	}
	found, next, err := s.App.AuditPage(ctx, req.actor, in.Project, filter, before, in.Limit, req.now)
	return api.AuditReply{Entries: each(found, auditEntry), Next: entryOrNull(next)}, err
}

// linesType is one JSON object a line.
const linesType = "application/x-ndjson"

// exportAudit writes entries while they are read: memory does not grow with the log.
func (s *server) exportAudit(_ context.Context, req *request, in *AuditQuery) (writes, error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	before, err := entryNumber(in.After)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, w *bufio.Writer) error {
		for e, err := range s.App.ExportAudit(ctx, req.actor, in.Project, filter, before, req.now) {
			if err != nil {
				return err
			}
			line, err := encode(auditEntry(e))
			if err != nil {
				return err
			}
			_, _ = w.Write(line) // a writer that failed keeps failing
			if err := w.WriteByte('\n'); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func auditEntry(e app.AuditEntry) api.AuditEntry { return api.AuditEntry(e.Line()) }

// entryOrNull is the number of an entry to go on from; nil for none.
func entryOrNull(seq int64) *string {
	if seq == 0 {
		return nil
	}
	return stringOrAbsent(strconv.FormatInt(seq, 10))
}

type verifyAuditInput struct {
	ProjectPath
	Head  string `query:"head" doc:"One that was noted earlier, from a digest, Segue's own log or a reply: only against it a log whose end was cut off shows"`
	After string `query:"after" doc:"The next of the reply before; from the first entry when left out"`
}

func (s *server) verifyAudit(ctx context.Context, req *request, in *verifyAuditInput) (api.AuditProof, error) {
	noted, err := app.ParseAuditHead(in.Head)
	if err != nil {
		return api.AuditProof{}, err
	}
	after, err := entryNumber(in.After)
	if err != nil {
		return api.AuditProof{}, err
	}
	v, err := s.App.ProveAudit(ctx, req.actor, in.Project, app.AuditCheck{After: after, Noted: noted}, req.now)
	if err != nil {
		return api.AuditProof{}, err
	}
	proof := api.AuditProof{
		VerifiedTo: v.VerifiedTo, Fault: stringOrAbsent(string(v.Fault)), Reason: stringOrAbsent(v.Reason), Head: stringOrAbsent(v.End.String()),
	}
	if v.BrokenAt != 0 {
		proof.BrokenAt = &v.BrokenAt
	} else if !v.Whole {
		proof.Next = entryOrNull(v.VerifiedTo)
	}
	return proof, nil
}
