package notify

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/segue-project/segue/internal/app"
)

// webhookVersion is that of the events' data. Fields may be added within a
// version; none changes its meaning or goes.
const webhookVersion = 1

// secretPrefix and secretBytes are how Standard Webhooks writes a signing secret
// and how long one may be.
const (
	secretPrefix   = "whsec_"
	secretBytes    = 32
	minSecretBytes = 24
	maxSecretBytes = 64
)

// Webhook posts events as Standard Webhooks has it: JSON, signed, with an id that
// stays the same from attempt to attempt.
type Webhook struct {
	*Outgoing
	now func() time.Time
}

var _ app.Poster = (*Webhook)(nil)

// NewWebhook returns the channel. now dates the signatures: receivers refuse one
// that is more than some minutes off.
func NewWebhook(out *Outgoing, now func() time.Time) *Webhook { return &Webhook{out, now} }

// NewWebhookSecret makes the secret that signs a channel's deliveries.
func NewWebhookSecret() string {
	var key [secretBytes]byte
	_, _ = rand.Read(key[:]) // never fails: see crypto/rand
	return secretPrefix + base64.StdEncoding.EncodeToString(key[:])
}

// Post delivers an event once, signed by the secret.
func (w *Webhook) Post(ctx context.Context, url, secret string, e app.Event) error {
	signer, err := newSigner(secret)
	if err != nil {
		return &app.PermanentError{Err: err}
	}
	body, err := json.Marshal(wireEvent(e))
	if err != nil {
		return &app.PermanentError{Err: fmt.Errorf("write the event: %w", err)}
	}
	now := w.now()
	signature, err := signer.Sign(e.ID, now, body)
	if err != nil {
		return &app.PermanentError{Err: errors.New("the event cannot be signed: make the channel again")}
	}
	header := http.Header{}
	header.Set(standardwebhooks.HeaderWebhookID, e.ID)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return w.post(ctx, url, header, body)
}

func newSigner(secret string) (*standardwebhooks.Webhook, error) {
	unusable := errors.New("the channel's signing secret cannot be used: make the channel again")
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < minSecretBytes || len(key) > maxSecretBytes {
		return nil, unusable
	}
	signer, err := standardwebhooks.NewWebhookRaw(key)
	if err != nil {
		return nil, unusable
	}
	return signer, nil
}

// webhookEvent is the body of a delivery.
type webhookEvent struct {
	Type      app.EventType `json:"type"`
	Timestamp time.Time     `json:"timestamp"` // when it happened, not when it is delivered
	Data      webhookData   `json:"data"`
}

type webhookData struct {
	Version int             `json:"version"`
	Project string          `json:"project,omitempty"`
	Service string          `json:"service,omitempty"`
	User    string          `json:"username,omitempty"`
	Renewal *webhookRenewal `json:"renewal,omitempty"`
	Message string          `json:"message"`
	Remedy  string          `json:"remedy,omitempty"`
	Server  string          `json:"server,omitempty"`
	Console string          `json:"console,omitempty"`
}

type webhookRenewal struct {
	Generation     int       `json:"generation"`
	Replaced       int       `json:"replaced_generation"`
	OldNotAfter    time.Time `json:"old_not_after"`
	NewNotAfter    time.Time `json:"new_not_after,omitzero"`
	AcknowledgedBy string    `json:"acknowledged_by,omitempty"`
	WaitsForCSR    bool      `json:"waits_for_csr,omitempty"` // the new pair is not made yet
}

func wireEvent(e app.Event) webhookEvent {
	out := webhookEvent{
		Type: e.Type, Timestamp: e.At.UTC(),
		Data: webhookData{
			Version: webhookVersion, Project: e.Project, Service: e.Service, User: e.User,
			Message: e.Message, Remedy: e.Remedy, Server: e.PublicURL, Console: e.ConsoleURL,
		},
	}
	if p := e.Renewal; p != nil {
		out.Data.Renewal = &webhookRenewal{
			Generation: p.Generation, Replaced: p.Replaced, OldNotAfter: p.OldNotAfter.UTC(),
			AcknowledgedBy: p.Acknowledger, WaitsForCSR: p.Waits,
		}
		if !p.NewNotAfter.IsZero() {
			out.Data.Renewal.NewNotAfter = p.NewNotAfter.UTC()
		}
	}
	return out
}
