package app

import (
	"cmp"
	"encoding/json"
	"net"
	"strconv"
	"strings"

	"github.com/segue-project/segue/internal/pki"
)

// serviceConfig is what Segue reads of a service's user_config; other keys are kept and left alone.
type serviceConfig struct {
	BootstrapServers     string `json:"bootstrap_servers"`
	SASLBootstrapServers string `json:"sasl_bootstrap_servers"`
	Authentication       struct {
		Certificate *bool `json:"certificate"`
		SASL        *bool `json:"sasl"`
	} `json:"kafka_authentication_methods"`
}

func (s Service) config() serviceConfig {
	var c serviceConfig
	_ = json.Unmarshal(s.UserConfig, &c) // checked when it was stored
	return c
}

// Bootstrap are the CLIENT listeners of the service, "host:port"; empty while unknown.
func (s Service) Bootstrap() []string {
	addresses, _ := parseBootstrap("", cmp.Or(s.config().BootstrapServers, s.Tags[TagBootstrap])) // checked when stored
	return addresses
}

// CertificateAuth reports whether users of the service authenticate by certificate.
func (s Service) CertificateAuth() bool {
	on := s.config().Authentication.Certificate
	return on == nil || *on
}

// SASLAuth reports whether users of the service authenticate by SASL SCRAM-SHA-512.
func (s Service) SASLAuth() bool {
	on := s.config().Authentication.SASL
	return on != nil && *on
}

// SASLBootstrap are the SASL listeners of the service, "host:port"; empty while unknown.
func (s Service) SASLBootstrap() []string {
	addresses, _ := parseBootstrap("", s.config().SASLBootstrapServers) // checked when stored
	return addresses
}

// maxUserConfig bounds a stored user_config.
const maxUserConfig = 64 << 10

// encodeUserConfig checks the keys that Segue reads and returns the JSON to store.
func encodeUserConfig(config map[string]any) ([]byte, error) {
	if config == nil {
		config = map[string]any{}
	}
	text, err := json.Marshal(config)
	if err != nil || len(text) > maxUserConfig {
		return nil, failField("user_config", "user_config must be an object of at most %d KiB", maxUserConfig>>10)
	}
	var c serviceConfig
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, failField("user_config", "user_config: bootstrap_servers and sasl_bootstrap_servers must be strings, kafka_authentication_methods an object of true and false")
	}
	if _, err := parseBootstrap("user_config.bootstrap_servers", c.BootstrapServers); err != nil {
		return nil, err
	}
	if _, err := parseBootstrap("user_config.sasl_bootstrap_servers", c.SASLBootstrapServers); err != nil {
		return nil, err
	}
	return text, nil
}

// parseBootstrap reads addresses; field is what a refusal names.
func parseBootstrap(field, s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	addresses := strings.Split(s, ",")
	for i, address := range addresses {
		address = strings.TrimSpace(address)
		host, port, err := net.SplitHostPort(address)
		n, portErr := strconv.Atoi(port)
		if err != nil || portErr != nil || n < 1 || n > 65535 || !pki.ValidHost(host) {
			return nil, failField(field, "%s must be \"host:port\", several separated by commas", field)
		}
		addresses[i] = address
	}
	return addresses, nil
}
