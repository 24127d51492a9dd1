package console

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net/http"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// A user whose key is with its client: no page offers the key, and a request renews it.
func TestUserThatKeepsItsKey(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	if _, err := r.app.CreateUserByCSR(t.Context(), app.System(), app.DemoProject, "kafka-orders", "ledger", requestPEM(t, "ledger"), r.now); err != nil {
		t.Fatal(err)
	}
	ledger := users + "/ledger"
	c.post(ledger + "/key").ok().shows("is kept where ledger runs; Segue never had it").lacks("PRIVATE KEY")
	c.get(ledger + "/bundle").ok().shows("Segue never had it")
	c.post(ledger+"/bundle", "format", "pem").status(http.StatusConflict).shows("Segue never had it")
	c.get(ledger+"/reset").ok().shows("Not now.", "send the reset with a certificate signing request")
	c.get(ledger+"/renew").ok().shows("Certificate signing request", "-keyout ledger.key")

	r.now = r.now.Add(100 * 24 * time.Hour)
	c = r.developer()
	c.get(ledger+"/renew").ok().shows("Renew with the same key").
		submit(ledger+"/renew", "csr", requestPEM(t, "mallory")).status(http.StatusUnprocessableEntity).shows("names somebody else").lacks("mallory")
	c.get(ledger+"/renew").submit(ledger+"/renew", "csr", requestPEM(t, "ledger")).redirects(ledger).follow().shows("Generation 2 of ledger is ready.")
	c.get(ledger + "/compare").ok().shows("with its client")
}

// A renewal that waits for a request says so on every page, and takes one.
func TestRenewalThatWaits(t *testing.T) {
	r := newRig(t)
	required := "required"
	if _, err := r.app.SetPolicy(t.Context(), app.System(), app.DemoProject, "kafka-orders", app.PolicyPatch{Renewal: map[string]*string{"rekey": &required}}, true, r.now); err != nil {
		t.Fatal(err)
	}
	made, err := r.app.CreateUserByCSR(t.Context(), app.System(), app.DemoProject, "kafka-orders", "ledger", requestPEM(t, "ledger"), r.now)
	if err != nil {
		t.Fatal(err)
	}
	r.now = made.RenewAt.Add(time.Minute)
	if _, err := r.app.Sweep(t.Context(), app.SweepOptions{}, r.now); err != nil {
		t.Fatal(err)
	}
	c := r.developer()
	ledger := users + "/ledger"
	c.get(ledger).ok().shows("Its pair stops working", "waits for a new key", "Send a request…").lacks("Acknowledge certificate</a>")
	c.get(users + "?q=ledger").ok().shows("waits for a new key")
	c.get("/projects/demo/renewals?service=kafka-orders").ok().shows("waits for a new key", "Send a request…")
	c.get("/projects/demo/renewals").ok()
	c.get(ledger+"/renew").ok().shows("Renew with this key").lacks("Renew with the same key").
		submit(ledger+"/renew", "csr", requestPEM(t, "ledger")).redirects(ledger).follow().shows("Generation 2 of ledger is ready.", "Acknowledge certificate")
}

// requestPEM is a certificate signing request of a new key.
func requestPEM(t *testing.T, cn string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: cn}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}
