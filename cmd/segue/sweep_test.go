package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/testenv"
)

// TestSweepAfterAClockThatWasAhead has somebody sweep by a clock two days ahead.
func TestSweepAfterAClockThatWasAhead(t *testing.T) {
	test := func(t *testing.T, url string) {
		o := storeOptions{dir: t.TempDir(), databaseURL: url}
		args := []string{"--dir", o.dir}
		if url != "" {
			args = append(args, "--database-url", url)
		}
		command := func(name string, more ...string) (code int, said string) {
			var errOut strings.Builder
			code = run(t.Context(), append(append([]string{name}, args...), more...), &errOut)
			return code, errOut.String()
		}
		in, err := openInstance(t.Context(), o, true, quietly())
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if err := in.checkClock(t.Context(), now); err != nil {
			t.Error(err)
		}
		if err := in.checkClock(t.Context(), now.Add(6*time.Minute)); err == nil || !strings.Contains(err.Error(), "differ by more than 5 minutes") {
			t.Errorf("six minutes from the database's clock: %v", err)
		}
		if err := in.app.NoteSweep(context.Background(), now.Add(48*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := in.close(); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"sweep", "doctor"} {
			code, said := command(name)
			if code != exitFailed {
				t.Errorf("segue %s ended with %d: %s", name, code, said)
			}
			if name == "sweep" && !strings.Contains(said, "run `segue sweep --accept-clock`") {
				t.Errorf("segue sweep names no remedy: %s", said)
			}
		}
		if code, said := command("sweep", "--accept-clock", "--dry-run"); code != exitUsage {
			t.Errorf("with --dry-run it ended with %d: %s", code, said)
		}
		for _, more := range [][]string{{"--accept-clock"}, {"--accept-clock"}, nil} {
			if code, said := command("sweep", more...); code != 0 {
				t.Errorf("segue sweep %v ended with %d: %s", more, code, said)
			}
		}
		if code, said := command("doctor"); code != 0 {
			t.Errorf("segue doctor ended with %d: %s", code, said)
		}
	}
	t.Run("sqlite", func(t *testing.T) { test(t, "") })
	t.Run("postgres", func(t *testing.T) { test(t, testenv.Postgres(t)) })
}
