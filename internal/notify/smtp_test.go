package notify

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/notify/smtptest"
)

func mailer(t *testing.T, url string) *SMTP {
	t.Helper()
	s, err := NewSMTP(url, "Segue of Acme <segue@mail.example>")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMailArrivesWhole(t *testing.T) {
	side := newMailSide(t, smtptest.TLS)
	if err := side.deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := side.server.Messages()
	if len(got) != 1 || got[0].From != "segue@mail.example" || !slices.Equal(got[0].To, []string{"ilse@acme.example"}) || !got[0].Signed {
		t.Fatalf("envelope %+v", got)
	}
	m, want := got[0].Parse(t), side.mail
	if !slices.Equal(m.Types, []string{"text/plain", "text/html", "text/calendar"}) || !slices.Equal(m.Files, []string{"segue.ics"}) {
		t.Errorf("parts %q, files %q", m.Types, m.Files)
	}
	unix := func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
	if unix(m.Text) != want.Text || unix(m.HTML) != want.HTML || m.Calendar != string(want.Calendar) || m.Subject != want.Subject {
		t.Error("what arrived differs from what was rendered")
	}
	for header, value := range map[string]string{
		"From": `"Segue" <segue@mail.example>`, "To": "<ilse@acme.example>",
		"Message-ID": "<2f1.6b0535f0.acme-prod@segue.acme.example>",
		"References": "<thread.acme-prod@segue.acme.example>", "In-Reply-To": "<thread.acme-prod@segue.acme.example>",
		"Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
	} {
		if got := m.Header.Get(header); got != value {
			t.Errorf("%s: %q, want %q", header, got, value)
		}
	}
	if _, err := m.Header.Date(); err != nil {
		t.Errorf("Date: %v", err)
	}
}

// A line that drops before the server's word leaves it open whether the mail was
// taken. It is sent again, and shows as the same one.
func TestDuplicateHasTheSameMessageID(t *testing.T) {
	side := newMailSide(t, smtptest.TLS)
	side.behave(t, drops)
	if err := side.deliver(t.Context()); err == nil {
		t.Fatal("no error, though the server said nothing")
	}
	side.behave(t, takes)
	if err := side.deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := side.server.Messages()
	if len(got) != 2 || got[0].Accepted || !got[1].Accepted {
		t.Fatalf("%d mails arrived, want one taken in silence and one accepted", len(got))
	}
	if a, b := got[0].Parse(t).MessageID(), got[1].Parse(t).MessageID(); a != b || a == "" {
		t.Errorf("Message-IDs %q and %q differ", a, b)
	}
}

// TestEncryption holds where a mail, and before it the password, may be sent.
func TestEncryption(t *testing.T) {
	remote := func(m *SMTP, s *smtptest.Server) { // the same server, under a name that is not this machine's
		m.host, m.loopback = smtptest.Host, isLoopback(smtptest.Host)
		m.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Address())
		}
	}
	trusting := func(m *SMTP, s *smtptest.Server) { m.Roots = s.Roots() }
	for _, c := range []struct {
		name       string
		encryption smtptest.Encryption
		set        []func(*SMTP, *smtptest.Server)
		want       string // part of the error; empty: it arrives
	}{
		{"smtps, trusted", smtptest.TLS, []func(*SMTP, *smtptest.Server){trusting}, ""},
		{"smtps, not trusted, even here", smtptest.TLS, nil, "not to be trusted"},
		{"smtps by name, trusted", smtptest.TLS, []func(*SMTP, *smtptest.Server){remote, trusting}, ""},
		{"smtps by name, not trusted", smtptest.TLS, []func(*SMTP, *smtptest.Server){remote}, "not to be trusted"},
		{"smtp to this machine, plain", smtptest.Plain, nil, ""},
		{"smtp to this machine, STARTTLS that nobody vouches for", smtptest.STARTTLS, nil, ""},
		{"smtp by name, STARTTLS, trusted", smtptest.STARTTLS, []func(*SMTP, *smtptest.Server){remote, trusting}, ""},
		{"smtp by name, STARTTLS, not trusted", smtptest.STARTTLS, []func(*SMTP, *smtptest.Server){remote}, "not to be trusted"},
		{"smtp by name, plain", smtptest.Plain, []func(*SMTP, *smtptest.Server){remote, trusting}, "STARTTLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := smtptest.Start(t, c.encryption)
			m := mailer(t, server.URL())
			for _, set := range c.set {
				set(m, server)
			}
			err := m.Send(t.Context(), app.Mail{To: "ilse@acme.example", Subject: "s", Text: "t", MessageID: "1@x.example"})
			checkSilent(t, err, []string{smtptest.Password, server.URL()})
			checkOutcome(t, err, c.want == "", false)
			if c.want == "" {
				return
			}
			if err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want one with %q", err, c.want)
			}
			if n := len(server.Messages()) + server.Asked(smtptest.Auth); n != 0 {
				t.Errorf("%d mails or passwords were sent", n)
			}
		})
	}
}

// TestSettingsThatAreWrong holds that what an operator can put right costs no mail.
func TestSettingsThatAreWrong(t *testing.T) {
	server := smtptest.Start(t, smtptest.TLS)
	for _, c := range []struct {
		name   string
		url    string
		script smtptest.Script
		want   string
		checks bool // Check sees it, too
	}{
		{"wrong password", "smtps://segue:other-hunter2@" + server.Address(), nil, "refuses the user or the password", true},
		{"sign-in that is off", server.URL(), smtptest.At(smtptest.Auth, smtptest.Answer{Code: 454, Text: "later " + smtptest.Password}), "refuses the user or the password", true},
		{"no sign-in for a server that wants one", "smtps://" + server.Address(), smtptest.At(smtptest.From, smtptest.Answer{Code: 530, Text: "sign in first"}), `530 "sign in first"`, false},
		{"sender that is refused", server.URL(), smtptest.At(smtptest.From, smtptest.Answer{Code: 550, Text: "not your address"}), `550 "not your address"`, false},
		{"server that greets nobody", server.URL(), smtptest.At(smtptest.Hello, smtptest.Answer{Code: 554, Text: "no service for you"}), "no service for you", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			server.Play(c.script)
			m := mailer(t, c.url)
			m.Roots = server.Roots()
			err := m.Send(t.Context(), app.Mail{To: "ilse@acme.example", Subject: "s", Text: "t", MessageID: "1@x.example"})
			checkOutcome(t, err, false, false)
			checkSilent(t, err, []string{smtptest.Password, "hunter2"})
			if err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want one with %q", err, c.want)
			}
			if err := m.Check(t.Context()); (err != nil) != c.checks {
				t.Errorf("Check: %v, want an error: %t", err, c.checks)
			} else {
				checkSilent(t, err, []string{smtptest.Password, "hunter2"})
			}
		})
	}
}

func TestCheckSendsNothing(t *testing.T) {
	server := smtptest.Start(t, smtptest.TLS)
	m := mailer(t, server.URL())
	m.Roots = server.Roots()
	if err := m.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if server.Asked(smtptest.Auth) != 1 || server.Asked(smtptest.From) != 0 {
		t.Errorf("signed in %d times, began %d mails", server.Asked(smtptest.Auth), server.Asked(smtptest.From))
	}
	server.Down()
	if err := m.Check(t.Context()); err == nil {
		t.Error("no error of a server that is down")
	}
}

// TestStallsAnywhere holds that a context ends whatever step a server stalls at.
func TestStallsAnywhere(t *testing.T) {
	for name, step := range map[string]smtptest.Step{
		"hello": smtptest.Hello, "sign-in": smtptest.Auth, "sender": smtptest.From, "recipient": smtptest.To, "mail": smtptest.Data,
	} {
		t.Run(name, func(t *testing.T) {
			side := newMailSide(t, smtptest.STARTTLS)
			side.server.Play(smtptest.At(step, smtptest.Answer{Stall: true}))
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := side.deliver(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want one that says the time was up", err)
			}
		})
	}
	t.Run("greeting", func(t *testing.T) {
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		for _, scheme := range []string{"smtp", "smtps"} {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := mailer(t, scheme+"://"+silent.Addr().String()).Check(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: error %v, want one that says the time was up", scheme, err)
			}
		}
	})
}

// TestHeadersHold holds that nothing within a mail can begin a header, a part or
// a recipient of its own.
func TestHeadersHold(t *testing.T) {
	server := smtptest.Start(t, smtptest.TLS)
	m := mailer(t, server.URL())
	m.Roots = server.Roots()
	const evil = "x\r\nBcc: all@acme.example\r\n\r\nbody\n.\nMAIL FROM:<x@y.example>"
	err := m.Send(t.Context(), app.Mail{
		To: "ilse@acme.example", Subject: evil, MessageID: evil, ThreadID: evil,
		Text: "first\n.\nQUIT\n..last", HTML: "<p>\n.\n</p>",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := server.Messages()
	if len(got) != 1 || !slices.Equal(got[0].To, []string{"ilse@acme.example"}) {
		t.Fatalf("%d mails, the first to %q", len(got), got[0].To)
	}
	mail := got[0].Parse(t)
	if mail.Header.Get("Bcc") != "" || strings.ContainsAny(mail.Subject, "\r\n") {
		t.Errorf("headers %v", mail.Header)
	}
	if want := "first\r\n.\r\nQUIT\r\n..last"; mail.Text != want {
		t.Errorf("text %q, want %q", mail.Text, want)
	}
	for _, to := range []string{"", "nobody", "a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "<a@b.example> RCPT TO:<c@d.example>"} {
		err := m.Send(t.Context(), app.Mail{To: to, Subject: "s", Text: "t", MessageID: "1@x.example"})
		checkOutcome(t, err, false, true)
	}
	if n := len(server.Messages()); n != 1 {
		t.Errorf("%d mails arrived, want 1", n)
	}
}

func TestNewSMTP(t *testing.T) {
	for url, want := range map[string]SMTP{
		"smtp://mail.example":                       {host: "mail.example", port: 587},
		"smtps://mail.example/":                     {host: "mail.example", port: 465, implicit: true},
		"smtp://u:p%40ss@mail.example:25":           {host: "mail.example", port: 25, user: "u", password: "p@ss"},
		"smtp://localhost:1025":                     {host: "localhost", port: 1025, loopback: true},
		"smtp://[::1]:25":                           {host: "::1", port: 25, loopback: true},
		"smtp://127.8.8.8":                          {host: "127.8.8.8", port: 587, loopback: true},
		"smtps://u%40x.example:p@mail.example:2465": {host: "mail.example", port: 2465, implicit: true, user: "u@x.example", password: "p"},
	} {
		s, err := NewSMTP(url, "segue@x.example")
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if s.host != want.host || s.port != want.port || s.implicit != want.implicit || s.loopback != want.loopback || s.user != want.user || s.password != want.password {
			t.Errorf("%s: %+v, want %+v", url, s, want)
		}
	}
	for _, url := range []string{
		"", "mail.example:25", "http://u:hunter2@mail.example", "smtp://u:hunter2@", "smtp://u@mail.example", "smtp://:hunter2@mail.example",
		"smtp://u:hunter2@mail.example:0", "smtp://u:hunter2@mail.example:99999", "smtp://u:hunter2@mail.example:x", "smtp://u:hunter2/@mail.example",
		"smtp://u:hunter2?@mail.example", "smtp://u:hunter2#@mail.example", "smtp://u:hunter2%zz@mail.example", "smtps://u:hunter2@mail.example/path",
	} {
		_, err := NewSMTP(url, "segue@x.example")
		if err == nil {
			t.Errorf("%s: no error", url)
		}
		checkSilent(t, err, []string{"hunter2"})
	}
	if _, err := NewSMTP("smtp://mail.example", "nobody"); err == nil {
		t.Error("no error of a sender that is no address")
	}
}

func TestOutboxKeepsMail(t *testing.T) {
	o := NewOutbox()
	if o.Leaves() || o.Send(t.Context(), app.Mail{}) != nil || o.Check(t.Context()) != nil {
		t.Error("an outbox must take everything and let nothing leave")
	}
	if !mailer(t, "smtp://mail.example").Leaves() {
		t.Error("SMTP must say that mail leaves")
	}
}
