package httpapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net"
	"strconv"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

// kafkaType is the one service type there is.
const kafkaType = "kafka"

// noAddress stands where a service's address is not known yet: clients need
// something there, and .invalid never resolves.
const noAddress = "bootstrap-servers-not-set.invalid:9092"

// service encodes a service that was read whole.
func service(v app.ServiceView) api.Service {
	s := serviceHead(v)
	s.Users = each(v.Users, user)
	return s
}

// serviceHead encodes a service, all but its users, with every key that existing
// clients read unchecked.
func serviceHead(v app.ServiceView) api.Service {
	bootstrap := v.Bootstrap()
	uri := noAddress
	if len(bootstrap) > 0 {
		uri = bootstrap[0]
	}
	host, port, _ := net.SplitHostPort(uri) // checked when it was stored
	return api.Service{
		ServiceName: v.Name, ServiceType: kafkaType, State: "RUNNING", Plan: v.Plan, CloudName: v.Cloud,
		ServiceURI: uri, ServiceURIParams: api.ServiceURIParams{Host: host, Port: port},
		ConnectionInfo: connectionInfo(v, bootstrap), Components: components(v, host, port),
		Maintenance: maintenance(v.Maintenance),
		Users:       []api.User{}, ACL: each(v.ACL, acl), UserConfig: userConfig(v.UserConfig),
		ServiceIntegrations: []any{}, GroupList: []string{"default"},
		CreateTime: v.CreatedAt.UTC(), UpdateTime: v.UpdatedAt.UTC(), TerminationProtection: v.TerminationProtection,
		TechEmails: each(v.TechEmails, techEmail), ServiceNotifications: each(v.Notifications, notification),
	}
}

func connectionInfo(v app.ServiceView, bootstrap []string) api.ConnectionInfo {
	info := api.ConnectionInfo{Kafka: list(bootstrap)}
	if len(v.Users) > 0 && v.Users[0].Primary {
		info.KafkaAccessCert, info.KafkaAccessKey = v.Users[0].Current.Cert, v.Users[0].Current.Key
	}
	return info
}

func maintenance(m app.Maintenance) api.Maintenance {
	return api.Maintenance{DOW: cmp.Or(m.Day, "never"), Time: cmp.Or(m.Time, "00:00:00"), Updates: []any{}}
}

// components are the ways into a service, that by certificate first.
func components(v app.ServiceView, host, port string) []api.Component {
	var ways []api.Component
	if v.CertificateAuth() {
		ways = append(ways, component("certificate", host, port))
	}
	switch sasl := v.SASLBootstrap(); {
	case len(sasl) > 0 && (v.SASLAuth() || !v.CertificateAuth()):
		host, port, _ = net.SplitHostPort(sasl[0]) // checked when it was stored
		ways = append(ways, component("sasl", host, port))
	case !v.CertificateAuth():
		ways = append(ways, component("sasl", host, port))
	}
	return ways
}

func component(method, host, port string) api.Component {
	n, _ := strconv.Atoi(port)
	return api.Component{Component: kafkaType, Host: host, Port: n, Route: "dynamic", Usage: "primary", KafkaAuthenticationMethod: method}
}

// userConfig gives back what was stored, its numbers to the last digit.
func userConfig(stored []byte) map[string]any {
	config := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(stored))
	decoder.UseNumber()
	_ = decoder.Decode(&config) // checked when it was stored
	return config
}

func notification(n app.Notification) api.ServiceNotification {
	return api.ServiceNotification{Level: n.Level, Type: n.Type, Message: n.Message, Metadata: map[string]any{}}
}
