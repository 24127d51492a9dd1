package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// ServiceView is a service as an actor sees it.
type ServiceView struct {
	Service
	Users         []UserView // the primary user first
	ACL           []ACLView  // the newest row last
	Notifications []Notification
}

// Notification is one of a service's messages to people.
type Notification struct {
	Level   string // "warning" or "notice"
	Type    string
	Message string
}

// The types of notifications.
const (
	NoteCertificatesExpiring = "service_user_certificates_expiring"
	NoteBrokerCertsExpiring  = "broker_certificates_expiring"
	NoteNoAddress            = "service_address_missing"
	NoteDeletedPairs         = "deleted_pairs_accepted"
	NoteNobodyTold           = "nobody_is_told"
	NoteNotApplied           = "cluster_not_changed_yet"
	NoteNoSASLAddress        = "service_sasl_address_missing"
)

// nobodyTold is what NoteNobodyTold says.
const nobodyTold = "Nobody would be told of a renewal: the project has no admin, no operator, no technical contact and no channel. Add one of them."

// usersRead is how many users are read at a time for a service's view.
const usersRead = 500

// GetService shows a service with all its users. Where the role sees keys, the
// sight is audited. Its memory grows with the users: see ReadService.
func (a *App) GetService(ctx context.Context, actor Actor, project, service string, now time.Time) (ServiceView, error) {
	reading, err := a.ReadService(ctx, actor, project, service, false, now)
	if err != nil {
		return ServiceView{}, err
	}
	v := reading.ServiceView
	v.Users = nil
	for page, err := range reading.Pages(ctx) {
		if err != nil {
			return ServiceView{}, err
		}
		v.Users = append(v.Users, page...)
	}
	return v, nil
}

// SummarizeService shows a service without its users, of whom there may be very many.
func (a *App) SummarizeService(ctx context.Context, actor Actor, project, service string, now time.Time) (v ServiceView, err error) {
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		if v.Service, err = findService(ctx, r, s, service); err != nil {
			return err
		}
		v.Notifications, err = a.notifications(ctx, r, v.Service, now)
		return err
	})
	return v, err
}

func allUsers(ctx context.Context, r Reader, serviceID int64) ([]User, error) {
	var users []User
	for after := ""; ; after = users[len(users)-1].Name {
		page, err := r.Users(ctx, serviceID, after, usersRead)
		if err != nil {
			return nil, err
		}
		users = append(users, page...)
		if len(page) < usersRead {
			return users, nil
		}
	}
}

// notifications are what somebody should do about the service now; none when nothing.
func (a *App) notifications(ctx context.Context, r Reader, s Service, now time.Time) ([]Notification, error) {
	var notes []Notification
	add := func(level, kind, format string, args ...any) {
		notes = append(notes, Notification{Level: level, Type: kind, Message: fmt.Sprintf(format, args...)})
	}
	if s.CertificateAuth() {
		n, err := r.CountExpiring(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		if n.Renewals > 0 {
			add("warning", NoteCertificatesExpiring, "%s", n.message(now))
		}
	}
	nobody, err := noRecipient(ctx, r, s)
	if err != nil {
		return nil, err
	}
	if nobody {
		add("warning", NoteNobodyTold, "%s", nobodyTold)
	}
	if len(s.Bootstrap()) == 0 {
		add("notice", NoteNoAddress, "The address of this cluster is not known yet: set user_config.bootstrap_servers to \"host:port\".")
	}
	if s.SASLAuth() && len(s.SASLBootstrap()) == 0 {
		add("notice", NoteNoSASLAddress, "Where clients with passwords connect to is not known yet: set user_config.sasl_bootstrap_servers to \"host:port\", then make the broker kit again.")
	}
	switch kit, err := r.NewestBrokerCert(ctx, s.ID); {
	case err == nil && lifecycle.BrokerKitDue(kit.NotAfter, now):
		add("warning", NoteBrokerCertsExpiring, "The brokers' own certificates end at %s: make the broker kit again and install it.", stamp(kit.NotAfter))
	case err != nil && !errors.Is(err, ErrNotFound):
		return nil, err
	}
	note, err := notApplied(ctx, r, s)
	if err != nil {
		return nil, err
	}
	notes = append(notes, note...)
	warning, err := deletedWarning(ctx, r, s.ProjectID, s.Name, "", now)
	if err != nil {
		return nil, err
	}
	if warning != "" {
		add("notice", NoteDeletedPairs, "%s", warning)
	}
	return notes, nil
}

// notApplied says that the brokers lack what was set, where they do.
func notApplied(ctx context.Context, r Reader, s Service) ([]Notification, error) {
	sync, err := clusterSync(ctx, r, s.ID)
	if err != nil {
		return nil, err
	}
	words := sync.pendingWords(s)
	if words == "" {
		return nil, nil
	}
	level := "notice"
	if sync.Error != "" {
		level = "warning"
	}
	return []Notification{{Level: level, Type: NoteNotApplied, Message: "What users may do at the brokers is " + words + "."}}, nil
}

func (n ExpiringCount) message(now time.Time) string {
	what := fmt.Sprintf("%d access certificates are", n.Renewals)
	if n.Renewals == 1 {
		what = "1 access certificate is"
	}
	end := "stops working"
	if now.After(n.First) {
		end = "stopped working"
	}
	const ready = "The renewed pairs are ready and work in parallel until then: put them in use, then acknowledge them."
	const waits = "whoever keeps the key sends a certificate signing request of a new one."
	next := ready
	switch {
	case n.Waiting == n.Renewals && n.Waiting == 1:
		next = "It is not renewed yet, for the policy requires a new key: " + waits
	case n.Waiting == n.Renewals:
		next = "They are not renewed yet, for the policy requires new keys: " + waits
	case n.Waiting > 0:
		next = fmt.Sprintf("%d of them not renewed yet, for the policy requires new keys: %s The other renewed pairs are ready: put them in use, then acknowledge them.", n.Waiting, waits)
	}
	return fmt.Sprintf("%s expiring; the first %s at %s. %s", what, end, stamp(n.First), next)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
