package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// ClientProfile is a service user's certificate. Its times are whole seconds.
type ClientProfile struct {
	Project   string // the project's first name, which a rename does not change
	Service   string
	User      string
	NotBefore time.Time
	NotAfter  time.Time
	CRLURL    string // where the authority's CRL is served; empty: nowhere
}

var clientUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}

func (p ClientProfile) request() (request, error) {
	for _, n := range [...]struct{ field, name string }{{"project", p.Project}, {"service", p.Service}, {"user", p.User}} {
		if err := checkName(n.field, n.name); err != nil {
			return request{}, err
		}
	}
	subject, err := subjectDER(p.Project, p.Service, p.User)
	if err != nil {
		return request{}, err
	}
	return request{
		subject: subject, uris: []*url.URL{userURI(p.Project, p.Service, p.User)}, usages: clientUsages,
		notBefore: p.NotBefore, notAfter: p.NotAfter, crlURL: p.CRLURL,
	}, nil
}

// IssueClient makes the key and certificate of a service user. Only a project CA
// does, and only for its own project.
func (a *Authority) IssueClient(p ClientProfile) (Leaf, error) {
	r, err := p.request()
	if err != nil {
		return Leaf{}, err
	}
	if err := a.isFor(p.Project, false); err != nil {
		return Leaf{}, err
	}
	return a.issue(r)
}

// CertifyClient makes the certificate of a service user that keeps its key to
// itself: the leaf has none. Otherwise it is as IssueClient.
func (a *Authority) CertifyClient(p ClientProfile, key PublicKey) (Leaf, error) {
	r, err := p.request()
	if err != nil {
		return Leaf{}, err
	}
	if err := a.isFor(p.Project, false); err != nil {
		return Leaf{}, err
	}
	return a.certify(r, key.key)
}

// VerifyClient checks a stored certificate of a user: that its authority signed
// it, that it verifies at its own notBefore, names this user, has these times and
// ends no later than its authority. CRLURL is not looked at, as the address where
// lists are served may have changed since.
func VerifyClient(caDER, leafDER []byte, p ClientProfile) error {
	r, err := p.request()
	if err != nil {
		return err
	}
	ca, leaf, err := readChain(caDER, leafDER)
	if err != nil {
		return err
	}
	if wrong := r.differs(leaf, ca); wrong != "" {
		return fmt.Errorf("the certificate is not what the store says in its %s", wrong)
	}
	if leaf.NotAfter.After(ca.NotAfter) {
		return errors.New("the certificate ends after its authority")
	}
	return verify(ca, leaf, leaf.NotBefore, x509.ExtKeyUsageClientAuth)
}
