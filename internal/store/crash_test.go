package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store"
)

// The environment of this test binary where it is the process that is killed.
const (
	victimDir = "SEGUE_STORE_TEST_VICTIM_DIR"
	victimURL = "SEGUE_STORE_TEST_VICTIM_URL"
)

func TestMain(m *testing.M) {
	if os.Getenv(victimDir) != "" || os.Getenv(victimURL) != "" {
		if err := victim(); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// victim commits one project, says so, puts half a transaction into the store
// and waits in it to be killed.
func victim() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := store.Open(ctx, store.Options{Dir: os.Getenv(victimDir), DatabaseURL: os.Getenv(victimURL)})
	if err != nil {
		return err
	}
	err = s.Write(ctx, func(tx app.Tx) error {
		return tx.InsertProject(ctx, app.Project{ID: 1, Name: "committed", FirstName: "committed"})
	})
	if err != nil {
		return err
	}
	return s.Write(ctx, func(tx app.Tx) error {
		if err := tx.InsertProject(ctx, app.Project{ID: 2, Name: "lost", FirstName: "lost"}); err != nil {
			return err
		}
		if _, err := tx.LockAuditHead(ctx, 0); err != nil {
			return err
		}
		fmt.Println("in the middle")
		time.Sleep(time.Minute)
		return nil
	})
}

// TestKilledInTheMiddle kills a process in a transaction: what it committed is
// there, the rest is not, and nothing that it held keeps others waiting.
func TestKilledInTheMiddle(t *testing.T) {
	onBoth(t, func(t *testing.T, o store.Options) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), victimDir+"="+o.Dir, victimURL+"="+o.DatabaseURL)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if line != "in the middle\n" {
			t.Errorf("the victim said %q, %v", line, err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed

		s := open(t, o)
		begin := time.Now()
		appendEntries(t, s, 1)
		if waited := time.Since(begin); waited > 5*time.Second {
			t.Errorf("a dead writer kept others waiting for %v", waited)
		}
		projects, err := s.InspectProjects(t.Context(), 0, 10)
		if err != nil || len(projects) != 1 || projects[0].Name != "committed" {
			t.Errorf("projects %+v, %v; want the committed one alone", projects, err)
		}
		if n := wholeLog(t, s); n != 1 {
			t.Errorf("a log of %d entries, want 1", n)
		}
	})
}
