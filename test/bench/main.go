// Command bench measures Segue's sweep and start on this machine and prints a
// Markdown report. Every figure of a table comes from one run of this program,
// so that ratios are measured side by side; see docs/performance.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// options of a run.
type options struct {
	segue  string
	due    int
	others []int
	runs   int
	dir    string
}

func main() {
	o := options{}
	small := flag.Bool("short", false, "a small run that shows that the benchmark itself works")
	flag.StringVar(&o.segue, "segue", "bin/segue", "the binary to measure")
	flag.IntVar(&o.runs, "runs", 3, "runs of each sweep")
	flag.Parse()
	o.due, o.others = 100_000, []int{0, 900_000}
	if *small {
		o.due, o.others, o.runs = 2_000, []int{0, 6_000}, 1
	}
	if err := bench(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, o options) (err error) {
	if o.dir, err = os.MkdirTemp("", "segue-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	if o.segue, err = filepath.Abs(o.segue); err != nil {
		return err
	}
	pg, err := startPostgres(o.dir)
	if err != nil {
		return err
	}
	defer pg.stop()
	fmt.Printf("| store | users | due | renewals/s | of the same crypto alone | peak memory | finding the first page |\n|---|---|---|---|---|---|---|\n")
	for _, database := range []database{&sqlite{dir: o.dir}, pg} {
		for _, others := range o.others {
			if err := benchSweep(ctx, o, database, others); err != nil {
				return fmt.Errorf("%s, %d users: %w", database.name(), o.due+others, err)
			}
		}
	}
	return benchStart(ctx, o)
}

// benchSweep measures `segue sweep` on fresh copies of one population.
func benchSweep(ctx context.Context, o options, d database, others int) error {
	now := time.Now()
	if err := d.prepare(ctx, o.due, others, now); err != nil {
		return err
	}
	var rates, ratios, memory, find []float64
	for range o.runs {
		crypto, err := cryptoRate(ctx, o.due/4, now)
		if err != nil {
			return err
		}
		args, err := d.copy(ctx)
		if err != nil {
			return err
		}
		found, err := findTime(ctx, d, now)
		if err != nil {
			return err
		}
		took, peak, err := runSweep(ctx, o, args)
		if err != nil {
			return err
		}
		rate := float64(o.due) / took.Seconds()
		rates, ratios = append(rates, rate), append(ratios, 100*rate/crypto)
		memory, find = append(memory, peak), append(find, found.Seconds()*1000)
	}
	fmt.Printf("| %s | %d | %d | %s | %s %% | %s MiB | %s ms |\n", d.name(), o.due+others, o.due,
		spread(rates, "%.0f"), spread(ratios, "%.0f"), spread(memory, "%.0f"), spread(find, "%.2f"))
	return d.drop(ctx)
}

// spread prints the median with the smallest and largest value.
func spread(values []float64, format string) string {
	s := slices.Sorted(slices.Values(values))
	return fmt.Sprintf(format+" ("+format+"–"+format+")", s[len(s)/2], s[0], s[len(s)-1])
}
