package pki

import (
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The organizational units of what is not a user. "@" cannot occur in a name.
const (
	brokersUnit = "@brokers"
	adminUnit   = "@admin"
)

// checkName holds the rule for names of projects, services and users once more,
// beside the use cases: a name that breaks it could change the meaning of a
// distinguished name. field says whose name it is.
func checkName(field, name string) error {
	ok := len(name) >= 1 && len(name) <= 64 && name[0] != '.' && name[0] != '-'
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		ok = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
	}
	if !ok {
		return fmt.Errorf("a certificate's %s must be 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter, a digit or '_'", field)
	}
	if name == "ANONYMOUS" || name == "nobody" {
		return fmt.Errorf("a certificate's %s must not be a name that Kafka or Segue gives a meaning of its own", field)
	}
	return nil
}

// subjectDER encodes a subject in the order O, OU, CN, one attribute each. An
// empty unit is left out.
func subjectDER(project, unit, commonName string) ([]byte, error) {
	name := pkix.Name{Organization: []string{project}, CommonName: commonName}
	if unit != "" {
		name.OrganizationalUnit = []string{unit}
	}
	der, err := asn1.Marshal(name.ToRDNSequence())
	if err != nil {
		return nil, fmt.Errorf("encode a subject: %w", err)
	}
	return der, nil
}

// userURI is the URI SAN of a user's certificate.
func userURI(project, service, user string) *url.URL {
	return &url.URL{Scheme: "segue", Opaque: project + "/" + service + "/" + user}
}

// hostNames are a broker's subject alternative names, sorted and each once, so
// that a certificate made again has the same whatever order they came in: a live
// Kafka broker refuses a keystore whose names changed.
type hostNames struct {
	dns       []string
	addresses []net.IP
}

// readHosts reads DNS names and addresses in their canonical form and returns
// that of the first, the broker's host.
func readHosts(host string, alt []string) (canonical string, names hostNames, err error) {
	var addresses []netip.Addr
	for i, h := range append([]string{host}, alt...) {
		addr, err := netip.ParseAddr(h)
		switch {
		case err == nil && addr.Zone() == "":
			addr = addr.Unmap()
			addresses = append(addresses, addr)
			h = addr.String()
		case isHostName(h):
			h = strings.ToLower(h)
			names.dns = append(names.dns, h)
		default:
			return "", hostNames{}, errors.New("a broker's host and alternatives must be DNS names or addresses")
		}
		if i == 0 {
			canonical = h
		}
	}
	slices.Sort(names.dns)
	names.dns = slices.Compact(names.dns)
	slices.SortFunc(addresses, netip.Addr.Compare)
	for _, addr := range slices.Compact(addresses) {
		names.addresses = append(names.addresses, addr.AsSlice())
	}
	return canonical, names, nil
}

// ValidHost reports whether host is a DNS name or an address that a broker's
// certificate can carry.
func ValidHost(host string) bool {
	addr, err := netip.ParseAddr(host)
	return (err == nil && addr.Zone() == "") || isHostName(host)
}

// isHostName reports whether host is a DNS name. Underscores are let through, as
// container networks use them; a last label of digits alone is not, as that is
// an address written wrongly.
func isHostName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range []byte(label) {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
		last = label
	}
	return strings.Trim(last, "0123456789") != ""
}

// maxCommonName is ub-common-name of RFC 5280.
const maxCommonName = 64

// hostCommonName is the common name of a broker: its host, or, where that is
// longer than a common name may be, its beginning and a hash of all of it, which
// is the same each time and differs between hosts. Clients look at the SANs only.
func hostCommonName(host string) string {
	if len(host) <= maxCommonName {
		return host
	}
	sum := sha256.Sum256([]byte(host))
	mark := "-" + hex.EncodeToString(sum[:8])
	return host[:maxCommonName-len(mark)] + mark
}
