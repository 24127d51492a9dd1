package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/segue-project/segue/api"
)

// hosts are the names that a Segue on loopback answers to, in lower case. Any other
// name that leads to loopback may have been pointed there by a page somewhere, whose
// scripts a browser would then let read what Segue answers.
type hosts map[string]bool

// parseHosts reads host names separated by commas; publicURL adds its own.
func parseHosts(s, publicURL string) (hosts, error) {
	all := hosts{}
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if strings.ContainsAny(part, "/:@*? ") {
			return nil, usage("--allowed-hosts must be host names without a port, such as segue.example.com, separated by commas")
		}
		all[hostName(part)] = true
	}
	if u, err := url.Parse(publicURL); err == nil && u.Host != "" {
		all[hostName(u.Host)] = true
	}
	return all, nil
}

// hostName is a host without its port, as it is compared.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// answers reports whether a request for the host is answered. Requests without one
// come from no browser.
func (h hosts) answers(host string) bool {
	name := hostName(host)
	return host == "" || h[name] || isLoopback(name) || strings.HasSuffix(name, ".localhost")
}

// wrongHost says what to do; the name itself is not repeated.
const wrongHost = "this Segue does not answer to that host name: call it by its loopback address, or start segue serve with --public-url or --allowed-hosts"

// only refuses requests for other hosts.
func (h hosts) only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.answers(r.Host) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusMisdirectedRequest)
		_ = json.NewEncoder(w).Encode(api.ErrorReply{Message: wrongHost, Errors: []api.ErrorDetail{ // a client that is gone
			{Message: wrongHost, Status: http.StatusMisdirectedRequest, ErrorCode: "wrong_host"},
		}})
	})
}
