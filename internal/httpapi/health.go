package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) healthRoutes() {
	public(s, http.MethodGet, "/livez", "Livez", "Whether the process runs", s.livez)
	public(s, http.MethodGet, "/readyz", "Readyz", "Whether it can serve", s.readyz)
}

func (s *server) livez(context.Context, *request, *struct{}) (api.HealthReply, error) {
	return api.HealthReply{Status: "ok", Version: s.Version}, nil
}

func (s *server) readyz(ctx context.Context, req *request, _ *struct{}) (api.HealthReply, error) {
	if err := s.Ready(ctx); err != nil {
		s.Log.Warn("not ready", "request_id", req.id, "error", err)
		return api.HealthReply{}, &app.Error{Code: app.CodeUnavailable, Message: "not ready: the log says why"}
	}
	return api.HealthReply{Status: "ok", Version: s.Version, Mail: s.mail.state(s.App.Mailer, s.mailChecked, req.now)}, nil
}

const (
	// mailCheckedFor is how long the answer of a mail server is shown again.
	mailCheckedFor = time.Minute
	// checkMailWithin bounds asking it.
	checkMailWithin = 20 * time.Second
)

// mailHealth is how the mail server stood when it was asked last. Nobody waits
// for it: a server that hangs must not make Segue look as if it hung.
type mailHealth struct {
	mu    sync.Mutex
	last  string    // empty before the first answer
	at    time.Time // when it was asked
	asked bool      // and has not answered yet
}

// state is what is known, and asks again where that is old. told hears of each answer.
func (h *mailHealth) state(mailer app.Mailer, told func(error), now time.Time) string {
	if !mailer.Leaves() {
		return "outbox"
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.asked && now.Sub(h.at).Abs() >= mailCheckedFor {
		h.asked, h.at = true, now
		go h.ask(mailer, told)
	}
	if h.last == "" {
		return "unchecked"
	}
	return h.last
}

func (h *mailHealth) ask(mailer app.Mailer, told func(error)) {
	ctx, cancel := context.WithTimeout(context.Background(), checkMailWithin)
	defer cancel()
	err := mailer.Check(ctx)
	told(err)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked, h.last = false, "ok"; err != nil {
		h.last = "failing"
	}
}

// mailChecked leaves the reason to the log: everybody may ask /readyz.
func (s *server) mailChecked(err error) {
	if err != nil {
		s.Log.Warn("the mail server cannot be used", "error", err)
	}
}
