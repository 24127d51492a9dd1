package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// runSweep runs `segue sweep` as its users do and returns its whole time, start
// included, and its peak memory in MiB.
func runSweep(ctx context.Context, o options, args []string) (time.Duration, float64, error) {
	cmd := exec.CommandContext(ctx, o.segue, append([]string{"sweep"}, args...)...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("segue sweep: %w: %s", err, errOut.String())
	}
	took := time.Since(start)
	if want := fmt.Sprintf("%d due: %d renewed,", o.due, o.due); !strings.Contains(out.String(), want) {
		return 0, 0, fmt.Errorf("segue sweep did not renew all: %s", out.String())
	}
	return took, float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024, nil
}

// cryptoRate is how many renewals a second the same work without a store makes:
// key, certificate, its check, sealing and the audit entry's MAC, on all cores.
func cryptoRate(ctx context.Context, n int, now time.Time) (float64, error) {
	custody, err := memoryCustody(ctx)
	if err != nil {
		return 0, err
	}
	cert, key, err := pki.NewAuthority(pki.AuthoritySubject{Project: benchProject}, now.Add(-app.CABackdate).Truncate(time.Second), now.AddDate(app.CAYears, 0, 0).Truncate(time.Second))
	if err != nil {
		return 0, err
	}
	by, err := pki.LoadAuthority(cert, key)
	if err != nil {
		return 0, err
	}
	workers := runtime.GOMAXPROCS(0)
	errs := make(chan error, workers)
	var wg sync.WaitGroup
	start := time.Now()
	for range workers {
		wg.Go(func() { errs <- issueMany(ctx, by, custody, n/workers, now) })
	}
	wg.Wait()
	took := time.Since(start)
	for range workers {
		if err := <-errs; err != nil {
			return 0, err
		}
	}
	return float64(n/workers*workers) / took.Seconds(), nil
}

func issueMany(ctx context.Context, by *pki.Authority, custody app.Custody, n int, now time.Time) error {
	profile := pki.ClientProfile{
		Project: benchProject, Service: benchService, User: "user-0000001",
		NotBefore: now.Add(-lifecycle.Backdate).Truncate(time.Second),
		NotAfter:  now.Add(lifecycle.DefaultPolicy().Validity).Truncate(time.Second),
	}
	entry := make([]byte, 250) // as long as an audit entry's input
	for range n {
		leaf, err := by.IssueClient(profile)
		if err != nil {
			return err
		}
		if _, err := custody.Seal(ctx, app.SealUserKey, 1, 1, pki.SerialHex(leaf.Serial), leaf.Key); err != nil {
			return err
		}
		if _, err := custody.MAC(ctx, entry); err != nil {
			return err
		}
	}
	return nil
}

// benchStart measures how long `segue serve` takes to its first answer on an
// existing store, and its memory at rest.
func benchStart(ctx context.Context, o options) error {
	dir := filepath.Join(o.dir, "start")
	var times, memory []float64
	for i := range max(o.runs, 2) * 3 {
		took, rss, err := startOnce(ctx, o, dir)
		if err != nil {
			return err
		}
		if i > 0 { // the first makes the store
			times, memory = append(times, took.Seconds()*1000), append(memory, rss)
		}
	}
	fmt.Printf("\nStart to first answer on an existing store: %s ms. Memory at rest: %s MiB.\n",
		spread(times, "%.0f"), spread(memory, "%.0f"))
	return nil
}

func startOnce(ctx context.Context, o options, dir string) (took time.Duration, rss float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, o.segue, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "SEGUE_ADMIN_EMAIL=bench@example.com", "SEGUE_ADMIN_PASSWORD=bench-password")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			if err = firstAnswer(ctx, url+"/readyz"); err == nil {
				took = time.Since(start)
			}
			break
		}
	}
	time.Sleep(2 * time.Second) // let it come to rest before its memory is read
	rss = residentMiB(cmd.Process.Pid)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if waitErr := cmd.Wait(); err == nil {
		err = waitErr
	}
	return took, rss, err
}

// residentMiB reads a process's resident memory from the kernel.
func residentMiB(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}
