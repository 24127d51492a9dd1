package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// proxies are the addresses of load balancers whose word about clients is taken.
type proxies []netip.Prefix

// parseProxies reads addresses and networks in CIDR form, separated by commas.
func parseProxies(s string) (proxies, error) {
	var all proxies
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			address, addressErr := netip.ParseAddr(part)
			if addressErr != nil {
				return nil, usage("--trusted-proxies must be addresses or networks, such as 127.0.0.1 or 10.0.0.0/8, separated by commas")
			}
			prefix = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen())
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}

func (p proxies) trust(address netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// client is whom a request comes from: the sender, or, where that is a trusted
// proxy, the last address of X-Forwarded-For that no trusted proxy has. What
// stands before that was written by somebody who is not trusted.
func (p proxies) client(r *http.Request) (netip.Addr, bool) {
	sender, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !p.trust(sender.Addr()) {
		return netip.Addr{}, false
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return netip.Addr{}, false
		}
		if !p.trust(hop) {
			return hop.Unmap(), true
		}
	}
	return netip.Addr{}, false
}

// behind gives every request the address of its client, for limits, the audit log
// and what loopback alone may do.
func (p proxies) behind(h http.Handler) http.Handler {
	if len(p) == 0 {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client, ok := p.client(r); ok {
			r.RemoteAddr = net.JoinHostPort(client.String(), "0")
		}
		h.ServeHTTP(w, r)
	})
}
