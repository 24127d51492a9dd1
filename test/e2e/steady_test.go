package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// steady is a producer and a consumer that stay connected. They read their files
// anew at each connection, as a Go client can.
type steady struct {
	topic    string
	dir      string
	producer *kgo.Client
	consumer *kgo.Client
	stop     context.CancelFunc
	done     sync.WaitGroup

	mu       sync.Mutex
	pair     *tls.Certificate // the last one that was whole
	conns    []net.Conn
	sent     int             // acknowledged by the broker
	received map[string]bool // what the consumer saw
	failures []error
}

// startSteady sends a numbered record every 50 ms and reads them all.
func startSteady(t testing.TB, address, dir, topic string) *steady {
	t.Helper()
	s := &steady{topic: topic, dir: dir, received: map[string]bool{}}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	dial := kgo.Dialer(s.dialer(&tls.Config{RootCAs: roots, GetClientCertificate: s.certificate}))
	options := []kgo.Opt{kgo.SeedBrokers(address), dial, kgo.ConnIdleTimeout(10 * time.Minute), kgo.RecordDeliveryTimeout(30 * time.Second)}
	if s.producer, err = kgo.NewClient(options...); err != nil {
		t.Fatal(err)
	}
	start := kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}})
	if s.consumer, err = kgo.NewClient(append(options, start)...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.done.Go(func() { s.produce(ctx) })
	s.done.Go(func() { s.consume(ctx) })
	t.Cleanup(s.close)
	return s
}

func (s *steady) close() {
	s.stop()
	s.done.Wait()
	s.producer.Close()
	s.consumer.Close()
}

// certificate reads the pair. While a download replaces its two files they may
// not fit each other for a moment; then the last whole pair serves.
func (s *steady) certificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(s.dir, "service.cert"), filepath.Join(s.dir, "service.key"))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.pair = &pair
	}
	if s.pair == nil {
		return nil, err
	}
	return s.pair, nil
}

func (s *steady) dialer(config *tls.Config) func(context.Context, string, string) (net.Conn, error) {
	dialer := &tls.Dialer{Config: config}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
		}
		return conn, err
	}
}

func (s *steady) produce(ctx context.Context) {
	for ctx.Err() == nil {
		s.mu.Lock()
		value := fmt.Sprint(s.sent)
		s.mu.Unlock()
		err := s.producer.ProduceSync(context.WithoutCancel(ctx), &kgo.Record{Topic: s.topic, Value: []byte(value)}).FirstErr()
		s.mu.Lock()
		if err != nil {
			s.failures = append(s.failures, fmt.Errorf("send %s: %w", value, err))
		}
		s.sent++
		s.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *steady) consume(ctx context.Context) {
	for ctx.Err() == nil {
		fetches := s.consumer.PollFetches(ctx)
		s.mu.Lock()
		if err := fetches.Err0(); err != nil && ctx.Err() == nil {
			s.failures = append(s.failures, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { s.received[string(r.Value)] = true })
		s.mu.Unlock()
	}
}

// connections is how many were made so far.
func (s *steady) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// reconnect cuts every connection and waits until records go over new ones.
func (s *steady) reconnect(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	had, sent := len(s.conns), s.sent
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	eventually(t, 30*time.Second, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.conns) == had || s.sent < sent+20 {
			return fmt.Errorf("%d new connections, %d records since", len(s.conns)-had, s.sent-sent)
		}
		return nil
	})
}

// lostNothing checks that every record that was sent so far arrives.
func (s *steady) lostNothing(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	sent := s.sent
	s.mu.Unlock()
	eventually(t, 30*time.Second, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i := range sent {
			if !s.received[fmt.Sprint(i)] {
				return fmt.Errorf("record %d of %d did not arrive", i, sent)
			}
		}
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, err := range s.failures {
		t.Errorf("the client that stays connected: %v", err)
	}
	t.Logf("%d records over %d connections, none lost", sent, len(s.conns))
}
