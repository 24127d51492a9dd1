package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/segue-project/segue/internal/app"
)

// Clusters reaches clusters through the REPL listeners of their brokers, as the
// admin whom their kits make a super user. It implements app.Clusters.
type Clusters struct{}

var _ app.Clusters = Clusters{}

// The limits of one request. The caller's context bounds them all together.
const (
	dialWithin    = 5 * time.Second
	requestWithin = 15 * time.Second
	retryWithin   = 20 * time.Second
	retries       = 3
)

// admin is a cluster asked as its administrator; it implements app.Cluster.
type admin struct {
	client *kgo.Client
	kadm   *kadm.Client
}

// Connect makes ready to ask; brokers are dialled by the first request.
func (Clusters) Connect(a app.ClusterAccess) (app.Cluster, error) {
	pair, err := tls.X509KeyPair(a.Cert, a.Key)
	if err != nil {
		return nil, fmt.Errorf("admin pair of a cluster: %w", err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(a.CAs) {
		return nil, errors.New("admin pair of a cluster: its authority cannot be read")
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(a.Addresses...),
		kgo.DialTLSConfig(&tls.Config{
			MinVersion: tls.VersionTLS12, RootCAs: trusted,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil },
		}),
		kgo.DialTimeout(dialWithin), kgo.RequestTimeoutOverhead(requestWithin), kgo.RetryTimeout(retryWithin), kgo.RequestRetries(retries),
		kgo.ClientID("segue"), kgo.SoftwareNameAndVersion("segue", "1"),
	)
	if err != nil {
		return nil, fmt.Errorf("make a client of a cluster: %w", err)
	}
	return &admin{client: client, kadm: kadm.NewClient(client)}, nil
}

// Close ends every connection.
func (a *admin) Close() { a.client.Close() }

// explain says in words what is wrong at a cluster and what to do; the cause comes last.
func explain(err error) error {
	var dial *net.OpError
	var alert tls.AlertError
	var certificate *tls.CertificateVerificationError
	words := "the brokers refused a request of Segue's admin"
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &certificate):
		words = "a broker's REPL listener shows a certificate that is not of the service's broker kit: install the kit there"
	case errors.As(err, &alert):
		words = "a broker's REPL listener does not take Segue's certificate: it must trust the cluster CA of the service's broker kit"
	case errors.As(err, &dial) && dial.Op == "dial":
		words = "no broker answers at its REPL listener: see that the brokers run and that Segue reaches them"
	case errors.Is(err, kerr.SecurityDisabled):
		words = "the brokers have no authorizer: set authorizer.class.name as the broker kit has it"
	case errors.Is(err, kerr.ClusterAuthorizationFailed):
		words = "the brokers do not let Segue's admin change them: super.users must hold User:" + adminPrincipal + ", as the broker kit has it"
	}
	return fmt.Errorf("%s (%w)", words, err)
}
