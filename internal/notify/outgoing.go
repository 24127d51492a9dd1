package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/segue-project/segue/internal/app"
)

const (
	// postTimeout bounds one delivery from the look-up of the name to the last byte.
	postTimeout = 20 * time.Second
	// longestURL bounds a channel's address, in bytes.
	longestURL = 2048
	// mostHeader bounds the head of an answer, in bytes. Its body says nothing that
	// counts, and is not read.
	mostHeader = 64 << 10
	// mostRedirects bounds how often one delivery is sent on.
	mostRedirects = 3
)

// Outgoing posts to addresses that somebody else chose. It reaches public
// addresses alone: each is checked when it is dialled, after its name was looked
// up, so that neither a name nor a change of a name leads into the network where
// Segue runs. For the same reason it follows no redirect to another host and uses
// no proxy, whatever the environment says.
type Outgoing struct {
	client       *http.Client
	allowPrivate bool
}

// NewOutgoing returns what webhooks and Slack share. allowPrivate lifts the limit
// to public addresses, and lets plain http reach this machine.
func NewOutgoing(allowPrivate bool) *Outgoing {
	dialer := &net.Dialer{Timeout: postTimeout / 2}
	if !allowPrivate {
		dialer.Control = checkDialled
	}
	transport := &http.Transport{
		Proxy:                  nil, // a proxy would dial in our place, unchecked
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    postTimeout / 2,
		ResponseHeaderTimeout:  postTimeout,
		MaxResponseHeaderBytes: mostHeader,
		DisableKeepAlives:      true, // each delivery dials, and is checked, anew
		DisableCompression:     true,
	}
	return &Outgoing{
		client:       &http.Client{Transport: transport, CheckRedirect: checkRedirect},
		allowPrivate: allowPrivate,
	}
}

var (
	errNotPublic = errors.New("the host lies in a private network: name one with a public address, or run segue serve with --allow-private-webhooks")
	errSentOn    = errors.New("the receiver sends on to another address: give the channel that one")
)

// checkDialled refuses an address that is not public, once it is known by number.
func checkDialled(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(to.Addr()) {
		return errNotPublic
	}
	return nil
}

// notPublic are the blocks that lead to nobody in the public network, of those
// that netip has no word for: the registries of special-purpose addresses
// (RFC 6890), without those that hold an IPv4 address to look at in its own right.
var notPublic = prefixes(
	"0.0.0.0/8",        // this network
	"100.64.0.0/10",    // carrier-grade NAT, where some clouds keep their metadata
	"168.63.129.16/32", // a cloud's own services, in a public block
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"240.0.0.0/4",    // reserved, with broadcast
	"64:ff9b:1::/48", // NAT64 of one's own
	"2001::/23",      // Teredo, ORCHID and the like
	"2001:db8::/32", "2002::/16", "3fff::/20",
)

// publicV6 is what IPv6 gives out; everything beside it is special.
var publicV6 = netip.MustParsePrefix("2000::/3")

// nat64 holds an IPv4 address in its last four bytes (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func prefixes(all ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(all))
	for i, p := range all {
		parsed[i] = netip.MustParsePrefix(p)
	}
	return parsed
}

// isPublic reports whether an address belongs to the public network. An IPv4
// address counts in each form that IPv6 has for it and a host may translate.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if a.Is6() && !publicV6.Contains(a) {
		return false
	}
	return a.IsGlobalUnicast() && !a.IsPrivate() &&
		!slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a) })
}

// checkRedirect follows only to the same host by the same scheme, and only where
// the request stays what it is: 301 to 303 would make an empty one of it, whose
// success would mean nothing.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	if next.Method != first.Method || next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host || len(via) > mostRedirects {
		return errSentOn
	}
	return nil
}

// CheckURL refuses an address that could never be delivered to. Its errors repeat
// nothing of it: it may be a secret.
func (o *Outgoing) CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > longestURL || u.Opaque != "" || u.Hostname() == "" {
		return errors.New("it must be a web address, such as https://hooks.example.com/segue")
	}
	ip, notIP := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || (notIP == nil && ip.Unmap().IsLoopback())
	switch port, portErr := strconv.Atoi(u.Port()); {
	case u.Scheme != "https" && !(u.Scheme == "http" && here && o.allowPrivate):
		return errors.New("it must begin with https://")
	case u.User != nil:
		return errors.New("it must hold no user and no password: deliveries are signed instead")
	case u.Fragment != "":
		return errors.New("it must hold no #: what follows would not be sent")
	case u.Port() != "" && (portErr != nil || port < 1 || port > 65535):
		return errors.New("its port must be 1 to 65535")
	case !o.allowPrivate && (u.Hostname() == "localhost" || (notIP == nil && !isPublic(ip))):
		return errNotPublic
	}
	return nil
}

// post delivers a body, and sorts what came back: nil only for an answer of 2xx.
// No error repeats the address or the answer.
func (o *Outgoing) post(ctx context.Context, address string, header http.Header, body []byte) error {
	if err := o.CheckURL(address); err != nil {
		return &app.PermanentError{Err: fmt.Errorf("the channel's URL cannot be used: %w", err)}
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return &app.PermanentError{Err: errors.New("the channel's URL cannot be used: set another")}
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Segue")
	response, err := o.client.Do(request)
	if err != nil {
		return unreached(ctx, err)
	}
	_ = response.Body.Close()
	return answered(response.StatusCode)
}

// unreached says why there was no answer, in words of our own: the error at hand
// repeats the address.
func unreached(ctx context.Context, err error) error {
	var timeout net.Error
	var unknown *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var foreign x509.HostnameError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the receiver did not answer in time: %w", ctx.Err())
	case errors.Is(err, errNotPublic):
		return &app.PermanentError{Err: errNotPublic}
	case errors.Is(err, errSentOn):
		return errSentOn
	case errors.As(err, &unknown):
		return errors.New("the receiver's name cannot be looked up")
	case errors.As(err, &untrusted), errors.As(err, &foreign):
		return errors.New("the receiver's certificate is not to be trusted")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("the receiver refuses connections")
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("the receiver did not answer in time")
	}
	return errors.New("the connection to the receiver broke")
}

// final are the answers that another attempt would get again.
var final = []int{
	http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
	http.StatusMethodNotAllowed, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity,
}

// answered sorts an answer by its status.
func answered(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusGone:
		return &app.PermanentError{Err: errors.New("the receiver is gone for good (410): delete the channel, or make it again with another URL")}
	case slices.Contains(final, status):
		return &app.PermanentError{Err: fmt.Errorf("the receiver refuses (%d): look at its settings, or make the channel again", status)}
	}
	return fmt.Errorf("the receiver answered %d", status)
}
