package console

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
)

func (s *server) settingsRoutes() {
	const settings = "/projects/{project}/settings"
	in := func(p page) http.HandlerFunc { return s.inProject("settings", p) }
	s.mux.HandleFunc("GET "+settings, in((*visit).settingsPage))
	s.mux.HandleFunc("POST "+settings+"/policy", in((*visit).setPolicy))
	s.mux.HandleFunc("POST "+settings+"/contacts", in((*visit).setContacts))
	s.mux.HandleFunc("POST "+settings+"/test-mail", in((*visit).sendTestMail))
	s.mux.HandleFunc("GET "+settings+"/ca.pem", in((*visit).projectCA))
	s.channelRoutes(settings+"/channels", in)
}

// settingsView is a project's settings, or those that a service sets itself.
type settingsView struct {
	frame
	Service  string // empty: the project's
	Services serviceNames
	Policy   app.PolicyView
	Form     policyForm
	Preview  *app.PolicyPreview // of what the form says; nil before it was asked for
	Contacts string             // one address a line
	Channels []channelRow       // the project's
	Mail     healthLine
	Mails    bool // mail leaves this Segue
	CAs      []caView
	// Refused is why a form was not taken, and which.
	Refused, RefusedForm string
}

// The forms of the page.
const (
	formPolicy   = "policy"
	formContacts = "contacts"
)

// channelRow is a channel and how it fares.
type channelRow struct {
	app.Channel
	Line healthLine
}

// caView is an authority that the project's clients trust.
type caView struct {
	Name        string
	NotAfter    time.Time
	Fingerprint string // SHA-256, in pairs of hex digits
}

func (v *visit) settingsPage() error {
	s, err := v.settings(v.r.URL.Query().Get("service"))
	if err != nil {
		return err
	}
	return v.show("Settings", settingsPage(s))
}

// settings reads what the page shows.
func (v *visit) settings(service string) (settingsView, error) {
	ctx, project := v.r.Context(), v.frame.Project
	s := settingsView{frame: v.frame, Service: service}
	var err error
	if s.Policy, err = v.App.GetPolicy(ctx, v.actor, project, service, v.now); err != nil {
		return s, err
	}
	s.Form = storedPolicy(s.Policy, s.level())
	if s.Services, err = v.serviceNames(); err != nil {
		return s, err
	}
	if service != "" {
		emails, err := v.App.ServiceContacts(ctx, v.actor, project, service, v.now)
		s.Contacts = strings.Join(emails, "\n")
		return s, err
	}
	p, err := v.App.GetProject(ctx, v.actor, project, v.now)
	if err != nil {
		return s, err
	}
	s.Contacts = strings.Join(p.TechEmails, "\n")
	health, err := v.App.ProjectHealth(ctx, v.actor, project, v.now)
	if err != nil {
		return s, err
	}
	s.Mails, s.Mail = health.MailConfigured, mailLine(health, v.now, v.frame.Zone)
	if s.Channels, err = v.channels(health); err != nil {
		return s, err
	}
	bundle, err := v.App.ProjectCA(ctx, v.actor, project, v.now)
	if err != nil {
		return s, err
	}
	s.CAs, err = authorities([]byte(bundle))
	return s, err
}

func (v *visit) channels(h app.Health) ([]channelRow, error) {
	found, err := v.App.ListChannels(v.r.Context(), v.actor, v.frame.Project, v.now)
	rows := make([]channelRow, len(found))
	for i, c := range found {
		health := app.ChannelHealth{Name: c.Name, Kind: c.Kind}
		for _, known := range h.Channels {
			if known.Name == c.Name {
				health = known
			}
		}
		rows[i] = channelRow{c, channelLine(health, v.now, v.frame.Zone)}
	}
	return rows, err
}

// authorities reads the certificates of a bundle.
func authorities(bundle []byte) ([]caView, error) {
	var found []caView
	for {
		var block *pem.Block
		if block, bundle = pem.Decode(bundle); block == nil {
			return found, nil
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(cert.Raw)
		found = append(found, caView{Name: cert.Subject.CommonName, NotAfter: cert.NotAfter, Fingerprint: pairs(sum[:])})
	}
}

// pairs are bytes as fingerprints are written: AB:CD:EF.
func pairs(b []byte) string {
	parts := make([]string, len(b))
	for i := range b {
		parts[i] = strings.ToUpper(hex.EncodeToString(b[i : i+1]))
	}
	return strings.Join(parts, ":")
}

func (v *visit) projectCA() error {
	bundle, err := v.App.ProjectCA(v.r.Context(), v.actor, v.frame.Project, v.now)
	if err != nil {
		return err
	}
	v.attach("application/x-pem-file", v.frame.Project+"-ca.pem")
	_, _ = v.w.Write([]byte(bundle)) // a client that went away
	return nil
}

// at is the page of a service, or of the project where it is empty.
func (s settingsView) at(service string) string {
	return queried(s.path("settings"), "service", service)
}

// refuse shows the page again, with what was typed and why it was not taken.
func (v *visit) refuse(s settingsView, form string, err error) error {
	status, e := v.refusal(err)
	s.Refused, s.RefusedForm = inForm(e.Message), form
	return v.showAs(status, "Settings", settingsPage(s))
}

// refusedIn is why a form of the page was not taken; empty where it was.
func (s settingsView) refusedIn(form string) string {
	if s.RefusedForm == form {
		return s.Refused
	}
	return ""
}

func (v *visit) setContacts() error {
	if err := v.form(); err != nil {
		return err
	}
	service, typed := v.r.PostForm.Get("service"), v.r.PostForm.Get("contacts")
	emails := addresses(typed)
	err := v.App.SetContacts(v.r.Context(), v.actor, v.frame.Project, service, emails, v.now)
	if err == nil {
		return v.done(queried(v.frame.path("settings"), "service", service), contactsWords(len(emails), service))
	}
	s, failed := v.settings(service)
	if failed != nil {
		return failed
	}
	s.Contacts = typed
	return v.refuse(s, formContacts, err)
}

func contactsWords(n int, service string) string {
	switch {
	case n == 0 && service != "":
		return "The project's technical contacts are told about " + service + " again."
	case n == 0:
		return "No technical contact is set: admins and operators are told."
	}
	return plural(n, "technical contact") + " " + agree(n) + " told from now on."
}

func (v *visit) sendTestMail() error {
	back := v.frame.path("settings")
	err := v.App.SendTestMail(v.r.Context(), v.actor, v.frame.Project, v.now)
	if isCode(err, app.CodeConflict) {
		return v.done(back, sentence(err.Error()))
	}
	if err != nil {
		return err
	}
	return v.done(back, "A test mail left for "+v.actor.Email+".")
}
