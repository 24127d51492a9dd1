package testenv

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// childVariable makes this test binary the process that starts a server and is killed.
const childVariable = "SEGUE_TESTENV_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
	}
	os.Exit(m.Run())
}

// child starts a server, says where and waits for its end.
func child() {
	server, err := StartPostgres(context.Background())
	if err != nil {
		os.Stdout.WriteString("error: " + err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString(server.URL + "\n")
	time.Sleep(time.Hour) // it is killed
	runtime.KeepAlive(server)
}

func TestServerEndsWithItsProcess(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := make([]byte, 1024)
	n, err := out.Read(address)
	if err != nil {
		t.Fatal(err)
	}
	server := strings.TrimSpace(string(address[:n]))
	config, err := pgx.ParseConfig(server)
	if err != nil {
		t.Fatalf("%s: %v", server, err)
	}
	if err := administer(server, "SELECT 1"); err != nil {
		t.Fatalf("the server does not answer: %v", err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(config.Host); errors.Is(err, os.ErrNotExist) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there after its process was killed", config.Host)
		}
	}
	if err := administer(server, "SELECT 1"); err == nil {
		t.Error("the server outlived the process that started it")
	}
}

func TestDatabasesAreFresh(t *testing.T) {
	first, second := Postgres(t), Postgres(t)
	if err := administer(first, "CREATE TABLE made_here (id INT)"); err != nil {
		t.Fatal(err)
	}
	if err := administer(second, "SELECT * FROM made_here"); err == nil {
		t.Error("two tests share a database")
	}
}
