package httpapi

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// scraped are the series of a /metrics with their values.
func scraped(t *testing.T, m *Metrics) map[string]string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.RemoteAddr = "127.0.0.1:40000"
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	series := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^(segue_\S+) (\S+)$`).FindAllStringSubmatch(w.Body.String(), -1) {
		series[match[1]] = match[2]
	}
	return series
}

// TestMetricsCount lets three users be renewed, one of whom is acknowledged, and
// people be told; then it holds every count against that.
func TestMetricsCount(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		a, ctx := r.server.App, t.Context()
		m := NewMetrics(MetricsConfig{Read: a.ReadMetrics, Now: func() time.Time { return r.now }, Log: slog.New(slog.DiscardHandler)})
		expect := func(want map[string]string) {
			t.Helper()
			r.now = r.now.Add(censusKept) // or what was counted before is shown
			got := scraped(t, m)
			for series, value := range want {
				if got[series] != value {
					t.Errorf("%s is %q, want %s", series, got[series], value)
				}
			}
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		sweep := func() {
			t.Helper()
			report, err := a.Sweep(ctx, app.SweepOptions{}, r.now)
			must(err)
			m.ObserveSweep(report, 200*time.Millisecond)
		}
		_, err := a.CreateProject(ctx, app.System(), app.NewProject{Name: "acme", TechEmails: []string{"team@example.com"}}, r.now)
		must(err)
		_, err = a.CreateService(ctx, app.System(), "acme", app.NewService{Name: "orders"}, r.now)
		must(err)
		for _, user := range []string{"ada", "bob"} {
			_, err := a.CreateUser(ctx, app.System(), "acme", "orders", user, r.now)
			must(err)
		}
		expect(map[string]string{
			`segue_users{state="valid"}`: "3", "segue_renewals_awaiting": "0", "segue_last_sweep_timestamp_seconds": "0", "segue_sweep_lag_seconds": "",
			`segue_certificates_ending{within_days="730"}`: "0",
		})
		r.now = r.now.AddDate(0, 0, 731)
		sweep()
		swept := r.now
		must(a.AcknowledgeRenewal(ctx, app.System(), "acme", "orders", "ada", 0, r.now))
		r.now = r.now.Add(10 * time.Minute)
		must(a.RecordDigests(ctx, r.now))
		expect(map[string]string{
			`segue_users{state="expiring"}`: "2", `segue_users{state="acknowledged"}`: "1", `segue_users{state="valid"}`: "0", "segue_renewals_awaiting": "2",
			`segue_messages{state="due"}`: "1", `segue_messages{state="kept"}`: "0", "segue_sweep_lag_seconds": "660",
			"segue_last_sweep_timestamp_seconds":            strconv.FormatFloat(float64(swept.Unix()), 'g', -1, 64),
			`segue_sweep_users_total{outcome="renewed"}`:    "3",
			"segue_sweep_duration_seconds_count":            "1",
			`segue_sweep_duration_seconds_bucket{le="0.1"}`: "0", `segue_sweep_duration_seconds_bucket{le="0.5"}`: "1",
		})
		due, err := a.DueMessages(ctx, r.now, 10)
		must(err)
		must(a.DeliverMessage(ctx, due[0], r.now))
		expect(map[string]string{`segue_messages{state="due"}`: "0", `segue_messages{state="kept"}`: "1", "segue_oldest_unsent_message_timestamp_seconds": "0"})

		must(a.NoteSweep(ctx, r.now.Add(time.Hour))) // by a clock that is ahead
		expect(map[string]string{"segue_sweep_lag_seconds": "-3540"})
	})
}

// TestMetricsAreForSome shows them to loopback, or to whoever has the token.
func TestMetricsAreForSome(t *testing.T) {
	const token = "a token of the scraper"
	for _, c := range []struct {
		token, from, shown string
		want               int
	}{
		{"", "127.0.0.1:9", "", http.StatusOK},
		{"", "[::1]:9", "", http.StatusOK},
		{"", "[::ffff:127.0.0.1]:9", "", http.StatusOK},
		{"", "192.0.2.7:9", "", http.StatusUnauthorized},
		{token, "127.0.0.1:9", "", http.StatusUnauthorized},
		{token, "192.0.2.7:9", "Bearer " + token, http.StatusOK},
		{token, "192.0.2.7:9", "Bearer " + token + "s", http.StatusUnauthorized},
	} {
		r := newRig(t)
		m := NewMetrics(MetricsConfig{
			Read: r.server.App.ReadMetrics, Now: func() time.Time { return r.now }, Log: slog.New(slog.DiscardHandler), Token: c.token,
		})
		q := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		q.RemoteAddr = c.from
		if c.shown != "" {
			q.Header.Set("Authorization", c.shown)
		}
		w := httptest.NewRecorder()
		m.ServeHTTP(w, q)
		if w.Code != c.want {
			t.Errorf("%+v: status %d", c, w.Code)
		}
	}
}
