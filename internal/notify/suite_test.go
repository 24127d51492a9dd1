package notify

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/notify/smtptest"
)

// behaviour is what the other side does.
type behaviour string

// The behaviours that every channel has an answer to.
const (
	takes      behaviour = "takes it"
	isDown     behaviour = "refuses connections"
	stalls     behaviour = "says nothing"
	drops      behaviour = "drops the line after it has read everything"
	isBusy     behaviour = "refuses for now"
	throttles  behaviour = "is asked too often"
	breaks     behaviour = "breaks"
	refuses    behaviour = "refuses for good"
	isTooLarge behaviour = "finds it too large"
)

// channelUnderTest is a channel with the other side that it delivers to.
type channelUnderTest interface {
	behave(t *testing.T, b behaviour)
	deliver(ctx context.Context) error
	// arrived is how many deliveries the other side read whole.
	arrived() int
	// secrets are what no error may repeat.
	secrets() []string
}

// channels is every channel, each with its other side.
var channels = map[string]func(t *testing.T) channelUnderTest{
	"smtps":    func(t *testing.T) channelUnderTest { return newMailSide(t, smtptest.TLS) },
	"starttls": func(t *testing.T) channelUnderTest { return newMailSide(t, smtptest.STARTTLS) },
	"webhook":  func(t *testing.T) channelUnderTest { return newWebSide(t, true) },
	"slack":    func(t *testing.T) channelUnderTest { return newWebSide(t, false) },
}

// patience is how long a stalled delivery is given in these tests.
const patience = 300 * time.Millisecond

func TestChannels(t *testing.T) {
	for name, start := range channels {
		t.Run(name, func(t *testing.T) {
			for _, c := range []struct {
				behaviour
				permanent, late bool
				arrives         int
			}{
				{behaviour: takes, arrives: 1},
				{behaviour: isDown},
				{behaviour: stalls, late: true},
				{behaviour: drops, arrives: 1},
				{behaviour: isBusy},
				{behaviour: throttles},
				{behaviour: breaks},
				{behaviour: refuses, permanent: true},
				{behaviour: isTooLarge, permanent: true},
			} {
				t.Run(string(c.behaviour), func(t *testing.T) {
					side := start(t)
					side.behave(t, c.behaviour)
					ctx := t.Context()
					if c.late {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, patience)
						defer cancel()
					}
					began := time.Now()
					err := side.deliver(ctx)
					checkOutcome(t, err, c.behaviour == takes, c.permanent)
					checkSilent(t, err, side.secrets())
					if c.late && !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("error %v, want one that says the time was up", err)
					}
					if took := time.Since(began); c.late && took > 10*patience {
						t.Errorf("took %s, long after its context had ended", took)
					}
					if got := side.arrived(); got != c.arrives {
						t.Errorf("%d deliveries arrived, want %d", got, c.arrives)
					}
				})
			}
		})
	}
}

// TestRecovers holds that a channel keeps nothing of a failure: the next delivery
// after any trouble arrives.
func TestRecovers(t *testing.T) {
	for name, start := range channels {
		t.Run(name, func(t *testing.T) {
			side := start(t)
			for _, b := range []behaviour{isDown, drops, isBusy, refuses} {
				side.behave(t, b)
				if err := side.deliver(t.Context()); err == nil {
					t.Errorf("delivered to a side that %s", b)
				}
				before := side.arrived()
				side.behave(t, takes)
				if err := side.deliver(t.Context()); err != nil {
					t.Errorf("after a side that %s: %v", b, err)
				}
				if got := side.arrived(); got != before+1 {
					t.Errorf("after a side that %s: %d arrived, want 1", b, got-before)
				}
			}
		})
	}
}

// TestCancelled holds that nothing leaves once its context has ended.
func TestCancelled(t *testing.T) {
	for name, start := range channels {
		t.Run(name, func(t *testing.T) {
			side := start(t)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			err := side.deliver(ctx)
			checkOutcome(t, err, false, false)
			if !errors.Is(err, context.Canceled) || side.arrived() != 0 {
				t.Errorf("error %v and %d arrived, want one that says it was cancelled", err, side.arrived())
			}
		})
	}
}

func checkOutcome(t *testing.T, err error, delivered, permanent bool) {
	t.Helper()
	var final *app.PermanentError
	switch {
	case delivered && err != nil:
		t.Errorf("error %v, want none", err)
	case !delivered && err == nil:
		t.Error("no error, want one")
	case errors.As(err, &final) != permanent:
		t.Errorf("error %v: permanent is %t, want %t", err, !permanent, permanent)
	}
}

func checkSilent(t *testing.T, err error, secrets []string) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, s := range secrets {
			if s == "" || strings.Contains(err.Error(), s) {
				t.Errorf("error %q repeats %q", err, s)
			}
		}
	}
}

// mailSide is the SMTP channel and a real server.
type mailSide struct {
	server *smtptest.Server
	mailer *SMTP
	mail   app.Mail
}

func newMailSide(t *testing.T, encryption smtptest.Encryption) *mailSide {
	t.Helper()
	server := smtptest.Start(t, encryption)
	mailer, err := NewSMTP(server.URL(), "Segue <segue@mail.example>")
	if err != nil {
		t.Fatal(err)
	}
	mailer.Roots = server.Roots()
	m, err := NewRenderer().Digest(acme(t), 0x2f1)
	if err != nil {
		t.Fatal(err)
	}
	return &mailSide{server: server, mailer: mailer, mail: m}
}

func (s *mailSide) behave(t *testing.T, b behaviour) {
	s.server.Down()
	if b == isDown {
		return
	}
	s.server.Up(t)
	s.server.Play(map[behaviour]smtptest.Script{
		stalls:     smtptest.At(smtptest.From, smtptest.Answer{Stall: true}),
		drops:      smtptest.At(smtptest.Data, smtptest.Answer{Drop: true}),
		isBusy:     smtptest.At(smtptest.To, smtptest.Answer{Code: 450, Text: "mailbox busy"}),
		throttles:  smtptest.At(smtptest.From, smtptest.Answer{Code: 451, Text: "too many mails, come back later"}),
		breaks:     smtptest.At(smtptest.Data, smtptest.Answer{Code: 451, Text: "local error in processing"}),
		refuses:    smtptest.Recipients(map[string]smtptest.Answer{s.mail.To: {Code: 550, Text: "no such user here"}}),
		isTooLarge: smtptest.At(smtptest.Data, smtptest.Answer{Code: 552, Text: "too large"}),
	}[b])
}

func (s *mailSide) deliver(ctx context.Context) error { return s.mailer.Send(ctx, s.mail) }

func (s *mailSide) arrived() int { return len(s.server.Messages()) }

func (s *mailSide) secrets() []string {
	return []string{
		smtptest.Password, s.server.URL(), strings.SplitAfter(s.server.URL(), "//")[1],
		base64.StdEncoding.EncodeToString([]byte("\x00" + smtptest.User + "\x00" + smtptest.Password)),
	}
}

// webSide is a channel over HTTP and a real receiver.
type webSide struct {
	poster app.Poster
	url    string
	secret string

	address string
	server  *httptest.Server
	mu      sync.Mutex
	now     behaviour
	bodies  []delivery
	changed chan struct{} // closed when the behaviour changes
}

// delivery is what a receiver read.
type delivery struct {
	header http.Header
	body   string
}

// hidden is the part of a URL that lets its holder post.
const hidden = "T024BE7LD-one-time-secret"

func newWebSide(t *testing.T, signed bool) *webSide {
	t.Helper()
	s := &webSide{now: takes, address: "127.0.0.1:0", changed: make(chan struct{})}
	s.up(t)
	t.Cleanup(s.down)
	out := NewOutgoing(true)
	s.url = "http://" + s.address + "/services/" + hidden
	if s.poster = NewSlack(out); signed {
		s.poster, s.secret = NewWebhook(out, time.Now), NewWebhookSecret()
	}
	return s
}

func (s *webSide) up(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	s.server = httptest.NewUnstartedServer(s)
	_ = s.server.Listener.Close()
	s.server.Listener = listener
	s.server.Start()
}

func (s *webSide) down() {
	s.mu.Lock()
	close(s.changed)
	s.changed = make(chan struct{})
	server := s.server
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		server.CloseClientConnections()
		server.Close()
	}
}

func (s *webSide) behave(t *testing.T, b behaviour) {
	s.down()
	s.mu.Lock()
	s.now = b
	s.mu.Unlock()
	if b != isDown {
		s.up(t)
	}
}

func (s *webSide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	now, changed := s.now, s.changed
	if err == nil && (now == takes || now == drops) {
		s.bodies = append(s.bodies, delivery{r.Header.Clone(), string(body)})
	}
	s.mu.Unlock()
	switch now {
	case stalls:
		<-changed
	case drops:
		panic(http.ErrAbortHandler)
	default:
		w.WriteHeader(map[behaviour]int{takes: 204, isBusy: 503, throttles: 429, breaks: 500, refuses: 403, isTooLarge: 413}[now])
		_, _ = io.WriteString(w, "an answer that repeats "+r.URL.Path)
	}
}

func (s *webSide) deliver(ctx context.Context) error {
	return s.poster.Post(ctx, s.url, s.secret, event(app.EventRenewalCreated))
}

func (s *webSide) arrived() int { return len(s.read()) }

func (s *webSide) read() []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]delivery(nil), s.bodies...)
}

func (s *webSide) secrets() []string {
	secrets := []string{hidden, s.url, s.address}
	if s.secret != "" {
		secrets = append(secrets, s.secret)
	}
	return secrets
}
