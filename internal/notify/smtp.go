package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
	mailsmtp "github.com/wneessen/go-mail/smtp"

	"github.com/segue-project/segue/internal/app"
)

const (
	// smtpTimeout bounds one mail from dialling to the server's last word.
	smtpTimeout = time.Minute
	// stepTimeout bounds the dialogue up to the mail, and the mail itself.
	stepTimeout = 30 * time.Second
	// quitTimeout bounds the goodbye, which decides nothing any more.
	quitTimeout = 2 * time.Second
)

// SMTP sends mails by one server.
type SMTP struct {
	// Roots are whom to trust for the server's certificate; nil: the system's.
	// Set it before the first use.
	Roots *x509.CertPool

	host           string
	port           int
	user, password string
	implicit       bool // TLS from the first byte
	loopback       bool // the server is on this machine: TLS is not required
	from           *netmail.Address
	dial           func(ctx context.Context, network, address string) (net.Conn, error)
}

var _ app.Mailer = (*SMTP)(nil)

// NewSMTP reads smtp://[USER:PASSWORD@]HOST[:587], which encrypts by STARTTLS
// always but to a server on this machine, or smtps://[USER:PASSWORD@]HOST[:465],
// and the address that mails come from, with or without a name. Its errors repeat
// nothing of the URL, which may hold a password.
func NewSMTP(server, from string) (*SMTP, error) {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return nil, errors.New("the SMTP URL cannot be read: write smtps://USER:PASSWORD@HOST or smtp://USER:PASSWORD@HOST, with special characters of the password as %XX")
	}
	s := &SMTP{host: u.Hostname(), dial: (&net.Dialer{}).DialContext}
	switch u.Scheme {
	case "smtp":
		s.port, s.loopback = 587, isLoopback(s.host)
	case "smtps":
		s.port, s.implicit = 465, true
	default:
		return nil, errors.New("the SMTP URL must begin with smtps:// or smtp://")
	}
	if (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the SMTP URL must end after the host and the port: write special characters of the password as %XX")
	}
	if u.Port() != "" {
		if s.port, err = strconv.Atoi(u.Port()); err != nil || s.port < 1 || s.port > 65535 {
			return nil, errors.New("the port of the SMTP URL must be 1 to 65535")
		}
	}
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	if (s.user == "") != (s.password == "") {
		return nil, errors.New("the SMTP URL must hold both a user and a password, or neither")
	}
	if s.from, err = netmail.ParseAddress(from); err != nil {
		return nil, errors.New("the address that mails come from is no address: write segue@example.com or Segue <segue@example.com>")
	}
	return s, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.Unmap().IsLoopback())
}

// Leaves reports that mails leave.
func (*SMTP) Leaves() bool { return true }

// Send hands a mail to the server. A refusal of the recipient or of the mail is an
// *app.PermanentError; every other failure may pass, a refused password or sender
// too, which an operator can put right.
func (s *SMTP) Send(ctx context.Context, m app.Mail) error {
	message, err := s.compose(m)
	if err != nil {
		return &app.PermanentError{Err: err}
	}
	return s.talk(ctx, func(c *mail.Client, conn *mailsmtp.Client) error {
		return refusal(c.SendWithSMTPClient(conn, message))
	})
}

// Check connects and signs in, and sends nothing.
func (s *SMTP) Check(ctx context.Context) error {
	return s.talk(ctx, func(_ *mail.Client, conn *mailsmtp.Client) error {
		if err := conn.Noop(); err != nil {
			return fmt.Errorf("the mail server does not answer: %w", err)
		}
		return nil
	})
}

// compose makes the MIME message. Its errors are for good: no other attempt makes
// another message of the same mail.
func (s *SMTP) compose(m app.Mail) (*mail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil {
		return nil, errors.New("the recipient's address is no address: correct it where it was set")
	}
	message := mail.NewMsg(mail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	message.ToMailAddress(&netmail.Address{Address: to.Address})
	message.Subject(clean(m.Subject))
	message.SetDate()
	message.SetMessageIDWithValue(clean(m.MessageID))
	if m.ThreadID != "" {
		thread := "<" + clean(m.ThreadID) + ">"
		message.SetGenHeader(mail.HeaderReferences, thread)
		message.SetGenHeader(mail.HeaderInReplyTo, thread)
	}
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetGenHeader("X-Auto-Response-Suppress", "All")
	message.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	if m.Calendar != nil {
		err = message.AttachReader("segue.ics", bytes.NewReader(m.Calendar), mail.WithFileContentType("text/calendar; charset=utf-8"))
		if err != nil {
			return nil, fmt.Errorf("attach the calendar entry: %w", err)
		}
	}
	return message, nil
}

// talk connects, signs in, does something and says goodbye, all before the context ends.
func (s *SMTP) talk(ctx context.Context, do func(*mail.Client, *mailsmtp.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, smtpTimeout)
	defer cancel() // closes the connection, too
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return timely(ctx, connecting(err))
	}
	if err := do(client, conn); err != nil {
		return timely(ctx, err)
	}
	if conn.UpdateDeadline(quitTimeout) == nil {
		_ = conn.Quit() // the server has taken everything: its goodbye changes nothing
	}
	return nil
}

// client is one dialogue's settings; its connection lives as long as the context.
func (s *SMTP) client(ctx context.Context) (*mail.Client, error) {
	policy := mail.TLSMandatory
	switch {
	case s.implicit: // the dialer has it encrypted
		policy = mail.NoTLS
	case s.loopback:
		policy = mail.TLSOpportunistic
	}
	options := []mail.Option{
		mail.WithPort(s.port), mail.WithTimeout(stepTimeout), mail.WithDialContextFunc(s.dialer(ctx)),
		mail.WithTLSConfig(s.tls()), mail.WithTLSPolicy(policy), mail.WithoutNoop(), mail.WithoutRset(),
	}
	if s.user != "" {
		options = append(options, mail.WithUsername(s.user), mail.WithPassword(s.password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	client, err := mail.NewClient(s.host, options...)
	if err != nil {
		return nil, fmt.Errorf("set up the mail client: %w", err)
	}
	return client, nil
}

func (s *SMTP) tls() *tls.Config {
	return &tls.Config{
		ServerName: s.host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12,
		// On this machine plain text would do, too: nothing is lost where a
		// certificate that nobody vouches for encrypts it.
		InsecureSkipVerify: s.loopback,
	}
}

// dialer opens a connection that is closed when its life ends, whatever it is
// waiting for at that moment.
func (s *SMTP) dialer(life context.Context) mail.DialContextFunc {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := s.dial(ctx, network, net.JoinHostPort(s.host, strconv.Itoa(s.port)))
		if err != nil {
			return nil, err
		}
		context.AfterFunc(life, func() { _ = conn.Close() })
		if !s.implicit {
			return conn, nil
		}
		secure := tls.Client(conn, s.tls())
		return secure, secure.HandshakeContext(ctx)
	}
}

// timely says of a failure that the context's end caused that this was the cause.
func timely(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("the mail server did not answer in time: %w", ended)
	}
	return err
}

// connecting names what kept a dialogue from its first mail.
func connecting(err error) error {
	var reply *textproto.Error
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &reply) && slices.Contains(signInRefusals, reply.Code):
		return fmt.Errorf("the mail server refuses the user or the password of the SMTP URL (%d): correct them", reply.Code)
	case errors.As(err, &untrusted):
		return fmt.Errorf("the mail server's certificate is not to be trusted: %w", err)
	}
	return fmt.Errorf("the mail server cannot be used: %w", err)
}

// signInRefusals are the replies to a sign-in that fails (RFC 4954).
var signInRefusals = []int{432, 454, 530, 534, 535, 538}

// refusal sorts what came back for a mail. Only the recipient or the mail itself
// can be refused for good. A refused sender is this instance's setting: mails wait
// until it is put right.
func refusal(err error) error {
	var failed *mail.SendError
	if !errors.As(err, &failed) {
		return err
	}
	reason := errors.New(clean(err.Error()))
	if failed.ErrorCode()/100 == 5 {
		switch failed.Reason {
		case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose:
			return &app.PermanentError{Err: fmt.Errorf("the mail server refuses for good: %w", reason)}
		}
	}
	return fmt.Errorf("the mail server did not take the mail: %w", reason)
}
