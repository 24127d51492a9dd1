package main

import (
	"strings"
	"testing"
	"time"
)

// At a terminal a new password is asked for twice, and changed where both are the same.
func TestNewPasswordIsAskedTwice(t *testing.T) {
	dir := t.TempDir()
	in, err := openInstance(t.Context(), storeOptions{dir: dir}, true, quietly())
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	if _, err := in.app.FirstAdministrator(t.Context(), adminOfTests, passwordOfTests, time.Now()); err != nil {
		t.Fatal(err)
	}
	const next = "another horse battery"
	try := func(second string) (int, string) {
		t.Helper()
		a := startAsking(t, "New password: ", "user", "set-password", adminOfTests, "--dir", dir)
		a.types(t, next)
		a.asks(t, "The same again: ")
		a.types(t, second)
		return a.end(t)
	}
	signsIn := func(password string) bool {
		t.Helper()
		_, _, err := in.app.SignIn(t.Context(), adminOfTests, password, "127.0.0.1", "test", time.Now())
		return err == nil
	}
	if code, said := try("something else"); code != exitFailed || !strings.Contains(said, "the two passwords differ") || !signsIn(passwordOfTests) {
		t.Errorf("two different ones: exit code %d, %s", code, said)
	}
	if code, said := try(next); code != 0 || strings.Contains(said, next) || signsIn(passwordOfTests) || !signsIn(next) {
		t.Errorf("exit code %d, %s", code, said)
	}
}
