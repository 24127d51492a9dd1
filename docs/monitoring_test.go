package docs_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"
	"time"

	"context"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/httpapi"
)

// TestAlertRules loads the rules as Prometheus does, and holds the series that
// they speak of against those that there are.
func TestAlertRules(t *testing.T) {
	text, err := os.ReadFile("monitoring/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	promql := parser.NewParser(parser.Options{})
	rules, errs := rulefmt.Parse(text, false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	n := 0
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			n++
			checkSeries(t, rule.Alert, promql, rule.Expr)
			if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%s does not say what happened and what to do", rule.Alert)
			}
		}
	}
	if n == 0 {
		t.Fatal("no rule")
	}
}

func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("monitoring/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	if len(dashboard.Panels) == 0 {
		t.Fatal("no panel")
	}
	promql := parser.NewParser(parser.Options{})
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			checkSeries(t, p.Title, promql, target.Expr)
		}
	}
}

// checkSeries parses an expression and looks for each series that it names.
func checkSeries(t *testing.T, what string, promql parser.Parser, expr string) {
	t.Helper()
	parsed, err := promql.ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	known := exported(t)
	found := 0
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok {
			found++
			if !known[v.Name] {
				t.Errorf("%s names %s, which Segue does not export", what, v.Name)
			}
		}
		return nil
	})
	if found == 0 {
		t.Errorf("%s names no series: %s", what, expr)
	}
}

var seriesName = regexp.MustCompile(`(?m)^(segue_\w+)`)

// exported are the series of a real /metrics.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	m := httpapi.NewMetrics(httpapi.MetricsConfig{
		Read: func(context.Context, time.Time) (app.Metrics, error) { return app.Metrics{LastSweep: now}, nil },
		Now:  func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	m.ObserveSweep(app.SweepReport{Renewed: 1}, time.Second)
	server := httptest.NewServer(m)
	defer server.Close()
	resp, err := http.Get(server.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %v", resp.StatusCode, err)
	}
	names := map[string]bool{}
	for _, match := range seriesName.FindAllStringSubmatch(string(text), -1) {
		names[match[1]] = true
	}
	return names
}
