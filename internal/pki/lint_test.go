package pki

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	zcrypto "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
)

// rfcLints are zlint's lints that stem from RFCs; those of browsers and of public
// authorities do not apply to a private one.
func rfcLints(t *testing.T) lint.Registry {
	t.Helper()
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{IncludeSources: lint.SourceList{
		lint.RFC3279, lint.RFC5280, lint.RFC5480, lint.RFC5891, lint.RFC6962, lint.RFC8813,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

// complaints lists what lints found, and how many looked and were content.
func complaints(set *zlint.ResultSet) (found []string, passed int) {
	for name, r := range set.Results {
		switch r.Status {
		case lint.Pass:
			passed++
		case lint.Notice, lint.Warn, lint.Error, lint.Fatal:
			found = append(found, fmt.Sprintf("%s: %s %s", r.Status, name, r.Details))
		}
	}
	slices.Sort(found)
	return found, passed
}

func lintCertificate(t *testing.T, der []byte) ([]string, int) {
	t.Helper()
	cert, err := zcrypto.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return complaints(zlint.LintCertificateEx(cert, rfcLints(t)))
}

func TestCertificatesAreCleanByRFC(t *testing.T) {
	project, cluster := projectCA(t), clusterCA(t)
	long := strings.Repeat("N", 64)
	longProject := newAuthority(t, AuthoritySubject{Project: long})
	client, broker, admin := clientProfile(), brokerProfile(Cluster, "broker1.example", "10.0.0.1", "::1"), adminProfile()
	listener := brokerProfile(ClientListener, strings.Repeat("a23456789.", 24)+"example")
	client.CRLURL, broker.CRLURL, admin.CRLURL = "http://segue.example/crl/1.crl", "http://segue.example/crl/2.crl", "http://segue.example/crl/2.crl"
	longest := clientProfile()
	longest.Project, longest.Service, longest.User = long, "_"+long[1:], long
	caDER, keyDER, err := NewAuthority(AuthoritySubject{Project: "demo"}, made.Add(-day), made.AddDate(100, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	far, err := LoadAuthority(caDER, keyDER)
	if err != nil {
		t.Fatal(err)
	}
	beyond2050 := clientProfile() // from where on times are GeneralizedTime
	beyond2050.NotAfter = far.Cert.NotAfter
	for name, cert := range map[string]*x509.Certificate{
		"project CA":        project.Cert,
		"cluster CA":        cluster.Cert,
		"client":            mustIssue(t)(project.IssueClient(client)),
		"client, no CRL":    mustIssue(t)(project.IssueClient(clientProfile())),
		"longest names":     mustIssue(t)(longProject.IssueClient(longest)),
		"beyond 2050":       mustIssue(t)(far.IssueClient(beyond2050)),
		"CA beyond 2050":    far.Cert,
		"broker of cluster": mustIssue(t)(cluster.IssueBroker(broker)),
		"broker, long host": mustIssue(t)(project.IssueBroker(listener)),
		"admin":             mustIssue(t)(cluster.IssueAdmin(admin)),
	} {
		found, passed := lintCertificate(t, cert.Raw)
		if len(found) > 0 || passed < 20 {
			t.Errorf("%s: %d lints passed\n%s", name, passed, strings.Join(found, "\n"))
		}
	}
}

// TestHTTPSCRLAddress: RFC 5280 wishes for a plain HTTP address, as a list is
// signed itself and fetching it by TLS needs trust of its own. An instance that
// has an https address only gets that one warning and no other.
func TestHTTPSCRLAddress(t *testing.T) {
	p := clientProfile()
	p.CRLURL = "https://segue.example/crl/1.crl"
	found, _ := lintCertificate(t, mustIssue(t)(projectCA(t).IssueClient(p)).Raw)
	if len(found) != 1 || !strings.Contains(found[0], "w_distribution_point_missing_ldap_or_uri") {
		t.Errorf("lints found %v", found)
	}
}

func TestCRLsAreCleanByRFC(t *testing.T) {
	a := projectCA(t)
	for name, revoked := range map[string][]Revoked{
		"empty": nil,
		"two":   {{Serial: []byte{1}, At: made}, {Serial: []byte{2}, At: made.Add(day)}},
	} {
		der, err := a.CRL(revoked, big.NewInt(made.UnixMilli()), made, made.Add(14*day))
		if err != nil {
			t.Fatal(err)
		}
		list, err := zcrypto.ParseRevocationList(der)
		if err != nil {
			t.Fatal(err)
		}
		found, passed := complaints(zlint.LintRevocationListEx(list, rfcLints(t)))
		if len(found) > 0 || passed < 3 {
			t.Errorf("%s: %d lints passed\n%s", name, passed, strings.Join(found, "\n"))
		}
	}
}

// TestLintsComplain shows that these lints can fail.
func TestLintsComplain(t *testing.T) {
	a := projectCA(t)
	template := parse(t, mustIssue(t)(a.IssueClient(clientProfile())).Raw)
	template.KeyUsage = x509.KeyUsageCertSign // without being an authority
	der, err := x509.CreateCertificate(nil, template, a.Cert, template.PublicKey, a.Key)
	if err != nil {
		t.Fatal(err)
	}
	if found, _ := lintCertificate(t, der); !strings.Contains(strings.Join(found, "\n"), "e_ext_key_usage_cert_sign_without_ca") {
		t.Errorf("lints found %v", found)
	}
}
