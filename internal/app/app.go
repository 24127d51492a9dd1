package app

import (
	"log/slog"
	"sync"
	"time"
)

// Config is what an App is made of.
type Config struct {
	Store     Store
	Inspector Inspector
	Resealer  Resealer
	Custody   Custody
	Passwords Passwords
	Tokens    Tokens
	Kit       KitRenderer
	Clusters  Clusters
	Renderer  Renderer
	Mailer    Mailer
	Posters   map[ChannelKind]Poster
	// NewWebhookSecret makes what signs a webhook's deliveries.
	NewWebhookSecret func() string
	Limits           Limits
	// ReconcileEvery is how often a cluster is compared with what is wished of it;
	// zero: DefaultReconcileEvery.
	ReconcileEvery time.Duration
	// PublicURL is where clients and brokers reach Segue; certificates name
	// their CRL only when it is set.
	PublicURL string
	Log       *slog.Logger
}

// App runs the use cases; it is safe for concurrent use.
type App struct {
	Config
	authorities sync.Map // CA id → *authority
	crls        sync.Map // CA id → *cachedCRL
	sessions    sync.Map // service id → *session
	denials     denials
	verified    verified
	places      *places
	diffs       chan struct{} // holds one per cluster that somebody waits for
}

// New returns an App over its parts.
func New(c Config) *App {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &App{Config: c, places: newPlaces(), diffs: make(chan struct{}, diffs)}
}

// Actor is who asks. System is Segue itself: the sweep, first set-up, the demo.
type Actor struct {
	AccountID     int64
	Email         string
	RealName      string
	Administrator bool
	System        bool
	Address       string // client IP, for the audit log

	TokenID                        int64
	TokenPrefix                    string
	TokenCreatedAt, TokenExpiresAt time.Time // expiry is zero for a token without one
}

// System is Segue acting by itself.
func System() Actor { return Actor{Email: "system", System: true} }
