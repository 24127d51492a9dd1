package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
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

// way is how segue comes to sweep: by the command, or by itself in serve.
type way struct {
	name   string
	start  func(t *testing.T, in instance) *process
	finish func(t *testing.T, in instance, users int)
}

var ways = []way{
	{"sweep",
		func(t *testing.T, in instance) *process { return in.start(t, "sweep") },
		func(t *testing.T, in instance, _ int) { in.start(t, "sweep").await(t) },
	},
	{"serve", serve, func(t *testing.T, in instance, users int) {
		p := serve(t, in)
		in.awaitRenewed(t, p, users)
		p.terminate(t)
	}},
}

func serve(t *testing.T, in instance) *process {
	t.Helper()
	return in.start(t, "serve", "--listen", "127.0.0.1:0", "--tick", "1s", "--log-level", "warn")
}

// awaitRenewed returns when all are renewed and segue runs still.
func (in instance) awaitRenewed(t *testing.T, p *process, users int) {
	t.Helper()
	o := in.open(t)
	defer o.close(t)
	for deadline := time.Now().Add(patience); ; {
		n := o.renewed(t)
		if n == users {
			return
		}
		select {
		case <-p.done:
			t.Fatalf("serve ended with %v:\n%s", p.err, p.out.Bytes())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.kill()
			t.Fatalf("after %s %d of %d are renewed:\n%s", patience, n, users, p.out.Bytes())
		}
	}
}

// TestCrash kills sweeps at random points of their real duration.
func TestCrash(t *testing.T) {
	for _, database := range []struct {
		name string
		url  func(t *testing.T) string
	}{
		{"sqlite", func(*testing.T) string { return "" }},
		{"postgres", func(t *testing.T) string { return testenv.Postgres(t) }},
	} {
		t.Run(database.name, func(t *testing.T) {
			from := newTemplate(t, database.url(t), 300, 100)
			for i, w := range ways {
				t.Run(w.name, func(t *testing.T) { crashes(t, from, w, (points(t)+i)/len(ways)) })
			}
		})
	}
}

// crashes kills n times, in strata of the duration, so that few points spread too.
func crashes(t *testing.T, from template, w way, n int) {
	whole := from.copy(t)
	began := time.Now()
	w.finish(t, whole, from.users)
	duration := time.Since(began)
	whole.check(t, from.users)
	for i := range n {
		after := time.Duration((float64(i) + rand.Float64()) / float64(n) * float64(duration))
		t.Run(fmt.Sprintf("after %s of %s", after.Round(time.Millisecond), duration.Round(time.Millisecond)), func(t *testing.T) {
			in := from.copy(t)
			p := w.start(t, in)
			time.Sleep(after)
			p.kill()
			t.Logf("%d of %d were renewed when it was killed", in.look(t), from.users)
			w.finish(t, in, from.users)
			in.check(t, from.users)
		})
	}
}

// look demands that a killed process left nothing half-done, before anything has
// had a chance to mend it.
func (in instance) look(t *testing.T) (renewed int) {
	t.Helper()
	o := in.open(t)
	defer o.close(t)
	o.sound(t, "after the kill")
	return o.renewed(t)
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

// TestCrashlessReplicas lets three processes sweep one PostgreSQL at once: each
// user is renewed by exactly one of them.
func TestCrashlessReplicas(t *testing.T) {
	from := newTemplate(t, testenv.Postgres(t), 998, 0)
	in := from.copy(t)
	replicas := make([]*process, 3)
	for i := range replicas {
		replicas[i] = serve(t, in)
	}
	in.awaitRenewed(t, replicas[0], from.users)
	time.Sleep(2 * time.Second) // two ticks more, with nothing left to do
	for _, p := range replicas {
		p.terminate(t)
	}
	in.check(t, from.users)
}
