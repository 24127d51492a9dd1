package e2e

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestSpecificationLint holds the specification as it is served to the strict rules
// of a linter that others use.
func TestSpecificationLint(t *testing.T) {
	t.Parallel()
	modules, err := command("./fetch-node.sh")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "node", "-e", "process.exit(+process.versions.node.split('.')[0] < 20)").CombinedOutput(); err != nil {
		t.Skipf("the linter needs Node.js 20 or newer: %v %s", err, out)
	}
	s := startSegue(t)
	file := filepath.Join(t.TempDir(), "openapi.json")
	res, err := http.Get(s.url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, os.WriteFile(file, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	lint := func(file string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, filepath.Join(modules, ".bin", "redocly"), "lint", "--extends=recommended-strict", "--format=stylish", file)
		cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true", "NODE_NO_WARNINGS=1")
		return cmd.CombinedOutput()
	}
	if out, err := lint(file); err != nil {
		t.Errorf("the specification is not clean: %v\n%s", err, out)
	}
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte(`{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/x": {"get": {}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := lint(broken); err == nil {
		t.Errorf("the linter finds nothing in a broken specification\n%s", out)
	}
}
