package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
)

// schemathesisPaths names what there is, so that requests come further than 404.
const schemathesisPaths = `[parameters]
"path.project" = "demo"
"path.service" = "main"
"path.user" = "alice"
"path.generation" = 1
"path.type" = "kafka"
`

// spared are the operations that would take away what the others work on.
var spared = []string{"ProjectDelete", "ProjectUpdate", "ServiceDelete", "ServiceUserDelete"}

var testedOperations = regexp.MustCompile(`(?m)^\s+Tested: (\d+)$`)

// TestSchemathesis has schemathesis try the API by its specification: no reply is a
// 5xx, has a status that the specification does not name, or another form.
func TestSchemathesis(t *testing.T) {
	t.Parallel()
	bin, err := command("./fetch-schemathesis.sh")
	if err != nil {
		t.Fatal(err)
	}
	s := startSegue(t)
	s.createProject(t, "demo", "", "")
	s.run(t, "service create main --project demo -c bootstrap_servers=127.0.0.1:9092")
	s.run(t, "service user-create main --project demo --username alice")
	token, err := s.api.CreateAccessToken(t.Context(), api.AccessTokenCreate{Description: "schemathesis"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "schemathesis.toml")
	if err := os.WriteFile(config, []byte(schemathesisPaths), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--config-file", config, "run", s.url + "/openapi.json", "-H", "Authorization: Bearer " + token.FullToken,
		"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance," +
			"allow_header_conformance,ignored_auth,unsupported_method",
		"--phases", "coverage,fuzzing", "--max-examples", "8", "--continue-on-failure", "--warnings", "off", "--no-color"}
	for _, id := range spared {
		args = append(args, "--exclude-operation-id", id)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Dir, cmd.Env = dir, s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("schemathesis: %v\n%s", err, out)
	}
	tested := testedOperations.FindSubmatch(out)
	if tested == nil {
		t.Fatalf("schemathesis does not say what it tested:\n%s", out)
	}
	if n, _ := strconv.Atoi(string(tested[1])); n < 60 {
		t.Errorf("schemathesis tested %d operations:\n%s", n, out)
	}
	s.doctor(t)
}
