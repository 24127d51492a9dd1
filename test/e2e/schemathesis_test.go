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

// spared are the operations that would take away what the others work on, such as
// the token that they are called with: schemathesis learns its prefix from the list.
var spared = []string{"ProjectDelete", "ProjectUpdate", "ServiceDelete", "ServiceUserDelete", "AccessTokenRevoke"}

// How long schemathesis tries: so many requests made up for each operation, or, where
// it is set, more and more of them until the time is over.
const (
	examplesVar = "SEGUE_SCHEMATHESIS_EXAMPLES"
	secondsVar  = "SEGUE_SCHEMATHESIS_SECONDS"
)

// effort are the arguments that say how long schemathesis tries, and a bound on it.
func effort(t *testing.T) (args []string, within time.Duration) {
	t.Helper()
	number := func(name string, otherwise int) int {
		text := os.Getenv(name)
		if text == "" {
			return otherwise
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s must be a whole number above 0", name)
		}
		return n
	}
	args, within = []string{"--max-examples", strconv.Itoa(number(examplesVar, 8))}, 10*time.Minute
	if n := number(secondsVar, 0); n > 0 {
		args = append(args, "--max-time", strconv.Itoa(n))
		within += time.Duration(n) * time.Second
	}
	return args, within
}

var testedOperations = regexp.MustCompile(`(?m)^\s+Tested: (\d+)$`)

// TestSchemathesis has schemathesis try the API by its specification: no reply is a
// 5xx, has a status that the specification does not name, or another form. It makes
// requests up for each call, and chains of calls where one's reply feeds the next.
func TestSchemathesis(t *testing.T) {
	t.Parallel()
	bin, err := command("./fetch-schemathesis.sh")
	if err != nil {
		t.Fatal(err)
	}
	seen := tries(t, "schemathesis", pinned(t, pinnedClient{"schemathesis", "requirements-schemathesis.txt", `schemathesis==(\S+)`}))
	seen.ran("run /openapi.json")
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
		"--phases", "coverage,fuzzing,stateful", "--continue-on-failure", "--warnings", "off", "--no-color"}
	long, within := effort(t)
	args = append(args, long...)
	for _, id := range spared {
		args = append(args, "--exclude-operation-id", id)
	}
	ctx, cancel := context.WithTimeout(t.Context(), within)
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
	client, err := api.New(s.url, token.FullToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Me(t.Context()); err != nil {
		t.Errorf("schemathesis lost its token on the way, and tried little after that: %v", err)
	}
	s.doctor(t)
}
