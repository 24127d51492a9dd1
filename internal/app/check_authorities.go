package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// caOwner is whose authority it is.
type caOwner struct {
	projectID, serviceID int64
	kind                 CAKind
}

func (c *checker) caSubject(ca CA) string {
	return fmt.Sprintf("%s CA %016x of %s", ca.Kind, uint64(ca.ID), c.name(ca.ProjectID))
}

// owners are the projects and services that must have an active authority, in a steady order.
func (c *checker) owners() []caOwner {
	var owners []caOwner
	for id, p := range c.projects {
		if p.DeletedAt.IsZero() {
			owners = append(owners, caOwner{id, 0, ProjectCA})
		}
	}
	for _, s := range c.services {
		if s.DeletedAt.IsZero() {
			owners = append(owners, caOwner{s.ProjectID, s.ID, ClusterCA})
		}
	}
	slices.SortFunc(owners, func(x, y caOwner) int {
		return cmp.Or(cmp.Compare(x.projectID, y.projectID), cmp.Compare(x.serviceID, y.serviceID))
	})
	return owners
}

func (c *checker) checkAuthorities(ctx context.Context) error {
	owners := c.owners() // before: an authority is made together with its owner
	active, successor := map[caOwner]CA{}, map[caOwner]bool{}
	err := pages(ctx, func(ca CA) int64 { return ca.ID }, c.app.Inspector.InspectCAs, func(ca CA) error {
		owner := caOwner{ca.ProjectID, ca.ServiceID, ca.Kind}
		switch ca.State {
		case CAActive:
			active[owner] = CA{ID: ca.ID, ProjectID: ca.ProjectID, Kind: ca.Kind, NotAfter: ca.NotAfter}
		case CANext:
			successor[owner] = true
		case CATrusted, CARetired:
		default:
			c.violation(2, c.caSubject(ca), "it is in no state that Segue knows: %s", restore)
		}
		if ca.Kind == ProjectCA {
			c.cas[ca.ID] = ca
		}
		return c.checkAuthority(ctx, ca)
	})
	if err != nil {
		return err
	}
	for _, owner := range owners {
		ca, ok := active[owner]
		switch {
		case !ok && owner.kind == ProjectCA:
			c.violation(2, c.name(owner.projectID), "it has no active authority, so no pair can be renewed: %s", restore)
		case !ok:
			c.violation(2, c.serviceName(owner.serviceID), "it has no active cluster CA, so no broker kit can be made: %s", restore)
		case !successor[owner]:
			c.adviseSuccessor(owner, ca)
		}
	}
	return nil
}

// checkAuthority demands that an authority's certificate is what its row says
// and that its key opens and is its own.
func (c *checker) checkAuthority(ctx context.Context, ca CA) error {
	subject := c.caSubject(ca)
	p, ok, err := c.project(ctx, ca.ProjectID)
	if err != nil {
		return err
	}
	if !ok {
		c.violation(2, subject, "it belongs to a project that is not in the store: %s", restore)
		return nil
	}
	cert, err := x509.ParseCertificate(ca.Cert)
	switch {
	case err != nil:
		c.violation(2, subject, "its certificate cannot be read: %s", restore)
		return nil
	case !cert.NotBefore.Equal(ca.NotBefore) || !cert.NotAfter.Equal(ca.NotAfter):
		c.violation(2, subject, "its certificate has other times than its row: %s", restore)
	case !slices.Equal(cert.Subject.Organization, []string{p.FirstName}):
		c.violation(2, subject, "its certificate is for another project: %s", restore)
	}
	key, err := c.app.Custody.Open(ctx, SealCAKey, ca.ProjectID, ca.ID, CAKeyID(ca.ID), ca.SealedKey)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && inClear(ca.SealedKey):
		c.violation(6, subject, "its key lies in the store in the clear: replace the authority, for whoever read the store can issue certificates")
	case err != nil:
		c.violation(2, subject, "its key does not open, so nothing can be issued: give the key file that belongs to this store, or %s", restore)
	default:
		if _, err := pki.LoadAuthority(ca.Cert, key); err != nil {
			c.violation(2, subject, "its key and certificate do not belong together (%v): %s", err, restore)
		}
	}
	return nil
}

// adviseSuccessor says when an authority that has no successor needs one.
func (c *checker) adviseSuccessor(owner caOwner, ca CA) {
	ahead := lifecycle.Policy{Validity: c.longest[owner.projectID]}
	if owner.kind == ClusterCA {
		ahead = lifecycle.Policy{Validity: lifecycle.BrokerValidity, RenewBefore: lifecycle.BrokerRenewBefore}
	}
	if lifecycle.CASuccessorDue(ca.NotAfter, ahead, c.now) {
		c.violation(0, c.caSubject(ca), "it ends at %s and needs a successor now, so that everybody trusts that one in time",
			ca.NotAfter.UTC().Format(time.RFC3339))
	}
}

// brokerUsages are the extended key usages of each purpose, and the unit in the subject.
var brokerUsages = map[string]struct {
	unit   string
	kind   CAKind
	usages []x509.ExtKeyUsage
}{
	"client-listener": {"@brokers", ProjectCA, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}},
	"cluster":         {"@brokers", ClusterCA, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}},
	"admin":           {"@admin", ClusterCA, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}},
	BrokerCertSession: {"@admin", ClusterCA, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}},
}

func (c *checker) checkBrokerCerts(ctx context.Context) error {
	for offset := 0; ; {
		certs, err := c.app.Inspector.InspectBrokerCerts(ctx, offset, checkPage)
		if err != nil {
			return err
		}
		for _, b := range certs {
			if err := c.checkBrokerCert(ctx, b); err != nil {
				return err
			}
		}
		if offset += len(certs); len(certs) < checkPage {
			return nil
		}
	}
}

func (c *checker) checkBrokerCert(ctx context.Context, b BrokerCert) error {
	subject := fmt.Sprintf("broker certificate %s of %s", pki.SerialHex(b.Serial), c.serviceName(b.ServiceID))
	ca, ok, err := c.ca(ctx, b.CAID)
	if err != nil {
		return err
	}
	if !ok {
		c.violation(2, subject, "its authority is not in the store: %s", restore)
		return nil
	}
	if wrong := c.brokerCertDiffers(b, ca); wrong != "" {
		c.violation(2, subject, "%s: make the kit again with `segue service broker-kit`", wrong)
	}
	c.brokerSerials[keyOf(b.CAID, b.Serial)] = struct{}{}
	return nil
}

// brokerCertDiffers says in what a broker's certificate is not what Segue issues; empty when it is.
func (c *checker) brokerCertDiffers(b BrokerCert, ca CA) string {
	want, known := brokerUsages[b.Purpose]
	cert, err := x509.ParseCertificate(b.Cert)
	switch {
	case err != nil:
		return "it cannot be read"
	case !known:
		return "it is for no purpose that Segue knows"
	case !bytes.Equal(cert.SerialNumber.Bytes(), b.Serial):
		return "its serial is not the one of its row"
	case !cert.NotAfter.Equal(b.NotAfter):
		return "it ends at another moment than its row says"
	case cert.NotAfter.After(ca.NotAfter):
		return "it ends after its authority"
	case ca.Kind != want.kind || ca.Kind == ClusterCA && ca.ServiceID != b.ServiceID:
		return "it was issued by the wrong authority"
	case !slices.Equal(cert.Subject.Organization, []string{c.projects[ca.ProjectID].FirstName}) ||
		!slices.Equal(cert.Subject.OrganizationalUnit, []string{want.unit}):
		return "it names another owner"
	case !slices.Equal(cert.ExtKeyUsage, want.usages):
		return "it may be used for something else than its purpose"
	}
	if err := pki.VerifyAt(ca.Cert, b.Cert, cert.NotBefore, want.usages[0]); err != nil {
		return err.Error()
	}
	return ""
}

func (c *checker) serviceName(id int64) string {
	if s, ok := c.services[id]; ok {
		return c.name(s.ProjectID) + "/" + s.Name
	}
	return fmt.Sprintf("service %016x", uint64(id))
}

// servedCRLs holds the serials of the revocation lists that would be served next.
type servedCRLs struct {
	lists map[int64]map[serialKey]struct{} // by CA; read when first asked for
	wrong map[int64]bool                   // CAs whose list cannot be made
}

// missing returns those of the serials that their authority's list lacks. A list
// that was read before a revocation is read once more: by then it must have it.
func (c *checker) missing(ctx context.Context, serials []serialKey) ([]serialKey, error) {
	missing := c.lists.lacking(serials)
	again := map[int64]bool{}
	for _, k := range missing {
		again[k.caID] = true
	}
	for caID := range again {
		if err := c.readList(ctx, caID); err != nil {
			return nil, err
		}
	}
	return c.lists.lacking(missing), nil
}

func (l *servedCRLs) lacking(serials []serialKey) []serialKey {
	var missing []serialKey
	for _, k := range serials {
		if _, ok := l.lists[k.caID][k]; !ok && !l.wrong[k.caID] {
			missing = append(missing, k)
		}
	}
	return missing
}

// readList reads the list that would be served next. One that cannot be made is
// reported once, and nothing is missed in it then.
func (c *checker) readList(ctx context.Context, caID int64) error {
	der, err := c.app.CRL(ctx, caID, c.now)
	var list *x509.RevocationList
	if err == nil {
		list, err = x509.ParseRevocationList(der)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		c.lists.wrong[caID] = true
		c.violation(6, fmt.Sprintf("CA %016x", uint64(caID)), "its revocation list cannot be made (%v): %s", err, restore)
		return nil
	}
	serials := make(map[serialKey]struct{}, len(list.RevokedCertificateEntries))
	for _, e := range list.RevokedCertificateEntries {
		serials[keyOf(caID, e.SerialNumber.Bytes())] = struct{}{}
	}
	c.lists.lists[caID] = serials
	return nil
}
