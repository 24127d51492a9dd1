package smtptest

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
)

// Mail is a message taken apart.
type Mail struct {
	Header   mail.Header
	Subject  string // decoded
	Text     string
	HTML     string
	Calendar string
	Types    []string // of the parts that are not multipart, in their order
	Files    []string // names of attachments
}

// MessageID is the header without its brackets.
func (m Mail) MessageID() string { return strings.Trim(m.Header.Get("Message-ID"), "<>") }

// Parse takes the message apart.
func (m Message) Parse(t testing.TB) Mail {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatalf("read the mail: %v", err)
	}
	parsed := Mail{Header: message.Header}
	if parsed.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		t.Fatalf("decode the subject: %v", err)
	}
	parsed.part(t, message.Header.Get("Content-Type"), message.Header.Get("Content-Transfer-Encoding"), "", message.Body)
	return parsed
}

// part takes in one part and those within it.
func (m *Mail) part(t testing.TB, contentType, encoding, file string, body io.Reader) {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatalf("content type %q: %v", contentType, err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, parameters["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("next part: %v", err)
			}
			m.part(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p.FileName(), p)
		}
	}
	m.Types = append(m.Types, kind)
	text := decode(t, encoding, body)
	if file != "" {
		m.Files = append(m.Files, file)
	}
	switch kind {
	case "text/plain":
		m.Text = text
	case "text/html":
		m.HTML = text
	case "text/calendar":
		m.Calendar = text
	}
}

func decode(t testing.TB, encoding string, body io.Reader) string {
	t.Helper()
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("decode a part: %v", err)
	}
	return string(text)
}
