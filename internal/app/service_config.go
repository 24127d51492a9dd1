package app

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

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
	c, _ := readConfig(s.UserConfig) // checked when it was stored
	return c
}

// readConfig leaves out the keys that encoding/json would take for those of
// serviceConfig although their letters are others, such as capitals.
func readConfig(text []byte) (c serviceConfig, err error) {
	given, err := decodeConfig(text)
	if err != nil {
		return c, err
	}
	exact, err := json.Marshal(plainKeys(given))
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(exact, &c)
}

// decodeConfig is a stored user_config, its numbers to the last digit.
func decodeConfig(text []byte) (map[string]any, error) {
	config := map[string]any{}
	if len(text) == 0 {
		return config, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return config, decoder.Decode(&config)
}

// plainKeys deletes from an object, and objects in it, the keys that hold anything
// but lower-case letters, digits and "_".
func plainKeys(object map[string]any) map[string]any {
	for key, value := range object {
		if strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			delete(object, key)
		} else if below, ok := value.(map[string]any); ok {
			plainKeys(below)
		}
	}
	return object
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

const (
	// maxUserConfig bounds a stored user_config, in bytes.
	maxUserConfig = 64 << 10
	// maxConfigDepth bounds how deep its objects and lists lie in each other: clients
	// that decode by recursion give up on replies that hold more.
	maxConfigDepth = 32
	// redacted is what other servers say instead of a secret. Clients refuse a whole
	// service that holds it.
	redacted = "<redacted>"
)

// checkConfig refuses what clients could not read again, in a value and all below it.
func checkConfig(value any, depth int) error {
	if depth > maxConfigDepth {
		return failField("user_config", "user_config must not be more than %d levels deep", maxConfigDepth)
	}
	switch v := value.(type) {
	case string:
		if strings.Contains(v, redacted) {
			return failField("user_config", "user_config holds a value that was hidden from you: send the value itself, or leave its key out")
		}
	case json.Number:
		if _, err := v.Float64(); err != nil {
			return failField("user_config", "user_config must hold no number that is too large for a float64")
		}
	case []any:
		for _, below := range v {
			if err := checkConfig(below, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, below := range v {
			if err := checkConfig(below, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// encodeUserConfig checks the keys that Segue reads and returns the JSON to store.
func encodeUserConfig(config map[string]any) ([]byte, error) {
	if config == nil {
		config = map[string]any{}
	}
	if err := checkConfig(config, 0); err != nil {
		return nil, err
	}
	text, err := json.Marshal(config)
	if err != nil || len(text) > maxUserConfig {
		return nil, failField("user_config", "user_config must be an object of at most %d KiB", maxUserConfig>>10)
	}
	c, err := readConfig(text)
	if err != nil {
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

var days = []string{"", "never", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

func (m Maintenance) check() error {
	if !slices.Contains(days, m.Day) {
		return failField("maintenance.dow", "maintenance.dow must be a day of the week, such as \"monday\", or \"never\"")
	}
	if _, err := time.Parse(time.TimeOnly, m.Time); m.Time != "" && (err != nil || len(m.Time) != len(time.TimeOnly)) {
		return failField("maintenance.time", "maintenance.time must be a time of day in UTC, such as \"10:00:00\"")
	}
	return nil
}
