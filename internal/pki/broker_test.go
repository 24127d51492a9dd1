package pki

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestBrokerFacts(t *testing.T) {
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	for _, tc := range []struct {
		name   string
		by     *Authority
		use    BrokerUse
		usages []x509.ExtKeyUsage
	}{
		{"for clients", projectCA(t), ClientListener, []x509.ExtKeyUsage{server}},
		{"for the cluster", clusterCA(t), Cluster, []x509.ExtKeyUsage{server, client}},
	} {
		cert := mustIssue(t)(tc.by.IssueBroker(brokerProfile(tc.use, "broker1.example", "b1", "10.0.0.1", "::1")))
		if got := kafkaDN(t, cert.RawSubject); got != "CN=broker1.example,OU=@brokers,O=demo" {
			t.Errorf("%s: Kafka sees %s", tc.name, got)
		}
		if !slices.Equal(cert.ExtKeyUsage, tc.usages) || cert.KeyUsage != x509.KeyUsageDigitalSignature {
			t.Errorf("%s: usages are %v", tc.name, cert.ExtKeyUsage)
		}
		if got := fmt.Sprint(cert.DNSNames, cert.IPAddresses, cert.URIs); got != "[b1 broker1.example] [10.0.0.1 ::1] []" {
			t.Errorf("%s: names are %s", tc.name, got)
		}
		for _, name := range []string{"broker1.example", "B1", "10.0.0.1", "::1"} {
			if err := cert.VerifyHostname(name); err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
		}
		if err := VerifyAt(tc.by.Cert.Raw, cert.Raw, made, server); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		asClient := VerifyAt(tc.by.Cert.Raw, cert.Raw, made, client) == nil
		if want := tc.use == Cluster; asClient != want {
			t.Errorf("%s: verifies as a client: %v", tc.name, asClient)
		}
	}
}

func TestAdminFacts(t *testing.T) {
	a := clusterCA(t)
	cert := mustIssue(t)(a.IssueAdmin(adminProfile()))
	if got := kafkaDN(t, cert.RawSubject); got != "CN=segue-admin,OU=@admin,O=demo" {
		t.Errorf("Kafka sees %s", got)
	}
	if len(cert.DNSNames)+len(cert.IPAddresses)+len(cert.URIs) != 0 || len(cert.Extensions) != 5 {
		t.Errorf("an admin has names: %v %v %v, %d extensions", cert.DNSNames, cert.IPAddresses, cert.URIs, len(cert.Extensions))
	}
	if err := VerifyAt(a.Cert.Raw, cert.Raw, made, x509.ExtKeyUsageClientAuth); err != nil {
		t.Error(err)
	}
	if err := VerifyAt(a.Cert.Raw, cert.Raw, made, x509.ExtKeyUsageServerAuth); err == nil {
		t.Error("an admin verifies as a server")
	}
}

// TestRemadeBrokerKeepsNames: a live broker refuses a keystore whose subject or
// SANs changed.
func TestRemadeBrokerKeepsNames(t *testing.T) {
	a := clusterCA(t)
	first := mustIssue(t)(a.IssueBroker(brokerProfile(Cluster, "broker1.example", "b1", "10.0.0.1", "fe80::1", "b2")))
	again := mustIssue(t)(a.IssueBroker(brokerProfile(Cluster, "Broker1.EXAMPLE", "fe80:0::1", "b2", "B1", "b1", "::ffff:10.0.0.1", "broker1.example")))
	if !bytes.Equal(first.RawSubject, again.RawSubject) || !bytes.Equal(san(t, first), san(t, again)) {
		t.Errorf("%s %v %v became %s %v %v", first.Subject, first.DNSNames, first.IPAddresses, again.Subject, again.DNSNames, again.IPAddresses)
	}
}

func san(t *testing.T, cert *x509.Certificate) []byte {
	t.Helper()
	i := slices.IndexFunc(cert.Extensions, func(e pkixExtension) bool { return e.Id.String() == "2.5.29.17" })
	if i < 0 {
		t.Fatal("no subject alternative names")
	}
	return cert.Extensions[i].Value
}

func TestLongHost(t *testing.T) {
	a := projectCA(t)
	long := strings.Repeat("a23456789.", 24) + "example" // 247 characters
	other := strings.Repeat("a23456789.", 24) + "exampla"
	cert := mustIssue(t)(a.IssueBroker(brokerProfile(ClientListener, long)))
	if len(cert.Subject.CommonName) != 64 || !strings.HasPrefix(cert.Subject.CommonName, long[:47]+"-") {
		t.Errorf("common name is %s", cert.Subject.CommonName)
	}
	if err := cert.VerifyHostname(long); err != nil {
		t.Error(err)
	}
	if hostCommonName(long) != cert.Subject.CommonName || hostCommonName(other) == cert.Subject.CommonName {
		t.Error("a long host's common name must be the same each time and its own")
	}
	if exact := strings.Repeat("a", 63) + "b"; hostCommonName(exact) != exact {
		t.Error("64 characters need no shortening")
	}
}

func TestIssueBrokerRefuses(t *testing.T) {
	project, cluster := projectCA(t), clusterCA(t)
	other := newAuthority(t, AuthoritySubject{Project: "other", Service: "orders.prod"})
	for name, tc := range map[string]struct {
		by   *Authority
		p    BrokerProfile
		says string
	}{
		"both uses by the project CA": {project, brokerProfile(Cluster, "b1"), "only a service's cluster CA"},
		"clients' by the cluster CA":  {cluster, brokerProfile(ClientListener, "b1"), "only a project CA"},
		"another project's":           {other, brokerProfile(Cluster, "b1"), "another project"},
		"no use":                      {cluster, brokerProfile(0, "b1"), "for the client listener or for the cluster"},
	} {
		if _, err := tc.by.IssueBroker(tc.p); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := project.IssueAdmin(adminProfile()); err == nil {
		t.Error("the project CA made an admin")
	}
	for _, host := range []string{
		"", "b 1", "b1,OU=@admin", "*.example", "b1/x", "b1\x00", "a..b", ".a", "a.", "ä.example", "1.2.3", "1.2.3.04", "fe80::1%eth0",
		"[::1]", "b1:9092", strings.Repeat("a", 64), strings.Repeat("a.", 127),
	} {
		if _, err := cluster.IssueBroker(brokerProfile(Cluster, host)); err == nil || !strings.Contains(err.Error(), "DNS names or addresses") {
			t.Errorf("host %q: %v", host, err)
		}
		if _, err := cluster.IssueBroker(brokerProfile(Cluster, "b1", host)); err == nil {
			t.Errorf("alternative %q was taken", host)
		}
	}
}

// TestAnyHostMapsToBroker: whatever the host, the subject is one that the
// cluster's rule for brokers takes whole, and the certificate serves that host.
func TestAnyHostMapsToBroker(t *testing.T) {
	a := clusterCA(t)
	rule := regexp.MustCompile(`^CN=[A-Za-z0-9._:-]+,OU=@brokers,O=demo$`)
	label := rapid.StringMatching(`[a-z]([a-z0-9-]{0,40}[a-z0-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		host := strings.Join(rapid.SliceOfN(label, 1, 5).Draw(t, "labels"), ".")
		leaf, err := a.IssueBroker(brokerProfile(Cluster, host))
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(leaf.Cert)
		if err != nil {
			t.Fatal(err)
		}
		if dn := kafkaDN(t, cert.RawSubject); !rule.MatchString(dn) || len(cert.Subject.CommonName) > 64 {
			t.Fatalf("Kafka sees %s", dn)
		}
		if err := cert.VerifyHostname(host); err != nil {
			t.Fatal(err)
		}
	})
}
