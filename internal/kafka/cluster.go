package kafka

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// cluster is what a kit says about its brokers, all of it checked.
type cluster struct {
	Project, Service string
	Bootstrap        []endpoint
	SASL             []endpoint // empty: users authenticate by certificate alone
	Nodes            []node
	MadeAt           time.Time
}

// node is one broker, which is a controller too.
type node struct {
	ID   int
	Host string
	// client is where clients reach the node, repl where brokers and Segue's admin do.
	client, repl, controller endpoint
	sasl                     *endpoint // where clients with passwords reach it; nil: nowhere
}

type endpoint struct {
	host string
	port int
}

func (e endpoint) String() string { return net.JoinHostPort(e.host, strconv.Itoa(e.port)) }

// newCluster checks what a kit is asked for; its errors name the remedy.
func newCluster(m app.KitMaterial) (*cluster, error) {
	for _, n := range []struct{ field, name string }{{"project", m.Project}, {"service", m.Service}} {
		if err := lifecycle.CheckName(n.field, n.name); err != nil {
			return nil, err
		}
	}
	bootstrap, err := parseBootstrap(clientAddresses, m.Bootstrap)
	if err != nil {
		return nil, err
	}
	var sasl []endpoint
	if m.SASL != nil {
		if sasl, err = parseBootstrap(saslAddresses, m.SASL); err != nil {
			return nil, err
		}
	}
	if err := checkBrokers(m.Brokers); err != nil {
		return nil, err
	}
	c := &cluster{Project: m.Project, Service: m.Service, Bootstrap: bootstrap, SASL: sasl, MadeAt: m.MadeAt.UTC()}
	for _, b := range m.Brokers {
		n, err := newNode(b.KitBroker, m, bootstrap, sasl)
		if err != nil {
			return nil, err
		}
		c.Nodes = append(c.Nodes, n)
	}
	slices.SortFunc(c.Nodes, func(a, b node) int { return a.ID - b.ID })
	return c, nil
}

func newNode(b app.KitBroker, m app.KitMaterial, bootstrap, sasl []endpoint) (node, error) {
	client, err := clientEndpoint(clientAddresses, b, m.Brokers, bootstrap)
	if err != nil {
		return node{}, err
	}
	n := node{
		ID: b.ID, Host: b.Host, client: client,
		repl: endpoint{b.Host, m.ReplPort}, controller: endpoint{b.Host, m.ControllerPort},
	}
	if len(sasl) > 0 {
		e, err := clientEndpoint(saslAddresses, b, m.Brokers, sasl)
		if err != nil {
			return node{}, err
		}
		n.sasl = &e
	}
	return n, n.checkPorts()
}

// The options that say where clients connect to, by certificate and by password.
const (
	clientAddresses = "bootstrap_servers"
	saslAddresses   = "sasl_bootstrap_servers"
)

// checkPorts refuses ports that do not exist and listeners that share one.
func (n node) checkPorts() error {
	for _, p := range []struct {
		field string
		port  int
	}{{"repl_port", n.repl.port}, {"controller_port", n.controller.port}} {
		switch {
		case p.port < 1 || p.port > 65535:
			return invalid(p.field, "%s must be a port, 1 to 65535", p.field)
		case p.port == n.client.port:
			return invalid(p.field, "%s is %d, which is CLIENT's port by bootstrap_servers: choose another", p.field, p.port)
		case n.sasl != nil && p.port == n.sasl.port:
			return invalid(p.field, "%s is %d, which is SASL's port by sasl_bootstrap_servers: choose another", p.field, p.port)
		}
	}
	if n.sasl != nil && n.sasl.port == n.client.port {
		return invalid(saslAddresses, "sasl_bootstrap_servers and bootstrap_servers have the same port: clients with passwords need one of their own")
	}
	if n.repl.port == n.controller.port {
		return invalid("controller_port", "repl_port and controller_port are both %d: choose another for one of them", n.repl.port)
	}
	return nil
}

func invalid(field, format string, args ...any) error {
	return &app.Error{Code: app.CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// parseBootstrap reads a service's addresses, which option field holds.
func parseBootstrap(field string, addresses []string) ([]endpoint, error) {
	if len(addresses) == 0 {
		return nil, invalid(field, "%s is empty, but gives a listener its port: set it to \"host:port\" first", field)
	}
	var out []endpoint
	for _, a := range addresses {
		host, port, err := net.SplitHostPort(strings.TrimSpace(a))
		number, portErr := strconv.Atoi(port)
		if errors.Join(err, portErr) != nil || number < 1 || number > 65535 || checkHost(host) != nil {
			return nil, invalid(field, "%s must be \"host:port\", several separated by commas", field)
		}
		out = append(out, endpoint{host, number})
	}
	return out, nil
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)

// checkHost takes a DNS name or an IP address without a zone.
func checkHost(host string) error {
	if addr, err := netip.ParseAddr(host); err == nil && addr.Zone() == "" {
		return nil
	}
	if len(host) > 253 || !hostName.MatchString(host) {
		return invalid("brokers", "a broker's host and alternatives must be DNS names or addresses")
	}
	return nil
}

// checkBrokers refuses what would make two brokers the same.
func checkBrokers(brokers []app.KitBrokerMaterial) error {
	if len(brokers) == 0 {
		return invalid("brokers", "a kit needs at least one broker")
	}
	ids, hosts := map[int]bool{}, map[string]int{}
	for _, b := range brokers {
		if b.ID < 0 || ids[b.ID] {
			return invalid("brokers", "each broker needs an id of its own, 0 or more, its node.id")
		}
		ids[b.ID] = true
		for _, host := range names(b.KitBroker) {
			if err := checkHost(host); err != nil {
				return err
			}
		}
		host := strings.ToLower(b.Host)
		if other, taken := hosts[host]; taken {
			return invalid("brokers", "brokers %d and %d have the same host, where their listeners would take each other's ports", other, b.ID)
		}
		hosts[host] = b.ID
	}
	return nil
}

// names are all by which a broker's certificates know it.
func names(b app.KitBroker) []string { return append([]string{b.Host}, b.Alt...) }

func sameHost(a, b string) bool {
	if addr, err := netip.ParseAddr(a); err == nil {
		other, err := netip.ParseAddr(b)
		return err == nil && addr == other
	}
	return strings.EqualFold(a, b)
}

// clientEndpoint is what a broker tells clients to dial: the bootstrap address
// that names its host, else one that names it and no other broker, else its host
// with the port that all bootstrap addresses share.
func clientEndpoint(field string, b app.KitBroker, all []app.KitBrokerMaterial, bootstrap []endpoint) (endpoint, error) {
	for _, e := range bootstrap {
		if sameHost(e.host, b.Host) {
			return e, nil
		}
	}
	for _, e := range bootstrap {
		if knows(b, e.host) && countKnowing(all, e.host) == 1 {
			return e, nil
		}
	}
	for _, e := range bootstrap {
		if e.port != bootstrap[0].port {
			return endpoint{}, invalid(field, "%s has several ports and does not name broker %d: add its host and port there", field, b.ID)
		}
	}
	return endpoint{b.Host, bootstrap[0].port}, nil
}

func knows(b app.KitBroker, host string) bool {
	return slices.ContainsFunc(names(b), func(name string) bool { return sameHost(name, host) })
}

func countKnowing(brokers []app.KitBrokerMaterial, host string) int {
	n := 0
	for _, b := range brokers {
		if knows(b.KitBroker, host) {
			n++
		}
	}
	return n
}

// binding is the listener address that serves an endpoint: on the loopback
// interface when the host is there, else on all interfaces. For any other name
// may resolve to an address that no interface of the machine carries, behind NAT
// or in a container.
func (e endpoint) binding() string {
	addr, err := netip.ParseAddr(e.host)
	if (err == nil && addr.IsLoopback()) || strings.EqualFold(e.host, "localhost") {
		return e.String()
	}
	return endpoint{"", e.port}.String()
}
