package bundle

import (
	"bytes"
	"fmt"

	keystore "github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/segue-project/segue/internal/properties"
)

func combined(m *material) ([]File, error) {
	p := m.settings()
	p.Set("ssl.keystore.type", "PEM")
	p.Set("ssl.keystore.location", m.at(keystorePEM))
	p.Set("ssl.truststore.type", "PEM")
	p.Set("ssl.truststore.location", m.at(caFile))
	return []File{m.keystore(), m.trust(), {Name: javaSettings, Content: p.Bytes()}}, nil
}

// inline needs no file beside it. Line ends are written as \\n, for Kafka would
// take the last alone of several certificates on one line.
func inline(m *material) ([]File, error) {
	p := m.settings()
	p.Set("ssl.keystore.type", "PEM")
	p.Set("ssl.keystore.key", ended(m.Key))
	p.Set("ssl.keystore.certificate.chain", ended(m.Cert))
	p.Set("ssl.truststore.type", "PEM")
	p.Set("ssl.truststore.certificates", ended(m.CA))
	return []File{{Name: javaSettings, Content: p.Bytes(), Secret: true}}, nil
}

func pkcs12Stores(m *material) ([]File, error) {
	pair, err := m.pkcs12Pair()
	if err != nil {
		return nil, err
	}
	trust, err := m.pkcs12Trust()
	return []File{pair, trust, m.storeSettings("PKCS12", pair, "PKCS12", trust)}, err
}

func jksStores(m *material) ([]File, error) {
	pair, err := m.jksPair()
	if err != nil {
		return nil, err
	}
	trust, err := m.jksTrust()
	return []File{pair, trust, m.storeSettings("JKS", pair, "JKS", trust)}, err
}

// javaCreds are the six files of `avn service user-kafka-java-creds`, so that
// scripts find what they look for.
func javaCreds(m *material) ([]File, error) {
	files, err := separate(m)
	if err != nil {
		return nil, err
	}
	pair, err := m.pkcs12Pair()
	if err != nil {
		return nil, err
	}
	trust, err := m.jksTrust()
	return []File{files[2], files[0], files[1], trust, pair, m.storeSettings("PKCS12", pair, "JKS", trust)}, err
}

// settings are those of a Java client that all formats share.
func (m *material) settings() *properties.File {
	p := &properties.File{}
	p.Comment(fmt.Sprintf("Service user %s of service %s in project %s, generation %d.", m.User, m.Service, m.Project, m.Generation))
	p.Comment("A Java client reads key and certificate when it starts, so restart it after a renewal.")
	p.Set("bootstrap.servers", m.Bootstrap)
	p.Set("security.protocol", "SSL")
	return p
}

func (m *material) storeSettings(pairType string, pair File, trustType string, trust File) File {
	p := m.settings()
	p.Set("ssl.keystore.type", pairType)
	p.Set("ssl.keystore.location", m.at(pair.Name))
	p.Set("ssl.keystore.password", m.Password)
	p.Set("ssl.key.password", m.Password)
	p.Set("ssl.truststore.type", trustType)
	p.Set("ssl.truststore.location", m.at(trust.Name))
	p.Set("ssl.truststore.password", m.Password)
	return File{Name: javaSettings, Content: p.Bytes(), Secret: true}
}

// pkcs12Pair uses the ciphers that Java 12 and later read; the library's newer
// ones are refused by Java 17.
func (m *material) pkcs12Pair() (File, error) {
	data, err := pkcs12.Modern2023.Encode(m.key, m.chain[0], m.chain[1:], m.Password)
	return File{Name: keystorePKCS12, Content: data, Secret: true}, err
}

func (m *material) pkcs12Trust() (File, error) {
	entries := make([]pkcs12.TrustStoreEntry, len(m.authorities))
	for i, ca := range m.authorities {
		entries[i] = pkcs12.TrustStoreEntry{Cert: ca, FriendlyName: authorityAlias(i)}
	}
	data, err := pkcs12.Modern2023.EncodeTrustStoreEntries(entries, m.Password)
	return File{Name: truststorePKCS12, Content: data, Secret: true}, err
}

// authorityAlias names an authority in a truststore, from 1.
func authorityAlias(i int) string { return fmt.Sprintf("ca-%d", i+1) }

// jksPair dates its entry by the certificate, as a store must have some date.
func (m *material) jksPair() (File, error) {
	chain := make([]keystore.Certificate, len(m.chain))
	for i, c := range m.chain {
		chain[i] = keystore.Certificate{Type: "X509", Content: c.Raw}
	}
	store := keystore.New(keystore.WithOrderedAliases())
	err := store.SetPrivateKeyEntry("client", keystore.PrivateKeyEntry{
		CreationTime: m.chain[0].NotBefore, PrivateKey: m.keyDER, CertificateChain: chain,
	}, []byte(m.Password))
	if err != nil {
		return File{}, err
	}
	return m.jks(keystoreJKS, store)
}

func (m *material) jksTrust() (File, error) {
	store := keystore.New(keystore.WithOrderedAliases())
	for i, ca := range m.authorities {
		err := store.SetTrustedCertificateEntry(authorityAlias(i), keystore.TrustedCertificateEntry{
			CreationTime: ca.NotBefore, Certificate: keystore.Certificate{Type: "X509", Content: ca.Raw},
		})
		if err != nil {
			return File{}, err
		}
	}
	return m.jks(truststoreJKS, store)
}

func (m *material) jks(name string, store keystore.KeyStore) (File, error) {
	var b bytes.Buffer
	err := store.Store(&b, []byte(m.Password))
	return File{Name: name, Content: b.Bytes(), Secret: true}, err
}
