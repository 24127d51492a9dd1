package main

import (
	"encoding/json"
	"strings"
)

// parseUserConfig reads options of the form key=value, as avn takes them: dots
// lead into nested objects, a value that is JSON is that JSON, any other is a
// string. A later option wins over an earlier one of the same key.
func parseUserConfig(options []string) (map[string]any, error) {
	config := map[string]any{}
	for _, option := range options {
		key, value, ok := strings.Cut(option, "=")
		if !ok || key == "" {
			return nil, usage("-c takes KEY=VALUE, such as bootstrap_servers=kafka1.example.com:9092")
		}
		if err := setOption(config, key, parseValue(value)); err != nil {
			return nil, err
		}
	}
	return config, nil
}

func setOption(config map[string]any, key string, value any) error {
	path := strings.Split(key, ".")
	at := config
	for i, name := range path {
		if name == "" {
			return usage("-c %s: a name between two dots is empty", key)
		}
		if i == len(path)-1 {
			if _, holds := at[name].(map[string]any); holds {
				return usage("-c %s: options below it were given before", key)
			}
			at[name] = value
			return nil
		}
		below, exists := at[name]
		if !exists {
			below = map[string]any{}
			at[name] = below
		}
		next, ok := below.(map[string]any)
		if !ok {
			return usage("-c %s: %s was given a value of its own before", key, strings.Join(path[:i+1], "."))
		}
		at = next
	}
	return nil
}

// parseValue keeps numbers to the last digit.
func parseValue(s string) any {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return s
	}
	return v
}
