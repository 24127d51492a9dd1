package httpapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

// newCSR is a request of a new key as a JSON string; an empty subject fits every user.
func newCSR(t testing.TB, cn string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: cn}}, key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestWireOfCSR records the replies about a user whose key is with its client.
func TestWireOfCSR(t *testing.T) {
	onBothStores(t, func(t *testing.T, r *rig) {
		c := r.fill()
		record := recorder(func(name, method, target, body string) {
			t.Helper()
			reply := c.ok(method, target, body, nil)
			if strings.Contains(string(reply), "access_key\"") {
				t.Errorf("%s shows a key", name)
			}
			compare(t, name, reply)
		})
		c.ok("PUT", orders+"/policy", `{"rekey":"required"}`, nil)
		reader := orders + "/user/reader"
		record("csr_user_create", "POST", orders+"/user", `{"username":"reader","csr":`+newCSR(t, "reader")+`}`)
		r.now = r.now.Add(740 * 24 * time.Hour)
		c = r.admin()
		if _, err := r.server.App.Sweep(t.Context(), app.SweepOptions{}, r.now); err != nil {
			t.Fatal(err)
		}
		record("csr_user_waits", "GET", reader, "")
		c.refused("PUT", reader, `{"operation":"acknowledge-renewal"}`, http.StatusConflict)
		if e := c.refused("POST", reader+"/csr", `{"csr":`+newCSR(t, "mallory")+`}`, http.StatusBadRequest); e.Errors[0].Field != "csr" || strings.Contains(e.Message, "mallory") {
			t.Errorf("refusal: %+v", e)
		}
		var renewals api.RenewalsReply
		c.ok("GET", shop+"/renewals", "", &renewals)
		waiting := 0
		for _, w := range renewals.Renewals {
			if w.WaitsForCSR {
				waiting++
				if w.Username != "reader" || w.AccessCertNotValidAfterTime != nil || w.Generation != 2 {
					t.Errorf("the renewal that waits: %+v", w)
				}
			}
		}
		if waiting != 1 {
			t.Errorf("%d renewals wait, want 1", waiting)
		}
		record("csr_renew", "POST", reader+"/csr", `{"csr":`+newCSR(t, "reader")+`}`)
		c.ok("PUT", reader, `{"operation":"acknowledge-renewal"}`, nil)
		c.refused("PUT", reader, `{"operation":"reset-credentials"}`, http.StatusConflict)
		c.refused("PUT", reader, `{"operation":"reset-credentials","new_password":"12345678","csr":`+newCSR(t, "reader")+`}`, http.StatusBadRequest)
		c.refused("PUT", reader, `{"operation":"reset-credentials","csr":""}`, http.StatusBadRequest)
		c.ok("PUT", reader, `{"operation":"reset-credentials","csr":`+newCSR(t, "reader")+`}`, nil)
		record("csr_generation", "GET", reader+"/generations/3", "")
		c.refused("POST", reader+"/bundle", `{"format":"pem"}`, http.StatusConflict)
		c.refused("POST", orders+"/user", `{"username":"other","csr":""}`, http.StatusBadRequest)
	})
}
