package kafka

import (
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/pki"
	"github.com/segue-project/segue/internal/properties/propertiestest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// kits are the requests whose files lie in testdata.
func kits(t testing.TB) map[string]app.KitMaterial {
	three := material(t, "prod-1", "orders.prod", []string{"kafka-1.example:9095", "kafka-2.example:9096", "bootstrap.example:9095"},
		app.KitBroker{ID: 2, Host: "10.0.0.2", Alt: []string{"kafka-2.example"}},
		app.KitBroker{ID: 10, Host: "2001:db8::3", Alt: []string{"bootstrap.example"}},
		app.KitBroker{ID: 1, Host: "kafka-1.example"},
	)
	three.ReplPort, three.ControllerPort = 19093, 19094
	sasl := material(t, "demo", "main", []string{"kafka-1.example:9093"}, app.KitBroker{ID: 1, Host: "kafka-1.example"})
	sasl.SASL = []string{"kafka-1.example:9096"}
	return map[string]app.KitMaterial{
		"three": three, "sasl": sasl,
		"one": material(t, "demo", "main", []string{"127.0.0.1:19092"}, app.KitBroker{ID: 1, Host: "127.0.0.1", Alt: []string{"localhost"}}),
		"unnamed": material(t, "demo", "main", []string{"lb.example:9092", "lb2.example:9092"},
			app.KitBroker{ID: 0, Host: "kafka-0.example"}),
	}
}

func render(t testing.TB, m app.KitMaterial) map[string]app.KitFile {
	t.Helper()
	files, err := Kit{}.Render(m)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]app.KitFile{}
	for _, f := range files {
		if _, twice := out[f.Path]; twice || filepath.IsAbs(f.Path) || !filepath.IsLocal(f.Path) {
			t.Fatalf("path %q is there twice or leads out of the kit", f.Path)
		}
		out[f.Path] = f
	}
	return out
}

func TestRenderMatchesGoldenFiles(t *testing.T) {
	for name, m := range kits(t) {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("testdata", name)
			if *update {
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
			}
			rendered := render(t, m)
			for path, f := range rendered {
				if !strings.HasSuffix(path, ".pem") {
					compareGolden(t, filepath.Join(dir, path), f.Data)
				}
			}
			err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					rel, _ := filepath.Rel(dir, path)
					if _, ok := rendered[filepath.ToSlash(rel)]; !ok {
						t.Errorf("the kit no longer holds %s", rel)
					}
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, got, 0o644)); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; go test -update shows how:\n%s", path, got)
	}
}

func TestRenderIsDeterministic(t *testing.T) {
	for name, m := range kits(t) {
		first, second := render(t, m), render(t, m)
		if len(first) != len(second) {
			t.Errorf("%s: %d files, then %d", name, len(first), len(second))
		}
		for path, f := range first {
			if !bytes.Equal(f.Data, second[path].Data) {
				t.Errorf("%s: %s differs from one rendering to the next", name, path)
			}
		}
	}
}

func TestRenderMarksPrivateKeys(t *testing.T) {
	for name, m := range kits(t) {
		for path, f := range render(t, m) {
			if hasKey := bytes.Contains(f.Data, []byte("PRIVATE KEY")); hasKey != f.Secret {
				t.Errorf("%s: %s: secret is %v, holds a private key is %v", name, path, f.Secret, hasKey)
			}
		}
	}
}

func TestRenderKeystoresAndTruststores(t *testing.T) {
	m := kits(t)["three"]
	files := render(t, m)
	pairs := map[string]app.KitLeaf{"admin/admin.pem": m.Admin}
	trust := map[string][]byte{"admin/truststore.pem": m.ClusterCAPEM}
	for i, dir := range []string{"broker-2/", "broker-10/", "broker-1/"} {
		pairs[dir+"client-keystore.pem"] = m.Brokers[i].ClientListener
		pairs[dir+"cluster-keystore.pem"] = m.Brokers[i].Cluster
		trust[dir+"client-truststore.pem"] = m.ProjectCAPEM
		trust[dir+"cluster-truststore.pem"] = m.ClusterCAPEM
	}
	for path, leaf := range pairs {
		got, err := tls.X509KeyPair(files[path].Data, files[path].Data)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		want, _ := tls.X509KeyPair(leaf.CertPEM, leaf.KeyPEM)
		if !got.Leaf.Equal(want.Leaf) {
			t.Errorf("%s holds somebody else's certificate", path)
		}
	}
	for path, want := range trust {
		if !bytes.Equal(bytes.TrimSpace(files[path].Data), bytes.TrimSpace(want)) {
			t.Errorf("%s trusts another authority", path)
		}
	}
}

// TestRenderedRules reads the rules back from the file as Java and Kafka do.
func TestRenderedRules(t *testing.T) {
	got := propertiestest.Parse(t, string(render(t, kits(t)["three"])["broker-10/server.properties"].Data))
	for key, wants := range map[string]map[string]string{
		"listener.name.client.ssl.principal.mapping.rules": {
			subject("alice", "orders.prod", "prod-1"):            "alice",
			subject("alice", "orders-prod", "prod-1"):            "nobody",
			subject("alice", "orders.prod", "prod.1"):            "nobody",
			subject("kafka-1.example", "@brokers", "prod-1"):     "nobody",
			subject("kafka-1.example", "orders.prod", "prod-1"):  "kafka-1.example",
			subject("alice", "orders.prod,O=prod-1,OU=", "evil"): "nobody",
		},
		"listener.name.repl.ssl.principal.mapping.rules": {
			subject("kafka-1.example", "@brokers", "prod-1"): "@broker",
			subject("segue-admin", "@admin", "prod-1"):       "@admin",
			subject("alice", "orders.prod", "prod-1"):        "nobody",
		},
	} {
		for dn, want := range wants {
			if principal := kafkaMap(t, got[key], dn); principal != want {
				t.Errorf("%s: %q became %q, want %q", key, dn, principal, want)
			}
		}
	}
	if got["listener.name.controller.ssl.principal.mapping.rules"] != got["listener.name.repl.ssl.principal.mapping.rules"] {
		t.Error("CONTROLLER and REPL map differently")
	}
}

// TestAddClientListenerHasTheKitsLines keeps the page for clusters that run
// already from drifting away from what a kit sets.
func TestAddClientListenerHasTheKitsLines(t *testing.T) {
	files := render(t, kits(t)["three"])
	page := string(files["ADD-CLIENT-LISTENER.md"].Data)
	for line := range strings.Lines(string(files["broker-1/server.properties"].Data)) {
		if !strings.HasPrefix(line, "listener.name.client.") && !strings.HasPrefix(line, "listener.name.repl.") {
			continue
		}
		for _, file := range []string{clientKeystore, clientTruststore, clusterKeystore, clusterTruststore} {
			line = strings.Replace(line, "="+file, "=/etc/kafka/segue/"+file, 1)
		}
		if !strings.Contains(page, line) {
			t.Errorf("the page lacks %s", line)
		}
	}
}

func TestRenderRefusesRequests(t *testing.T) {
	good := func() app.KitMaterial {
		return material(t, "demo", "main", []string{"kafka-1:9092"}, app.KitBroker{ID: 1, Host: "kafka-1"}, app.KitBroker{ID: 2, Host: "kafka-2"})
	}
	render(t, good())
	for name, c := range map[string]struct {
		change func(*app.KitMaterial)
		remedy string
	}{
		"no broker":                {func(m *app.KitMaterial) { m.Brokers = nil }, "at least one broker"},
		"an id twice":              {func(m *app.KitMaterial) { m.Brokers[1].ID = 1 }, "id of its own"},
		"a negative id":            {func(m *app.KitMaterial) { m.Brokers[1].ID = -1 }, "id of its own"},
		"a host twice":             {func(m *app.KitMaterial) { m.Brokers[1].Host = "KAFKA-1" }, "brokers 1 and 2"},
		"no host":                  {func(m *app.KitMaterial) { m.Brokers[1].Host = "" }, "DNS names or addresses"},
		"a host with a comma":      {func(m *app.KitMaterial) { m.Brokers[1].Host = "a,b" }, "DNS names or addresses"},
		"a host with a line break": {func(m *app.KitMaterial) { m.Brokers[1].Alt = []string{"a\nsuper.users=User:alice"} }, "DNS names or addresses"},
		"an address with a zone":   {func(m *app.KitMaterial) { m.Brokers[1].Alt = []string{"fe80::1%eth0"} }, "DNS names or addresses"},
		"no bootstrap":             {func(m *app.KitMaterial) { m.Bootstrap = nil }, "set it to"},
		"bootstrap without port":   {func(m *app.KitMaterial) { m.Bootstrap = []string{"kafka-1"} }, "host:port"},
		"bootstrap port 0":         {func(m *app.KitMaterial) { m.Bootstrap = []string{"kafka-1:0"} }, "host:port"},
		"bootstrap without host":   {func(m *app.KitMaterial) { m.Bootstrap = []string{":9092"} }, "host:port"},
		"unclear CLIENT port":      {func(m *app.KitMaterial) { m.Bootstrap = []string{"kafka-1:9092", "kafka-3:9095"} }, "name broker 2"},
		"REPL on CLIENT's port":    {func(m *app.KitMaterial) { m.ReplPort = 9092 }, "repl_port"},
		"CONTROLLER on CLIENT's":   {func(m *app.KitMaterial) { m.ControllerPort = 9092 }, "controller_port"},
		"default REPL on CLIENT's": {func(m *app.KitMaterial) { m.Bootstrap = []string{"kafka-1:9094"} }, "repl_port"},
		"REPL on CONTROLLER's":     {func(m *app.KitMaterial) { m.ReplPort = 9095 }, "controller_port"},
		"a port too high":          {func(m *app.KitMaterial) { m.ControllerPort = 65536 }, "1 to 65535"},
		"a project with a comma":   {func(m *app.KitMaterial) { m.Project = "a,b" }, "project must be"},
		"a service with a slash":   {func(m *app.KitMaterial) { m.Service = "a/b" }, "service must be"},
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			c.change(&m)
			_, err := Kit{}.Render(m)
			if err == nil || !strings.Contains(err.Error(), c.remedy) {
				t.Fatalf("got %v, want one that says %q", err, c.remedy)
			}
			var failure *app.Error
			if !errors.As(app.AsError(err), &failure) {
				t.Errorf("%v is not for people", err)
			}
		})
	}
}

func TestRenderRefusesMaterial(t *testing.T) {
	host := app.KitBroker{ID: 1, Host: "kafka-1"}
	foreign, foreignCluster := newAuthority(t, "demo", ""), newAuthority(t, "demo", "main")
	for name, change := range map[string]func(*app.KitMaterial){
		"another's key": func(m *app.KitMaterial) { m.Brokers[0].ClientListener.KeyPEM = m.Brokers[0].Cluster.KeyPEM },
		"no key":        func(m *app.KitMaterial) { m.Admin.KeyPEM = nil },
		"a key that Java cannot read": func(m *app.KitMaterial) {
			m.Admin.KeyPEM = bytes.ReplaceAll(m.Admin.KeyPEM, []byte("PRIVATE"), []byte("EC PRIVATE"))
		},
		"an ended certificate": func(m *app.KitMaterial) { m.MadeAt = madeAt.AddDate(3, 0, 0) },
		"a foreign CLIENT": func(m *app.KitMaterial) {
			m.Brokers[0].ClientListener = brokerLeaf(t, foreign, "demo", pki.ClientListener, host)
		},
		"a foreign broker": func(m *app.KitMaterial) {
			m.Brokers[0].Cluster = brokerLeaf(t, foreignCluster, "demo", pki.Cluster, host)
		},
		"a foreign admin":          func(m *app.KitMaterial) { m.Admin = adminLeaf(t, foreignCluster, "demo") },
		"the admin as broker":      func(m *app.KitMaterial) { m.Brokers[0].Cluster, m.Admin = m.Admin, m.Brokers[0].Cluster },
		"the broker as admin":      func(m *app.KitMaterial) { m.Admin = m.Brokers[0].Cluster },
		"authorities exchanged":    func(m *app.KitMaterial) { m.ProjectCAPEM, m.ClusterCAPEM = m.ClusterCAPEM, m.ProjectCAPEM },
		"no authority":             func(m *app.KitMaterial) { m.ClusterCAPEM = nil },
		"another project's broker": func(m *app.KitMaterial) { m.Project = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			m := material(t, "demo", "main", []string{"kafka-1:9092"}, host)
			change(&m)
			if _, err := (Kit{}).Render(m); err == nil {
				t.Error("rendered all the same")
			}
		})
	}
}

func TestRenderWritesUTC(t *testing.T) {
	m := kits(t)["one"]
	want := render(t, m)["README.md"].Data
	m.MadeAt = m.MadeAt.In(time.FixedZone("elsewhere", 5*3600))
	if got := render(t, m)["README.md"].Data; !bytes.Equal(got, want) {
		t.Error("the same moment in another zone reads differently")
	}
}
