package pki

import (
	"crypto/x509"
	"errors"
	"time"
)

// BrokerUse is what a broker's certificate is for.
type BrokerUse int

// The uses of broker certificates.
const (
	// ClientListener is shown to clients: serverAuth alone, by the project CA.
	ClientListener BrokerUse = iota + 1
	// Cluster is what brokers and controllers show each other, as server and as
	// client: by the service's cluster CA.
	Cluster
)

// BrokerProfile is a broker's certificate. Names are put in lower case and
// sorted, so that the same broker gets the same subject and SANs each time.
type BrokerProfile struct {
	Project   string // the project's first name
	Host      string // DNS name or address; the subject's CN, see hostCommonName
	Alt       []string
	Use       BrokerUse
	NotBefore time.Time
	NotAfter  time.Time
	CRLURL    string
}

// IssueBroker makes the key and certificate of a broker for one use.
func (a *Authority) IssueBroker(p BrokerProfile) (Leaf, error) {
	var usages []x509.ExtKeyUsage
	switch p.Use {
	case ClientListener:
		usages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	case Cluster:
		usages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	default:
		return Leaf{}, errors.New("a broker's certificate must be for the client listener or for the cluster")
	}
	if err := a.isFor(p.Project, p.Use == Cluster); err != nil {
		return Leaf{}, err
	}
	host, names, err := readHosts(p.Host, p.Alt)
	if err != nil {
		return Leaf{}, err
	}
	subject, err := subjectDER(p.Project, brokersUnit, hostCommonName(host))
	if err != nil {
		return Leaf{}, err
	}
	return a.issue(request{
		subject: subject, names: names, usages: usages,
		notBefore: p.NotBefore, notAfter: p.NotAfter, crlURL: p.CRLURL,
	})
}

// AdminProfile is the certificate by which Segue administers a cluster.
type AdminProfile struct {
	Project   string // the project's first name
	NotBefore time.Time
	NotAfter  time.Time
	CRLURL    string
}

// adminName is the common name of Segue's admin.
const adminName = "segue-admin"

// IssueAdmin makes the key and certificate of Segue's admin. Only a cluster CA does.
func (a *Authority) IssueAdmin(p AdminProfile) (Leaf, error) {
	if err := a.isFor(p.Project, true); err != nil {
		return Leaf{}, err
	}
	subject, err := subjectDER(p.Project, adminUnit, adminName)
	if err != nil {
		return Leaf{}, err
	}
	return a.issue(request{
		subject: subject, usages: clientUsages,
		notBefore: p.NotBefore, notAfter: p.NotAfter, crlURL: p.CRLURL,
	})
}
