package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
)

func TestIsPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "172.15.0.1": true, "172.32.0.1": true, "100.63.255.255": true, "100.128.0.1": true,
		"2606:4700::1111": true, "2a00:1450:4001::1": true,
		"::ffff:8.8.8.8": true, "64:ff9b::8.8.8.8": true, // other forms of a public one

		"127.0.0.1": false, "127.255.255.254": false, "0.0.0.0": false, "0.1.2.3": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "100.100.100.200": false, "168.63.129.16": false,
		"224.0.0.1": false, "239.255.255.250": false, "255.255.255.255": false, "240.0.0.1": false,
		"192.0.0.8": false, "192.0.2.1": false, "198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false,
		"2001:db8::1": false, "2002:7f00:1::": false, "2001:0:7f00:1::": false, "64:ff9b:1::1": false, "2606:4700::1%eth0": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"64:ff9b::127.0.0.1": false, "64:ff9b::10.0.0.1": false, "64:ff9b::169.254.169.254": false, "64:ff9b::100.64.0.1": false,
	} {
		if got := isPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is public: %t, want %t", address, got, want)
		}
	}
}

// TestDialledAddressDecides goes by a name that CheckURL cannot see through: what
// is dialled for it is looked up here, in place of a DNS server.
func TestDialledAddressDecides(t *testing.T) {
	reached := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	resolving := func(o *Outgoing) *Outgoing {
		transport := o.client.Transport.(*http.Transport)
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dial(ctx, network, server.Listener.Addr().String())
		}
		return o
	}
	const url = "https://hooks.example.com/" + hidden
	out := resolving(NewOutgoing(false))
	if err := out.CheckURL(url); err != nil {
		t.Fatalf("refused before it was dialled: %v", err)
	}
	err := out.post(t.Context(), url, http.Header{}, nil)
	checkOutcome(t, err, false, true)
	checkSilent(t, err, []string{hidden, "hooks.example.com"})
	if !errors.Is(err, errNotPublic) || reached {
		t.Errorf("error %v, reached %t", err, reached)
	}
	allowed := resolving(NewOutgoing(true))
	allowed.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: trusted(server), ServerName: "example.com"}
	if err := allowed.post(t.Context(), url, http.Header{}, nil); err != nil || !reached {
		t.Errorf("allowed: error %v, reached %t", err, reached)
	}
	// A name that the machine looks up by itself.
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	if _, err := NewOutgoing(false).client.Transport.(*http.Transport).DialContext(t.Context(), "tcp", "localhost:"+port); !errors.Is(err, errNotPublic) {
		t.Errorf("localhost: error %v", err)
	}
}

func TestCheckURL(t *testing.T) {
	const always, whenAllowed, never = 0, 1, 2
	for url, when := range map[string]int{
		"https://hooks.example.com/services/T0/B0/x": always, "https://8.8.8.8:8443/x?y=z": always, "https://[2606:4700::1]/": always,

		"https://127.0.0.1/": whenAllowed, "https://10.1.2.3/": whenAllowed, "https://[::1]/": whenAllowed, "https://[::ffff:10.0.0.1]/": whenAllowed,
		"https://169.254.169.254/latest": whenAllowed, "https://localhost:8443/": whenAllowed,
		"http://localhost:8080/": whenAllowed, "http://127.0.0.1:8080/": whenAllowed, "http://[::1]:8080/": whenAllowed,

		"": never, "hooks.example.com": never, "https://": never, "https:///x": never, "https:x": never, "http://hooks.example.com/": never,
		"http://10.0.0.1/": never, "ftp://hooks.example.com/": never, "file:///etc/passwd": never, "gopher://hooks.example.com/": never,
		"https://user:hunter2@hooks.example.com/": never, "https://user@hooks.example.com/": never, "https://hooks.example.com/#x": never,
		"https://hooks.example.com:0/": never, "https://hooks.example.com:70000/": never, "https://hooks.example.com:x/": never,
		"https://hooks.example.com/%zz": never, "https://hooks.example.com/" + strings.Repeat("a", longestURL): never,
	} {
		for _, allow := range []bool{false, true} {
			err := NewOutgoing(allow).CheckURL(url)
			if want := when == always || when == whenAllowed && allow; (err == nil) != want {
				t.Errorf("%.60s, private allowed %t: %v, want usable %t", url, allow, err, want)
			}
			checkSilent(t, err, []string{"hunter2"})
		}
	}
}

func TestRedirects(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	got := ""
	mux := http.NewServeMux()
	mux.HandleFunc("/end", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + string(body)
	})
	for path, to := range map[string]string{
		"/same": "/end", "/twice": "/same", "/ring": "/ring", "/away": other.URL + "/end", "/far": "/away",
	} {
		mux.Handle(path, http.RedirectHandler(to, http.StatusTemporaryRedirect))
	}
	mux.Handle("/found", http.RedirectHandler("/end", http.StatusFound))
	mux.Handle("/see", http.RedirectHandler("/end", http.StatusSeeOther))
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, delivered := range map[string]bool{
		"/same": true, "/twice": true, "/ring": false, "/away": false, "/far": false, "/found": false, "/see": false,
	} {
		got = ""
		err := NewOutgoing(true).post(t.Context(), server.URL+path, http.Header{}, []byte("news"))
		checkOutcome(t, err, delivered, false)
		checkSilent(t, err, []string{server.URL, other.URL, path})
		if want := map[bool]string{true: "POST news"}[delivered]; got != want {
			t.Errorf("%s: receiver got %q, want %q", path, got, want)
		}
	}
	if elsewhere != 0 {
		t.Errorf("another host was reached %d times", elsewhere)
	}
	secure, _ := http.NewRequest(http.MethodPost, "https://hooks.example.com/", nil)
	plain, _ := http.NewRequest(http.MethodPost, "http://hooks.example.com/", nil)
	if checkRedirect(plain, []*http.Request{secure}) == nil || checkRedirect(secure, []*http.Request{secure}) != nil {
		t.Error("a redirect from https to http must be refused, one to the same host followed")
	}
}

func TestAnswers(t *testing.T) {
	for status, want := range map[int]struct{ delivered, permanent bool }{
		200: {true, false}, 201: {true, false}, 204: {true, false}, 299: {true, false},
		304: {false, false}, 400: {false, true}, 401: {false, true}, 403: {false, true}, 404: {false, true}, 405: {false, true},
		408: {false, false}, 409: {false, false}, 410: {false, true}, 413: {false, true}, 422: {false, true}, 425: {false, false},
		429: {false, false}, 500: {false, false}, 502: {false, false}, 503: {false, false}, 504: {false, false},
	} {
		checkOutcome(t, answered(status), want.delivered, want.permanent)
	}
}

// trusted is the server's certificate, which also names example.com.
func trusted(server *httptest.Server) *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return roots
}

func TestCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // a refused certificate is what this is about
	server.StartTLS()
	defer server.Close()
	out := NewOutgoing(true)
	err := out.post(t.Context(), server.URL, http.Header{}, nil)
	checkOutcome(t, err, false, false)
	if err != nil && !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error %q does not speak of the certificate", err)
	}
	out.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: trusted(server)}
	if err := out.post(t.Context(), server.URL, http.Header{}, nil); err != nil {
		t.Errorf("with a certificate to be trusted: %v", err)
	}
}

// TestAnswerIsBounded is about a receiver that never stops talking.
func TestAnswerIsBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 16<<10)
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), postTimeout/2)
	defer cancel()
	if err := NewOutgoing(true).post(ctx, server.URL, http.Header{}, nil); err != nil {
		t.Errorf("error %v, though the answer was 200", err)
	}
}

func TestUsesNoProxy(t *testing.T) {
	proxied := false
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied = true }))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := NewOutgoing(false).post(ctx, "https://hooks.segue.invalid/", http.Header{}, nil); err == nil {
		t.Error("no error of a name that can never exist")
	}
	if proxied || NewOutgoing(false).client.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy was asked, which dials unchecked")
	}
}

func TestRefusesURLsThatChanged(t *testing.T) {
	err := NewSlack(NewOutgoing(false)).Post(t.Context(), "http://127.0.0.1/"+hidden, "", event(app.EventTest))
	checkOutcome(t, err, false, true)
	checkSilent(t, err, []string{hidden})
}
