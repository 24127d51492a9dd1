package httpapi

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// Metrics are the figures at /metrics, in Prometheus' text format. Those of the
// store are counted at most once in censusKept, however often they are asked for.
type Metrics struct {
	MetricsConfig
	registry *prometheus.Registry
	duration prometheus.Histogram
	swept    *prometheus.CounterVec

	mu   sync.Mutex
	last app.Metrics
	at   time.Time
}

// MetricsConfig is what Metrics are made of.
type MetricsConfig struct {
	Read func(ctx context.Context, now time.Time) (app.Metrics, error)
	Now  func() time.Time
	Log  *slog.Logger
	// Token is what reading needs, as a bearer token; without one loopback may read.
	Token string
}

// censusKept is how long counts of the whole store are shown again: counting
// reads every user.
const censusKept = time.Minute

// readMetricsWithin bounds counting.
const readMetricsWithin = 30 * time.Second

// NewMetrics returns metrics whose collectors are registered.
func NewMetrics(c MetricsConfig) *Metrics {
	m := &Metrics{
		MetricsConfig: c, registry: prometheus.NewRegistry(),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "segue_sweep_duration_seconds", Help: "How long this process took for one shard of a sweep.",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 15, 60, 120},
		}),
		swept: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_sweep_users_total", Help: "Users that this process's sweeps came to, by outcome.",
		}, []string{"outcome"}),
	}
	m.registry.MustRegister(m.duration, m.swept, &storeCollector{m})
	return m
}

// ObserveSweep notes one shard's sweep.
func (m *Metrics) ObserveSweep(r app.SweepReport, took time.Duration) {
	m.duration.Observe(took.Seconds())
	for outcome, n := range map[string]int{"renewed": r.Renewed, "postponed": r.Postponed, "awaiting_csr": r.Awaiting, "failed": r.Failed, "stale": r.Stale} {
		m.swept.WithLabelValues(outcome).Add(float64(n))
	}
}

// ServeHTTP answers to whoever has the token, or to loopback where there is none.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !m.mayRead(r) {
		newFailure(http.StatusUnauthorized, "metrics are for loopback, or for whoever has SEGUE_METRICS_TOKEN as a bearer token").write(w)
		return
	}
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

func (m *Metrics) mayRead(r *http.Request) bool {
	if m.Token != "" { // on loopback too: behind a proxy on this host everybody comes from there
		return subtle.ConstantTimeCompare([]byte(bearer(r.Header.Get("Authorization"))), []byte(m.Token)) == 1
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

func (m *Metrics) read() (app.Metrics, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.Now()
	if age := now.Sub(m.at); !m.at.IsZero() && age >= 0 && age < censusKept {
		return m.last, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), readMetricsWithin)
	defer cancel()
	read, err := m.Read(ctx, now)
	if err != nil {
		return app.Metrics{}, err
	}
	m.last, m.at = read, now
	return read, nil
}

// storeCollector shows what the store holds. Where the store does not answer
// its series are absent, which an alarm can notice.
type storeCollector struct{ *Metrics }

var (
	usersDesc     = prometheus.NewDesc("segue_users", "Service users by state.", []string{"state"}, nil)
	endingDesc    = prometheus.NewDesc("segue_certificates_ending", "Service users whose current certificate ends within so many days.", []string{"within_days"}, nil)
	awaitingDesc  = prometheus.NewDesc("segue_renewals_awaiting", "Renewals that await acknowledgement.", nil, nil)
	failuresDesc  = prometheus.NewDesc("segue_renewal_failures_open", "Users whose renewal could not be made.", nil, nil)
	messagesDesc  = prometheus.NewDesc("segue_messages", "Messages by state.", []string{"state"}, nil)
	oldestDesc    = prometheus.NewDesc("segue_oldest_unsent_message_timestamp_seconds", "When the oldest message that is still due was made; 0 for none.", nil, nil)
	lastSweepDesc = prometheus.NewDesc("segue_last_sweep_timestamp_seconds", "When a sweep last looked at what was due; 0 for never.", nil, nil)
	clustersDesc  = prometheus.NewDesc("segue_clusters", "Services whose clusters Segue changes, by how they stand: applied, pending or failing.", []string{"state"}, nil)
	repairedDesc  = prometheus.NewDesc("segue_cluster_repairs_total", "ACLs and passwords put back on clusters that somebody else had taken away.", nil, nil)
	sweepLagDesc  = prometheus.NewDesc("segue_sweep_lag_seconds", "How long ago that was; below -300 it lies ahead of this clock and every sweep is refused until then.", nil, nil)
)

// Describe names every series.
func (c *storeCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{usersDesc, endingDesc, awaitingDesc, failuresDesc, messagesDesc, oldestDesc, lastSweepDesc, sweepLagDesc, clustersDesc, repairedDesc} {
		to <- d
	}
}

// Collect counts.
func (c *storeCollector) Collect(to chan<- prometheus.Metric) {
	v, err := c.read()
	if err != nil {
		c.Log.Warn("metrics", "error", err)
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, state := range []lifecycle.State{lifecycle.Valid, lifecycle.Expiring, lifecycle.Acknowledged, lifecycle.Lapsed} {
		gauge(usersDesc, float64(v.Users[state]), string(state))
	}
	for _, days := range app.CensusDays {
		gauge(endingDesc, float64(v.DaysToEnd[days]), strconv.Itoa(days))
	}
	gauge(awaitingDesc, float64(v.Awaiting))
	gauge(failuresDesc, float64(v.OpenFailures))
	for _, state := range []app.MessageState{app.MessageDue, app.MessageSent, app.MessageKept, app.MessageDropped, app.MessageDead} {
		gauge(messagesDesc, float64(v.Messages[state]), string(state))
	}
	gauge(oldestDesc, seconds(v.OldestDue))
	for state, n := range map[string]int{"applied": v.Clusters.Applied, "pending": v.Clusters.Pending, "failing": v.Clusters.Failing} {
		gauge(clustersDesc, float64(n), state)
	}
	to <- prometheus.MustNewConstMetric(repairedDesc, prometheus.CounterValue, float64(v.Clusters.Repaired))
	gauge(lastSweepDesc, seconds(v.LastSweep))
	if !v.LastSweep.IsZero() {
		gauge(sweepLagDesc, c.Now().Sub(v.LastSweep).Seconds())
	}
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
