package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
)

// terraformStep is one act in the life of an existing configuration at a Segue.
type terraformStep struct {
	name string
	// before happens at the server, behind Terraform's back.
	before func(t *testing.T, s *segue)
	run    func(t *testing.T, tf *terraform)
}

// terraformLife applies a configuration of somebody on managed Kafka, changes it
// and takes it away again. TestTerraform lives it with the real programs;
// TestTerraformReplay sends what these sent.
var terraformLife = []terraformStep{
	{name: "apply", run: func(t *testing.T, tf *terraform) {
		tf.run(t, "apply -auto-approve")
		tf.planChanges(t)
	}},
	{name: "reset", before: resetCheckout, run: func(t *testing.T, tf *terraform) { tf.planChanges(t) }},
	{name: "renewal", before: renewCheckout, run: func(t *testing.T, tf *terraform) {
		tf.planChanges(t)
		tf.run(t, "apply -auto-approve") // takes over what changed at the server
		tf.showsPair(t)
	}},
	{name: "changes", run: func(t *testing.T, tf *terraform) {
		tf.variables = []string{"TF_VAR_billing_password=another password of theirs", "TF_VAR_auto_create_topics=true"}
		tf.planChanges(t, "aiven_kafka.orders", "aiven_kafka_user.billing")
		tf.run(t, "apply -auto-approve")
		tf.planChanges(t)
	}},
	{name: "protected", run: func(t *testing.T, tf *terraform) {
		if out := tf.fails(t, "destroy -auto-approve"); !strings.Contains(out, "termination protection") {
			t.Errorf("destroying a protected service printed\n%s", out)
		}
	}},
	{name: "destroy", run: func(t *testing.T, tf *terraform) {
		tf.variables = append(tf.variables, "TF_VAR_protected=false")
		tf.run(t, "apply -auto-approve")
		tf.run(t, "destroy -auto-approve")
	}},
}

// resetCheckout gives checkout a pair of minutes by a reset.
func resetCheckout(t *testing.T, s *segue) {
	t.Helper()
	s.setPolicy(t, "shop", "orders", "10m", "1m")
	if _, err := s.api.ResetCredentials(t.Context(), "shop", "orders", "checkout"); err != nil {
		t.Fatal(err)
	}
}

// renewCheckout makes that pair due; the sweep renews it.
func renewCheckout(t *testing.T, s *segue) {
	t.Helper()
	s.setPolicy(t, "shop", "orders", "820d", "90d")
	s.awaitGeneration(t, "shop", "orders", "checkout", 3, 30*time.Second)
}

const billingPassword = "TF_VAR_billing_password=a password of their own"

// terraform is Terraform or OpenTofu with the provider of Aiven, at a Segue.
type terraform struct {
	bin       string
	dir       string
	env       []string
	variables []string // TF_VAR_…, of the newest run
	seen      *trial
	segue     *segue
}

// TestTerraformPage holds the configuration on docs/terraform.md to the one that is applied.
func TestTerraformPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/terraform.md")
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("terraform/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "```hcl\n")
	if shown, _, _ = strings.Cut(shown, "```"); shown == "" || !strings.Contains(string(config), shown) {
		t.Error("docs/terraform.md shows another configuration than terraform/main.tf")
	}
}

// startTerraform lays the configuration out; proxy is where the provider goes.
func startTerraform(t *testing.T, s *segue, bin, provider, proxy string) *terraform {
	t.Helper()
	token, err := s.api.CreateAccessToken(t.Context(), api.AccessTokenCreate{Description: "Terraform"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copyFile(t, filepath.Join(dir, "main.tf"), "terraform/main.tf")
	settings := filepath.Join(t.TempDir(), "settings.tfrc")
	text := `provider_installation {
  dev_overrides { "aiven/aiven" = "` + filepath.Dir(provider) + `" }
}
`
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &terraform{bin: bin, dir: dir, segue: s, variables: []string{billingPassword}, env: []string{
		"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "TF_CLI_CONFIG_FILE=" + settings, "CHECKPOINT_DISABLE=1",
		"TF_IN_AUTOMATION=1", "AIVEN_WEB_URL=" + proxy, "AIVEN_TOKEN=" + token.FullToken,
	}}
}

func (tf *terraform) command(ctx context.Context, line string) *exec.Cmd {
	words := strings.Fields(line)
	if words[0] != "version" {
		tf.seen.ran(words[0])
	}
	cmd := exec.CommandContext(ctx, tf.bin, words...)
	cmd.Dir, cmd.Env = tf.dir, append(slices.Clone(tf.env), tf.variables...)
	return cmd
}

// terraformWithin bounds one run: the provider waits ten seconds before it looks,
// and wants to see some things five times.
const terraformWithin = 4 * time.Minute

func (tf *terraform) run(t *testing.T, line string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), terraformWithin)
	defer cancel()
	var stderr bytes.Buffer
	// One after another, so that what it sends has one order.
	cmd := tf.command(ctx, strings.Replace(line, "-auto-approve", "-auto-approve -no-color -parallelism=1", 1))
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", tf.bin, line, err, out, stderr.Bytes())
	}
	return out
}

func (tf *terraform) fails(t *testing.T, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), terraformWithin)
	defer cancel()
	out, err := tf.command(ctx, strings.Replace(line, "-auto-approve", "-auto-approve -no-color -parallelism=1", 1)).CombinedOutput()
	if err == nil {
		t.Fatalf("%s %s must fail:\n%s", tf.bin, line, out)
	}
	return string(out)
}

// planChanges checks what a plan would change, by the addresses of resources.
func (tf *terraform) planChanges(t *testing.T, want ...string) {
	t.Helper()
	tf.run(t, "plan -no-color -input=false -parallelism=1 -out=plan")
	var plan struct {
		ResourceChanges []struct {
			Address string
			Mode    string
			Change  struct{ Actions []string }
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal(tf.run(t, "show -json plan"), &plan); err != nil {
		t.Fatal(err)
	}
	var changes []string
	for _, c := range plan.ResourceChanges {
		if c.Mode == "managed" && !slices.Equal(c.Change.Actions, []string{"no-op"}) {
			changes = append(changes, c.Address)
		}
	}
	if len(plan.ResourceChanges) == 0 || !slices.Equal(changes, want) {
		t.Errorf("the plan would change %v, want %v", changes, want)
	}
}

// showsPair holds the outputs to the pair that the server gives out now.
func (tf *terraform) showsPair(t *testing.T) {
	t.Helper()
	var outputs map[string]struct{ Value string }
	if err := json.Unmarshal(tf.run(t, "output -json"), &outputs); err != nil {
		t.Fatal(err)
	}
	u := tf.segue.user(t, "shop", "orders", "checkout")
	if outputs["access_cert"].Value != *u.AccessCert || outputs["access_key"].Value != *u.AccessKey || outputs["ca_cert"].Value == "" {
		t.Error("the outputs are not the pair of the newest renewal")
	}
}

// TestTerraform lives the life with Terraform or OpenTofu and Aiven's provider,
// where their programs are given: they cannot be had with the ordinary means of
// this project. With -update it keeps what the provider sent, for TestTerraformReplay.
func TestTerraform(t *testing.T) {
	t.Parallel()
	bin, provider := os.Getenv("SEGUE_TERRAFORM"), os.Getenv("SEGUE_TERRAFORM_PROVIDER")
	if bin == "" || provider == "" {
		t.Skip("set SEGUE_TERRAFORM to terraform or tofu, and SEGUE_TERRAFORM_PROVIDER to terraform-provider-aiven")
	}
	s := startSegue(t)
	proxy := startRecorder(t, s.url)
	tf := startTerraform(t, s, bin, provider, proxy.url)
	tf.seen = tries(t, "Terraform provider aiven/aiven", "")
	tf.seen.About = "Run where its programs are given, as [Terraform](terraform.md) says; what it sent is sent again in every run of the tests"
	for _, step := range terraformLife {
		if step.before != nil {
			step.before(t, s)
		}
		step.run(t, tf)
		if t.Failed() {
			return
		}
		conversation, agent := proxy.take(t)
		if *update { // from one run to the next its order differs
			kept(t, filepath.Join(conversations, step.name+".jsonl"), conversation)
		}
		if named := providerVersion.FindStringSubmatch(agent); named != nil {
			tf.seen.Version = named[1]
		}
	}
	tf.seen.Version += " with " + tf.version(t)
	s.doctor(t)
}

var providerVersion = regexp.MustCompile(`terraform-provider-aiven/(?:\S+/)?(\S+)`)

// version is the name and version of the program.
func (tf *terraform) version(t *testing.T) string {
	t.Helper()
	name, _, _ := strings.Cut(string(tf.run(t, "version")), "\n")
	return strings.TrimSpace(name)
}
