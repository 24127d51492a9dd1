package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/segue-project/segue/internal/app"
)

// Config is what the API is made of.
type Config struct {
	App     *app.App
	Now     func() time.Time
	Log     *slog.Logger
	Version string
	// Ready reports whether this process can serve; nil asks the store alone.
	Ready func(context.Context) error
	// Metrics are served at /metrics; nil: nothing is.
	Metrics *Metrics
}

type server struct {
	Config
	mux *http.ServeMux
	api huma.API // holds the OpenAPI specification too

	mail mailHealth
}

// Paths are what the API's handler answers; others are the console's.
var Paths = []string{"/v1", "/v1/", "/crl/", "/doc", "/doc/", "/openapi.json", "/livez", "/readyz", "/metrics"}

// New returns the API's handler. It serves everything below /v1, /crl, /doc,
// and /livez, /readyz and /openapi.json, and refuses any other path with the envelope.
func New(c Config) http.Handler { return newServer(c) }

func newServer(c Config) *server {
	if c.Ready == nil {
		c.Ready = c.App.Ready
	}
	s := &server{Config: c, mux: http.NewServeMux()}
	s.api = humago.New(s.mux, humaConfig(c.Version))
	s.routes()
	return s
}

func (s *server) routes() {
	s.healthRoutes()
	s.crlRoutes()
	s.accountRoutes()
	s.accessTokenRoutes()
	s.organizationRoutes()
	s.projectRoutes()
	s.serviceRoutes()
	s.serviceTypeRoutes()
	s.userRoutes()
	s.resetRoutes()
	s.generationRoutes()
	s.bundleRoutes()
	s.renewalRoutes()
	s.policyRoutes()
	s.brokerKitRoutes()
	s.memberRoutes()
	s.contactRoutes()
	s.tagRoutes()
	s.aclRoutes()
	s.channelRoutes()
	s.deliveryRoutes()
	s.auditRoutes()
	s.specRoute()
	s.docRoutes()
	if s.Metrics != nil {
		s.mux.Handle("GET /metrics", s.Metrics)
	}
}

// The limits of a connection. A request's context ends before its read deadline,
// which would end it without an answer.
const (
	readHeaderTimeout = 10 * time.Second
	requestTimeout    = 60 * time.Second
	readTimeout       = 75 * time.Second
	writeTimeout      = 150 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 64 << 10
)

// NewServer returns a server for the handler with a bound on everything that a
// client could draw out. It does not listen yet; ErrorLog is the caller's to set.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
	}
}
