package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/testenv"
)

// points is at how many moments each database's sweep is killed.
func points(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SEGUE_CRASH_POINTS")
	if text == "" {
		return 4
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatal("SEGUE_CRASH_POINTS must be a number, 1 or more")
	}
	return n
}

// onBoth runs a test on each database; url is empty for SQLite.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, testenv.Postgres(t))
	})
}

// TestCrash kills three in four by the command, one in four in serve.
func TestCrash(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		from := newTemplate(t, url, 300, 100, time.Now().Add(-time.Hour))
		served := (points(t) + 2) / 4
		t.Run("sweep", func(t *testing.T) { crashSweep(t, from, points(t)-served) })
		t.Run("serve", func(t *testing.T) { crashServe(t, from, served) })
	})
}

// crashSweep kills `segue sweep` n times at random points of its duration, which
// it measures first; one in each n-th part of it, so that few points spread too.
func crashSweep(t *testing.T, from template, n int) {
	in := from.copy(t)
	began := time.Now()
	in.start(t, "sweep").await(t)
	whole := time.Since(began)
	in.check(t, from.users)
	for i := range n {
		after := time.Duration(inPart(i, n) * float64(whole))
		t.Run(fmt.Sprintf("after %s of %s", after.Round(time.Millisecond), whole.Round(time.Millisecond)), func(t *testing.T) {
			in := from.copy(t)
			p := in.start(t, "sweep")
			time.Sleep(after)
			p.kill()
			in.look(t, from.users)
			in.start(t, "sweep").await(t)
			in.check(t, from.users)
		})
	}
}

// crashServe kills `segue serve` n times, each when a random number of users is
// renewed and a few milliseconds have passed: most of its time it waits, and
// random moments would seldom meet a sweep.
func crashServe(t *testing.T, from template, n int) {
	for i := range n {
		k := int(inPart(i, n) * float64(from.users))
		t.Run(fmt.Sprintf("at %d of %d", k, from.users), func(t *testing.T) {
			in := from.copy(t)
			p := in.serve(t)
			in.awaitRenewed(t, k, p)
			time.Sleep(rand.N(20 * time.Millisecond))
			p.kill()
			in.look(t, from.users)
			p = in.serve(t)
			in.awaitRenewed(t, from.users, p)
			p.terminate(t)
			in.check(t, from.users)
		})
	}
}

// inPart is a random number in the i-th of n equal parts of [0, 1).
func inPart(i, n int) float64 { return (float64(i) + rand.Float64()) / float64(n) }

func (in instance) serve(t *testing.T, more ...string) *process {
	t.Helper()
	return in.start(t, "serve", append([]string{"--listen", "127.0.0.1:0", "--tick", "1s", "--log-level", "info"}, more...)...)
}

// awaitRenewed returns when n users are renewed, and every process listens and runs still.
func (in instance) awaitRenewed(t *testing.T, n int, processes ...*process) {
	t.Helper()
	o := in.open(t)
	defer o.close(t)
	listen := func(p *process) bool { return strings.Contains(p.out.String(), "listening on") }
	for deadline := time.Now().Add(patience); o.progress(t) < n || !all(processes, listen); time.Sleep(2 * time.Millisecond) {
		for _, p := range processes {
			select {
			case <-p.done:
				t.Fatalf("serve ended with %v:\n%s", p.err, p.out.String())
			default:
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s not even %d users are renewed", patience, n)
		}
	}
}

func all(processes []*process, is func(*process) bool) bool {
	return !slices.ContainsFunc(processes, func(p *process) bool { return !is(p) })
}

// look demands that a killed process left nothing half-done, before anything has
// had a chance to mend it.
func (in instance) look(t *testing.T, users int) {
	t.Helper()
	o := in.open(t)
	defer o.close(t)
	o.sound(t, "after the kill")
	t.Logf("%d of %d were renewed when it was killed", o.renewed(t), users)
}

// check demands that everybody was renewed once and doctor is content.
func (in instance) check(t *testing.T, users int) {
	t.Helper()
	o := in.open(t)
	defer o.close(t)
	o.renewedOnce(t, users)
	o.sound(t, "in the end")
	in.start(t, "doctor").await(t)
}

// TestSweepsAtOnce runs three commands on one store: where two of them renewed
// the same user, one finds that it was too late and leaves no trace.
func TestSweepsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		from := newTemplate(t, url, 300, 100, time.Now().Add(-time.Hour))
		var processes []*process
		for range 3 {
			processes = append(processes, from.start(t, "sweep"))
		}
		renewed := 0
		for _, p := range processes {
			p.await(t)
			renewed += number(t, p, `(\d+) renewed`)
		}
		if renewed != from.users {
			t.Errorf("three sweeps together say that they renewed %d users of %d", renewed, from.users)
		}
		from.check(t, from.users)
	})
}

// number adds up what a pattern finds in what an ended process printed.
func number(t *testing.T, p *process, pattern string) (sum int) {
	t.Helper()
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(p.out.String(), -1) {
		n, err := strconv.Atoi(match[1])
		must(t, err)
		sum += n
	}
	return sum
}

// TestReplicas lets three processes serve one PostgreSQL on which 1,000 users
// become due at the same moment: each is renewed by exactly one of them, and of
// each renewal and digest people hear once.
func TestReplicas(t *testing.T) {
	due := time.Now().Add(15 * time.Second)
	in := newTemplate(t, testenv.Postgres(t), 799, 199, due)
	out := newOutside(t)
	in.tell(t, out)
	var replicas []*process
	for range 3 {
		replicas = append(replicas, in.serve(t, out.flags()...))
	}
	slow := time.Now().After(due) // then the first one may have done all the work
	in.awaitRenewed(t, in.users, replicas...)
	in.awaitSent(t, replicas...)
	time.Sleep(quietFor(t)) // ticks more, with nothing left to do
	sum, busy := 0, 0
	for _, p := range replicas {
		p.terminate(t)
		n := number(t, p, ` renewed=(\d+)`)
		t.Logf("one replica renewed %d", n)
		if sum += n; n > 0 {
			busy++
		}
	}
	if sum != in.users || busy < 2 && !slow {
		t.Errorf("%d replicas renewed %d users of %d", busy, sum, in.users)
	}
	out.heardOnce(t, in.messages(t), in.users)
	in.check(t, in.users)
}

// quietFor is how long replicas go on with nothing left to do: two ticks, or two
// minutes where many points are asked for.
func quietFor(t *testing.T) time.Duration {
	t.Helper()
	if points(t) > 20 {
		return 2 * time.Minute
	}
	return 2 * time.Second
}
