package notify

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
)

//go:embed templates/*.html
var templateFiles embed.FS

var templates = template.Must(template.New("").ParseFS(templateFiles, "templates/*.html"))

// Renderer writes mails.
type Renderer struct{}

var _ app.Renderer = (*Renderer)(nil)

// NewRenderer returns a renderer. It keeps nothing: one serves all.
func NewRenderer() *Renderer { return &Renderer{} }

// page is what every mail has.
type page struct {
	Subject   string
	Preheader string // what mail clients show beside the subject; not part of the mail itself
	Heading   string
	Sub       string // under the heading
	Server    string // where the API is reached; empty when unknown
}

// write renders one of the templates as both parts of a mail.
func write(name string, data any) (document, text string, err error) {
	var out strings.Builder
	if err := templates.ExecuteTemplate(&out, name, data); err != nil {
		return "", "", fmt.Errorf("render the mail %s: %w", name, err)
	}
	text, err = textOf(out.String())
	if err != nil {
		return "", "", fmt.Errorf("read the text off the mail %s: %w", name, err)
	}
	return out.String(), text, nil
}

// nobody stands where no public URL names a host; it can never be one (RFC 6761).
const nobody = "segue.invalid"

var plainHost = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`)

// identify makes the part of a Message-ID, a thread or a calendar entry that is
// right of its parts. Empty parts are left out. A dot within a part, which could
// double or end it, is written as "=2e": '=' may occur there, and in no name.
func identify(publicURL string, parts ...string) string {
	host := nobody
	if u, err := url.Parse(publicURL); err == nil && plainHost.MatchString(u.Hostname()) {
		host = strings.ToLower(u.Hostname())
	}
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, strings.ReplaceAll(p, ".", "=2e"))
		}
	}
	return strings.Join(kept, ".") + "@" + host
}

// messageID is the same for every attempt at a message. The moment it was made at
// tells two messages apart that have one id, as after a backup was restored.
func messageID(publicURL string, id int64, made time.Time, project string) string {
	stamp := ""
	if !made.IsZero() {
		stamp = fmt.Sprintf("%x", made.Unix())
	}
	return identify(publicURL, fmt.Sprintf("%x", uint64(id)), stamp, project)
}

// threadID is what all mails of a project refer to.
func threadID(publicURL, project string) string { return identify(publicURL, "thread", project) }

// Invitation writes the mail that carries a one-time link, the only mail with a secret.
func (*Renderer) Invitation(project, to, invitedBy, link string, expires time.Time) (app.Mail, error) {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return app.Mail{}, fmt.Errorf("render the invitation to %s: its link is no web address: set the public URL", project)
	}
	server := u.Scheme + "://" + u.Host
	by := clean(invitedBy)
	view := invitationView{
		page: page{
			Subject:   fmt.Sprintf("%s invites you to %s", by, project),
			Preheader: "The link inside works once, until " + moment(expires, time.UTC) + ".",
			Heading:   "You are invited to " + project,
			Sub:       "by " + by,
			Server:    server,
		},
		Project: project, InvitedBy: by, Link: link, Until: moment(expires, time.UTC),
	}
	document, text, err := write("invitation.html", view)
	if err != nil {
		return app.Mail{}, err
	}
	digest := sha256.Sum256([]byte("segue invitation\x00" + to + "\x00" + link))
	return app.Mail{
		To: to, Subject: view.Subject, Text: text, HTML: document,
		MessageID: identify(server, hex.EncodeToString(digest[:16]), project),
		ThreadID:  threadID(server, project),
	}, nil
}

type invitationView struct {
	page
	Project, InvitedBy, Link, Until string
}

// steps is what there is to do about one renewal, with the exact commands.
type steps struct {
	Title                  string
	Project, Service, User string
	Generation             int
	Fate                   string // of the old pair; one sentence
	Waits                  bool   // for a certificate signing request
}

// worksUntil is the fate of the one pair that there is while a renewal waits.
func (*steps) worksUntil(end time.Time, zone *time.Location) string {
	return "The pair in use works until " + moment(end, zone) + "."
}
