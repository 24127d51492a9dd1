package kafka

import (
	"crypto/x509/pkix"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/segue-project/segue/internal/lifecycle"
)

// The grammar by which Kafka's SslPrincipalMapper takes a list of rules apart.
const ruleGrammar = `(DEFAULT)|RULE:((\\.|[^\\/])*)/((\\.|[^\\/])*)/([LU]?).*?|(.*?)`

var (
	ruleSplitter = regexp.MustCompile(`\s*(` + ruleGrammar + `)\s*([,\n]|$)`)
	ruleParser   = regexp.MustCompile(`^(?:` + ruleGrammar + `)$`)
)

// kafkaMap gives the principal of a subject the way Kafka does from the value of
// ssl.principal.mapping.rules; "" when no rule takes it.
func kafkaMap(t interface{ Fatalf(string, ...any) }, value, subject string) string {
	for _, split := range ruleSplitter.FindAllStringSubmatch(value, -1) {
		if split[1] == "" {
			continue
		}
		parts := ruleParser.FindStringSubmatch(split[1])
		if parts == nil || parts[1] != "" || parts[2] == "" || parts[6] != "" {
			t.Fatalf("Kafka would not read %q as one of our rules", split[1])
		}
		pattern := regexp.MustCompile(`^(?:` + parts[2] + `)$`)
		if pattern.MatchString(subject) {
			return pattern.ReplaceAllString(subject, parts[4])
		}
	}
	return ""
}

// subject is a certificate's name as Kafka sees it.
func subject(user, unit, organization string) string {
	return pkix.Name{CommonName: user, OrganizationalUnit: []string{unit}, Organization: []string{organization}}.String()
}

// hostileNames are valid names made of what means something to a regular expression.
func hostileNames() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return rapid.OneOf(
			rapid.StringMatching(`[ab_][ab._-]{0,6}`),
			rapid.StringMatching(`[A-Za-z0-9_][A-Za-z0-9._-]{0,63}`),
		).Filter(func(s string) bool { return lifecycle.CheckName("name", s) == nil }).Draw(t, "name")
	})
}

// siblings of a name are valid names that differ from it in one place.
func siblings(name string) []string {
	var out []string
	for i := range name {
		for _, c := range "._-aA0" {
			out = append(out, name[:i]+string(c)+name[i+1:], name[:i]+string(c)+name[i:])
		}
		out = append(out, name[:i]+name[i+1:])
	}
	out = append(out, name+".", name+"x", strings.ToUpper(name), strings.ToLower(name))
	valid := out[:0]
	for _, s := range out {
		if s != name && lifecycle.CheckName("name", s) == nil {
			valid = append(valid, s)
		}
	}
	return valid
}

func TestClientRulesTakeThisServiceAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		project, service, user := hostileNames().Draw(t, "project"), hostileNames().Draw(t, "service"), hostileNames().Draw(t, "user")
		value := formatRules(clientRules(project, service))
		if got := kafkaMap(t, value, subject(user, service, project)); got != user {
			t.Fatalf("user %q became %q", user, got)
		}
		for _, other := range siblings(service) {
			if got := kafkaMap(t, value, subject(user, other, project)); got != "nobody" {
				t.Fatalf("a user of service %q became %q at service %q", other, got, service)
			}
		}
		for _, other := range siblings(project) {
			if got := kafkaMap(t, value, subject(user, service, other)); got != "nobody" {
				t.Fatalf("a user of project %q became %q at project %q", other, got, project)
			}
		}
	})
}

// TestClientRulesTakeNoOtherSubject gives CLIENT names that Segue never issues,
// as an authority that went astray could.
func TestClientRulesTakeNoOtherSubject(t *testing.T) {
	value := formatRules(clientRules("prod", "orders"))
	for _, s := range []string{
		subject("kafka-1", "@brokers", "prod"),
		subject("segue", "@admin", "prod"),
		subject("@broker", "orders", "prod"),
		subject("-alice", "orders", "prod"),
		subject(" alice", "orders", "prod"),
		subject("", "orders", "prod"),
		subject("alice,OU=orders,O=prod", "evil", "evil"),
		`CN=alice+OU=orders,O=prod`,
		`CN=alice,OU=orders+OU=x,O=prod`,
		`CN=alice,OU=orders,O=prod,C=DE`,
		`2.5.4.5=#1301,CN=alice,OU=orders,O=prod`,
		`OU=orders,O=prod`,
		``,
	} {
		if got := kafkaMap(t, value, s); got != "nobody" {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestClusterRulesTakeBrokersAndAdminsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		project := hostileNames().Draw(t, "project")
		value := formatRules(clusterRules(project))
		host := rapid.SampledFrom([]string{"localhost", "127.0.0.1", "2001:db8::1", "kafka_1.eu-west.example"}).Draw(t, "host")
		for unit, want := range map[string]string{
			"@brokers": "@broker", "@admin": "@admin",
			"@broker": "nobody", "brokers": "nobody", "@admins": "nobody", hostileNames().Draw(t, "service"): "nobody",
		} {
			if got := kafkaMap(t, value, subject(host, unit, project)); got != want {
				t.Fatalf("OU %q became %q, want %q", unit, got, want)
			}
			for _, other := range siblings(project) {
				if got := kafkaMap(t, value, subject(host, unit, other)); got != "nobody" {
					t.Fatalf("OU %q of project %q became %q at project %q", unit, other, got, project)
				}
			}
		}
	})
}

// TestNoUserIsASuperUser holds the super users' names out of what a user can be called.
func TestNoUserIsASuperUser(t *testing.T) {
	for _, principal := range []string{brokerPrincipal, adminPrincipal} {
		if lifecycle.CheckName("user", principal) == nil {
			t.Errorf("a user may be called %s", principal)
		}
	}
}
