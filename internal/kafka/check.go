package kafka

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/segue-project/segue/internal/app"
)

// checkMaterial refuses what a broker would take without a word and then turn
// clients away with: Kafka checks neither that a key fits its certificate nor
// that the other side trusts it.
func checkMaterial(m app.KitMaterial) error {
	project, err := pool(m.ProjectCAPEM)
	if err != nil {
		return fmt.Errorf("project authorities: %w", err)
	}
	cluster, err := pool(m.ClusterCAPEM)
	if err != nil {
		return fmt.Errorf("cluster authority: %w", err)
	}
	at := func(roots *x509.CertPool, use x509.ExtKeyUsage) x509.VerifyOptions {
		return x509.VerifyOptions{Roots: roots, CurrentTime: m.MadeAt, KeyUsages: []x509.ExtKeyUsage{use}}
	}
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	rules := clusterRules(m.Project)
	for _, b := range m.Brokers {
		if _, err := checkLeaf(b.ClientListener, at(project, server)); err != nil {
			return fmt.Errorf("CLIENT certificate of broker %d: %w", b.ID, err)
		}
		leaf, err := checkLeaf(b.Cluster, at(cluster, server), at(cluster, client))
		if err == nil && !mapsTo(rules, leaf.Subject.String(), brokerPrincipal) {
			err = errors.New("no mapping rule makes its subject a broker")
		}
		if err != nil {
			return fmt.Errorf("cluster certificate of broker %d: %w", b.ID, err)
		}
	}
	leaf, err := checkLeaf(m.Admin, at(cluster, client))
	if err == nil && !mapsTo(rules, leaf.Subject.String(), adminPrincipal) {
		err = errors.New("no mapping rule makes its subject the admin")
	}
	if err != nil {
		return fmt.Errorf("admin certificate: %w", err)
	}
	return nil
}

func pool(pemBytes []byte) (*x509.CertPool, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pemBytes) {
		return nil, errors.New("no certificate in PEM")
	}
	return roots, nil
}

// checkLeaf returns the leaf when its key fits, Java can read the key, and the
// leaf verifies under all the options.
func checkLeaf(l app.KitLeaf, options ...x509.VerifyOptions) (*x509.Certificate, error) {
	if block, _ := pem.Decode(l.KeyPEM); block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("the key must be PKCS#8 in PEM, the form that Java reads")
	}
	pair, err := tls.X509KeyPair(l.CertPEM, l.KeyPEM)
	if err != nil {
		return nil, fmt.Errorf("certificate and key: %w", err)
	}
	for _, o := range options {
		if _, err := pair.Leaf.Verify(o); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
	}
	return pair.Leaf, nil
}

// keystore is a PEM keystore as Kafka reads it: the key, then its certificates.
func keystore(l app.KitLeaf) []byte {
	return append(endLine(l.KeyPEM), endLine(l.CertPEM)...)
}

// endLine returns a copy that ends in one line feed.
func endLine(b []byte) []byte {
	return append(bytes.TrimRight(bytes.Clone(b), "\n"), '\n')
}
