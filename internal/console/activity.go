package console

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
)

func (s *server) activityRoutes() {
	const activity = "/projects/{project}/activity"
	s.mux.HandleFunc("GET "+activity, s.inProject("activity", (*visit).activityPage))
	s.mux.HandleFunc("GET "+activity+"/export", s.inProject("activity", (*visit).exportActivity))
}

// auditShown is how many entries of the audit log a page lists.
const auditShown = 50

// activityView is a page of a project's audit log.
type activityView struct {
	frame
	Filter  app.AuditFilter
	Entries []app.AuditEntry
	Before  int64 // entries older than this one are shown; 0: from the newest
	Next    int64 // where the next page goes on; 0: it is the last
	Proof   app.AuditProof
	Actions []string
}

func (v *visit) activityPage() error {
	a := activityView{frame: v.frame, Filter: auditFilter(v.r), Actions: auditActions()}
	var err error
	if a.Before, err = entryNumber(v.r.URL.Query().Get("before")); err != nil {
		return err
	}
	a.Entries, err = v.App.ListAudit(v.r.Context(), v.actor, v.frame.Project, a.Filter, a.Before, auditShown+1, v.now)
	if err != nil {
		return err
	}
	if len(a.Entries) > auditShown {
		a.Entries = a.Entries[:auditShown]
		a.Next = a.Entries[auditShown-1].Seq
	}
	if a.Proof, err = v.App.VerifyAudit(v.r.Context(), v.actor, v.frame.Project, a.Entries, v.now); err != nil {
		return err
	}
	return v.show("Activity", activityPage(a))
}

func auditFilter(r *http.Request) app.AuditFilter {
	q := r.URL.Query()
	return app.AuditFilter{Service: q.Get("service"), User: q.Get("user"), Actor: q.Get("actor"), Action: q.Get("action")}
}

// entryNumber reads the number of an entry; empty is 0.
func entryNumber(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, &app.Error{Code: app.CodeInvalid, Field: "before", Message: "before must be the number of an entry, such as 18204"}
	}
	return n, nil
}

// auditActions are the actions that can be looked for, in order.
func auditActions() []string {
	var actions []string
	for action := range deeds {
		if action != theKeyRead {
			actions = append(actions, action)
		}
	}
	slices.Sort(actions)
	return actions
}

// at is the log with one thing of the filter or the place changed.
func (a activityView) at(before int64) string { return a.query(a.path("activity"), before) }

func (a activityView) query(path string, before int64) string {
	place := ""
	if before > 0 {
		place = strconv.FormatInt(before, 10)
	}
	f := a.Filter
	return queried(path, "service", f.Service, "user", f.User, "actor", f.Actor, "action", f.Action, "before", place)
}

func (a activityView) filtered() bool { return a.Filter != app.AuditFilter{} }

// about is where what an entry is about has its page; empty where it has none.
func (a activityView) about(e app.AuditEntry) string {
	switch {
	case e.User != "":
		return a.path("services", e.Service, "users", e.User)
	case e.Service != "":
		return a.path("services", e.Service)
	}
	return ""
}

// auditLine is an entry as it is exported: one JSON object a line.
type auditLine struct {
	Seq     int64           `json:"seq"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Action  string          `json:"action"`
	Service string          `json:"service,omitempty"`
	User    string          `json:"user,omitempty"`
	Detail  json.RawMessage `json:"detail,omitempty"`
	MAC     string          `json:"mac"`
}

// entriesExported is how many entries are held in memory at a time.
const entriesExported = 1000

// exportActivity streams the entries that the filter takes, newest first. A
// failure half-way ends the connection, so that a cut file is not taken for whole.
func (v *visit) exportActivity() error {
	filter := auditFilter(v.r)
	entries, err := v.App.ListAudit(v.r.Context(), v.actor, v.frame.Project, filter, 0, entriesExported, v.now)
	if err != nil {
		return err
	}
	v.attach("application/x-ndjson", v.frame.Project+"-activity-"+v.now.Format(time.DateOnly)+".jsonl")
	out := json.NewEncoder(v.w)
	for {
		for _, e := range entries {
			if out.Encode(lineOf(e)) != nil {
				return nil // a client that went away
			}
		}
		if len(entries) < entriesExported {
			return nil
		}
		last := entries[len(entries)-1].Seq
		if entries, err = v.App.ListAudit(v.r.Context(), v.actor, v.frame.Project, filter, last, entriesExported, v.now); err != nil {
			v.Log.Error("an export of activity was cut off", "error", err)
			panic(http.ErrAbortHandler)
		}
	}
}

func lineOf(e app.AuditEntry) auditLine {
	l := auditLine{
		Seq: e.Seq, At: e.At, Actor: e.Actor, Action: e.Action, Service: e.Service, User: e.User, MAC: hex.EncodeToString(e.MAC),
	}
	if json.Valid([]byte(e.Detail)) {
		l.Detail = json.RawMessage(e.Detail)
	}
	return l
}

// attach makes the answer a file to keep.
func (v *visit) attach(kind, name string) {
	v.w.Header().Set("Content-Type", kind)
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

func whereWords(e app.AuditEntry) string {
	if e.User != "" {
		return e.Service + " / " + e.User
	}
	return e.Service
}

// actionWords is an action as people say it: "user: reset credentials".
func actionWords(action string) string {
	return strings.NewReplacer(".", ": ", "-", " ").Replace(action)
}

func brokenThen(p app.AuditProof) string {
	return sentence(p.Reason) + " Up to entry " + number(int(p.VerifiedTo)) +
		" it is what was written. Compare it with a backup and with the heads in the log of segue serve, and find out who could write to the store."
}
