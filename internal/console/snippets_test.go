package console

import (
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

var shopWriter = connection{Project: "demo", Service: "kafka-orders", User: "orders-writer", Brokers: []string{"k1.example.com:9094", "[::1]:9094"}}

// TestSnippets: each names the files that the CLI writes, and every broker.
func TestSnippets(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range clients {
		s := snippetFor(c.Name, shopWriter)
		if seen[s.Name] || s.Title == "" || s.File == "" || s.Needs == "" || s.Reads == "" {
			t.Errorf("%s is not whole, or there twice", s.Name)
		}
		seen[s.Name] = true
		all := s.Before + "\n" + s.Text
		for _, want := range []string{"orders-writer/ca.pem", "orders-writer/service.cert", "orders-writer/service.key", "k1.example.com:9094", "[::1]:9094"} {
			if !strings.Contains(all, want) {
				t.Errorf("%s does not name %s:\n%s", s.Name, want, all)
			}
		}
		for _, left := range []string{"{brokers}", "{quoted}", "{user}", "{ca}", "{cert}", "{key}", "{pair}"} {
			if strings.Contains(all, left) {
				t.Errorf("%s still holds %s", s.Name, left)
			}
		}
	}
	if got := snippetFor("unknown", connection{User: "u"}); got.Name != "java" || !strings.Contains(got.Text, unknownBroker) {
		t.Errorf("without client and address: %+v", got)
	}
}

// TestJavaReadsOneFile: the command makes the file that the properties name.
func TestJavaReadsOneFile(t *testing.T) {
	s := snippetFor("java", shopWriter)
	if s.Before != "(umask 077; cat orders-writer/service.key orders-writer/service.cert > orders-writer/service.pem)" {
		t.Error(s.Before)
	}
	set := map[string]string{}
	for line := range strings.Lines(s.Text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		set[key] = value
	}
	for key, want := range map[string]string{
		"security.protocol": "SSL", "ssl.keystore.type": "PEM", "ssl.keystore.location": "orders-writer/service.pem",
		"ssl.truststore.type": "PEM", "ssl.truststore.location": "orders-writer/ca.pem", "bootstrap.servers": "k1.example.com:9094,[::1]:9094",
	} {
		if set[key] != want {
			t.Errorf("%s is %q, want %q", key, set[key], want)
		}
		delete(set, key)
	}
	if len(set) > 0 {
		t.Errorf("more is set: %v", set) // a password of a PEM store is refused by Kafka
	}
}

func TestGoSnippetIsGo(t *testing.T) {
	text := snippetFor("franz-go", shopWriter).Text
	if _, err := parser.ParseFile(token.NewFileSet(), "main.go", text, parser.AllErrors); err != nil {
		t.Fatal(err)
	}
	if formatted, err := format.Source([]byte(text)); err != nil || string(formatted) != text {
		t.Errorf("not as gofmt writes it (%v):\n%s", err, formatted)
	}
}

// TestFileNames: the console names the files as the CLI writes them.
func TestFileNames(t *testing.T) {
	source, err := os.ReadFile("../../cmd/segue/service_user_creds_download.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{caFile, certFile, keyFile} {
		if !strings.Contains(string(source), `"`+name+`"`) {
			t.Errorf("segue service user-creds-download writes no %s", name)
		}
	}
}
