// Package smtptest runs a real SMTP server within a test: over TLS, with sign-in,
// on loopback. It keeps what it is sent, and misbehaves on demand, as servers do:
// it can be down, refuse at any step with any reply, say nothing, or drop the line,
// also after it has taken a mail and before it has said so.
package smtptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The user and password that the server expects.
const (
	User     = "segue@mail.example"
	Password = "p@ss:w/rd %41?#" // every character that a URL must escape
)

// Host is a name the server's certificate holds, for tests that dial a name.
const Host = "mail.segue.example"

// Encryption says when a connection is encrypted.
type Encryption int

// The ways of encryption.
const (
	TLS      Encryption = iota // from the first byte, smtps
	STARTTLS                   // on demand; sign-in needs it
	Plain                      // never; sign-in works without
)

// Step is a moment of the dialogue.
type Step int

// The steps, in their order.
const (
	Hello Step = iota
	Auth
	From
	To
	Data // the mail was read whole
)

// Answer is what the server does at a step. The zero Answer goes on.
type Answer struct {
	Code int // 4xx or 5xx to refuse; 0 to go on
	Text string
	// Stall keeps the client waiting until the server closes or behaves otherwise.
	Stall bool
	// Drop ends the connection without a reply. At Data the mail is kept all the same.
	Drop bool
}

// Script decides at each step; address is the sender's at From, the recipient's
// at To and at Data, else empty. Several connections may ask at once.
type Script func(step Step, address string) Answer

// Message is a mail that the server read whole, with its envelope.
type Message struct {
	From     string
	To       []string
	Raw      []byte
	Signed   bool // by a client that signed in
	Accepted bool // the client was told so; false where the line was dropped, or nothing said
}

// Server is a running SMTP server.
type Server struct {
	encryption Encryption
	address    string
	config     *tls.Config
	ca         []byte

	mu       sync.Mutex
	running  *smtp.Server
	listener net.Listener
	done     chan struct{} // closed when running has stopped
	script   Script
	changed  chan struct{} // closed when what the server does changes
	messages []Message
	asked    map[Step]int
}

// Start runs a server that takes everything, until the test ends.
func Start(t testing.TB, encryption Encryption) *Server {
	t.Helper()
	s := &Server{
		encryption: encryption, address: "127.0.0.1:0", changed: make(chan struct{}), asked: map[Step]int{},
	}
	s.certify(t)
	s.Up(t)
	t.Cleanup(s.Down)
	return s
}

// Up begins to listen, again at the address it had.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatalf("listen again: %v", err)
	}
	s.address = listener.Addr().String()
	if s.encryption == TLS {
		listener = tls.NewListener(listener, s.config)
	}
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain = Host
	server.ErrorLog = log.New(io.Discard, "", 0) // clients that hang up are what these tests are about
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	server.MaxMessageBytes = 4 << 20
	server.AllowInsecureAuth = s.encryption == Plain
	if s.encryption == STARTTLS {
		server.TLSConfig = s.config
	}
	done := make(chan struct{})
	s.mu.Lock()
	s.running, s.listener, s.done = server, listener, done
	s.mu.Unlock()
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends by Down
	}()
}

// Down refuses connections from now on and ends those that are open.
func (s *Server) Down() {
	s.mu.Lock()
	server, listener, done := s.running, s.listener, s.done
	s.running = nil
	s.change()
	s.mu.Unlock()
	if server != nil {
		_ = server.Close()
		_ = listener.Close() // the server may not have known of it yet
		<-done
	}
}

// Play makes the server follow the script; nil takes everything again.
func (s *Server) Play(script Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = script
	s.change()
}

// change lets go of clients that were kept waiting.
func (s *Server) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// At is a script that gives the answer at one step and goes on at all others.
func At(step Step, a Answer) Script {
	return func(at Step, _ string) Answer {
		if at == step {
			return a
		}
		return Answer{}
	}
}

// Recipients is a script that answers by recipient and takes all others.
func Recipients(answers map[string]Answer) Script {
	return func(at Step, address string) Answer {
		if at == To {
			return answers[address]
		}
		return Answer{}
	}
}

// Address is where the server listens, as host:port.
func (s *Server) Address() string { return s.address }

// URL is the server's address with the user and the password.
func (s *Server) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.address, User: url.UserPassword(User, Password)}
	if s.encryption == TLS {
		u.Scheme = "smtps"
	}
	return u.String()
}

// Roots trusts the server's certificate.
func (s *Server) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.ca)
	return pool
}

// CA is what Roots trusts, as PEM, for a process that reads it from SSL_CERT_FILE.
func (s *Server) CA() []byte { return s.ca }

// Messages are the mails so far, in the order of their arrival.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

// Forget drops the mails so far.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = nil
}

// Asked is how often clients came to a step.
func (s *Server) Asked(step Step) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[step]
}

// certify makes the server's own certificate.
func (s *Server) certify(t testing.TB) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: Host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{Host, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.config = &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	session := &session{server: s, conn: c}
	if err := session.act(Hello, ""); err != nil {
		return nil, err
	}
	return session, nil
}

// session is one connection's dialogue.
type session struct {
	server *Server
	conn   *smtp.Conn
	signed bool
	from   string
	to     []string
}

var _ smtp.AuthSession = (*session)(nil)

// errDropped is the reply that a client does not get any more.
var errDropped = &smtp.SMTPError{Code: 421, EnhancedCode: smtp.NoEnhancedCode, Message: "the line was dropped"}

// act asks the script about a step and does what it says; nil goes on.
func (s *session) act(step Step, address string) error {
	a, changed := s.ask(step, address)
	return s.do(a, changed)
}

// ask is what the script says of a step, and what ends a stall.
func (s *session) ask(step Step, address string) (Answer, <-chan struct{}) {
	s.server.mu.Lock()
	s.server.asked[step]++
	script, changed := s.server.script, s.server.changed
	s.server.mu.Unlock()
	if script == nil {
		return Answer{}, changed
	}
	return script(step, address), changed
}

func (s *session) do(a Answer, changed <-chan struct{}) error {
	if a.Stall {
		<-changed
		a.Drop = true
	}
	switch {
	case a.Drop:
		_ = s.conn.Close()
		return errDropped
	case a.Code != 0:
		return &smtp.SMTPError{Code: a.Code, EnhancedCode: smtp.NoEnhancedCode, Message: a.Text}
	}
	return nil
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := s.act(Auth, ""); err != nil {
			return err
		}
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return s.act(From, from)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.act(To, to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	first := ""
	if len(s.to) > 0 {
		first = s.to[0]
	}
	a, changed := s.ask(Data, first)
	if a.Code == 0 {
		s.server.mu.Lock()
		s.server.messages = append(s.server.messages, Message{
			From: s.from, To: append([]string(nil), s.to...), Raw: raw, Signed: s.signed, Accepted: !a.Stall && !a.Drop,
		})
		s.server.mu.Unlock()
	}
	return s.do(a, changed)
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (*session) Logout() error { return nil }
