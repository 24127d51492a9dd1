package bundle

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"strings"
	"text/template"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"quoted": quoted,
	"base64": func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) },
}).ParseFS(templateFiles, "templates/*"))

// page is what templates are filled with.
type page struct{ *material }

// CA, Cert and Key end in one line's end each.
func (p page) CA() string   { return ended(p.Input.CA) }
func (p page) Cert() string { return ended(p.Input.Cert) }
func (p page) Key() string  { return ended(p.Input.Key) }

// Brokers are the addresses one by one.
func (p page) Brokers() []string { return strings.Split(p.Bootstrap, ",") }

// At is where a file lies.
func (p page) At(name string) string { return p.at(name) }

// SecretName is a name for Kubernetes, which has no upper case, dot at an end, or
// underscore. Where another service and user could get the same one, a hash keeps
// them apart.
func (p page) SecretName() string {
	name := fmt.Sprintf("kafka-%s-%s", p.Service, p.User)
	letters := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	if letters == name && strings.Count(name, "-") == 2 {
		return name
	}
	hash := sha256.Sum256([]byte(p.Service + "/" + p.User))
	return fmt.Sprintf("%s-%x", strings.TrimRight(letters, "-"), hash[:4])
}

// file fills a template.
func (m *material) file(name, from string, secret bool) (File, error) {
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, from, page{m})
	return File{Name: name, Content: b.Bytes(), Secret: secret}, err
}

// beside is a file of settings or code next to the pair as PEM files.
func beside(name, from string) func(*material) ([]File, error) {
	return func(m *material) ([]File, error) {
		settings, err := m.file(name, from, false)
		if err != nil {
			return nil, err
		}
		files, err := separate(m)
		return append([]File{settings}, files...), err
	}
}

// alone is one file that holds everything.
func alone(name, from string) func(*material) ([]File, error) {
	return func(m *material) ([]File, error) {
		f, err := m.file(name, from, true)
		return []File{f}, err
	}
}

func spring(m *material) ([]File, error) {
	settings, err := m.file(springSettings, "application.yml", false)
	return []File{settings, m.keystore(), m.trust()}, err
}
