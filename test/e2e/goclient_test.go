package e2e

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// patience bounds one attempt of a client.
const patience = 15 * time.Second

// connect makes a new connection and asks the broker one thing, for with TLS 1.3
// a refusal comes only after the client thinks that it is connected. resumed says
// whether an earlier session was taken up again.
func connect(address string, config *tls.Config) (resumed bool, err error) {
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: patience}, Config: config}
	plain, err := dialer.Dial("tcp", address)
	if err != nil {
		return false, err
	}
	defer func() { _ = plain.Close() }()
	conn := plain.(*tls.Conn)
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return false, err
	}
	// ApiVersions, version 0, correlation id 7, no client id, behind its length.
	request := []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff}
	if _, err := conn.Write(request); err != nil {
		return false, err
	}
	var head [8]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return false, err
	}
	if binary.BigEndian.Uint32(head[4:]) != 7 {
		return false, errors.New("the broker answered another question")
	}
	return conn.ConnectionState().DidResume, nil
}

// refused reports whether err is a broker's word that it does not take the
// certificate. Which word it uses differs from one Java to the next.
func refused(err error) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return false
	}
	switch op.Err.Error() {
	case "tls: unknown certificate", "tls: bad certificate", "tls: expired certificate",
		"tls: unknown certificate authority", "tls: certificate required":
		return true
	}
	return false
}

func newGoClient(address string, config *tls.Config, options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(address), kgo.DialTLSConfig(config),
		kgo.RecordDeliveryTimeout(patience), kgo.RetryTimeout(patience), kgo.UnknownTopicRetries(0),
	}, options...)...)
}

// goSend writes one record by a client, and so a connection, of its own.
func goSend(address string, config *tls.Config, topic, value string) error {
	client, err := newGoClient(address, config)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte(value)}).FirstErr()
}

// goFetch reads a topic from its beginning by a client of its own until the value comes.
func goFetch(address string, config *tls.Config, topic, value string) error {
	client, err := newGoClient(address, config,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("fetch %s: %w", topic, err)
		}
		found := false
		fetches.EachRecord(func(r *kgo.Record) { found = found || string(r.Value) == value })
		if found {
			return nil
		}
	}
}

// goWorks is a round trip by new connections: write, then read what was written.
func goWorks(t testing.TB, address, credentials, topic, value string) {
	t.Helper()
	config := loadTLS(t, credentials)
	if err := goSend(address, config, topic, value); err != nil {
		t.Errorf("Go client: send %s: %v", value, err)
		return
	}
	if err := goFetch(address, config, topic, value); err != nil {
		t.Errorf("Go client: fetch %s: %v", value, err)
	}
}

func javaWorks(t testing.TB, c *javaClient, value string) {
	t.Helper()
	if _, err := c.send(value); err != nil {
		t.Errorf("Java client: send %s: %v", value, err)
		return
	}
	if _, err := c.fetch(value); err != nil {
		t.Errorf("Java client: fetch %s: %v", value, err)
	}
}
