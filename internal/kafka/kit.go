package kafka

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/properties"
)

// Kit renders broker kits; it implements app.KitRenderer.
type Kit struct{}

var _ app.KitRenderer = Kit{}

//go:embed templates
var templateFiles embed.FS

// pages are the kit's files for people, and the clients' configurations.
var pages = template.Must(template.New("").Funcs(template.FuncMap{"indent": indent}).ParseFS(templateFiles, "templates/*"))

// Render returns the files of a kit. They differ only by key material and time
// between two calls with the same request. What cannot work is refused: an
// *app.Error when the request is at fault, another error when the material is.
func (Kit) Render(m app.KitMaterial) ([]app.KitFile, error) {
	c, err := newCluster(m)
	if err != nil {
		return nil, err
	}
	if err := checkMaterial(m); err != nil {
		return nil, fmt.Errorf("broker kit: %w", err)
	}
	var files []app.KitFile
	for _, n := range c.Nodes {
		files = append(files, c.brokerFiles(n, m)...)
	}
	files = append(files,
		app.KitFile{Path: "admin/admin.pem", Secret: true, Data: keystore(m.Admin)},
		app.KitFile{Path: "admin/truststore.pem", Data: endLine(m.ClusterCAPEM)},
	)
	rendered, err := c.pageFiles(m)
	return append(files, rendered...), err
}

func (c *cluster) brokerFiles(n node, m app.KitMaterial) []app.KitFile {
	var b app.KitBrokerMaterial
	for _, candidate := range m.Brokers {
		if candidate.ID == n.ID {
			b = candidate
		}
	}
	dir := fmt.Sprintf("broker-%d/", n.ID)
	return []app.KitFile{
		{Path: dir + serverProperties, Data: c.serverProperties(n)},
		{Path: dir + jvmOptionsFile, Data: []byte(jvmOptions)},
		{Path: dir + clientKeystore, Secret: true, Data: keystore(b.ClientListener)},
		{Path: dir + clientTruststore, Data: endLine(m.ProjectCAPEM)},
		{Path: dir + clusterKeystore, Secret: true, Data: keystore(b.Cluster)},
		{Path: dir + clusterTruststore, Data: endLine(m.ClusterCAPEM)},
	}
}

// installedAt is where the page for clusters that run already has people put a
// broker's files.
const installedAt = "/etc/kafka/segue/"

// page is what the templates are filled with.
type page struct {
	Project, Service string
	MadeAt           time.Time
	Nodes            []pageNode
	First            pageNode
	BootstrapList    string   // of CLIENT
	ReplList         string   // of REPL
	SASLList         string   // of SASL; empty: there is none
	Unnamed          []string // bootstrap hosts that no broker's certificate carries
	InstalledAt      string
	ClientTLS        string // the lines that make a listener CLIENT
	ReplTLS          string // and those that make one REPL
	Keystore         string // of CLIENT, in a broker's folder
	Truststore       string
}

type pageNode struct {
	ID                                            int
	Host                                          string
	ClientAddress, ReplAddress, ControllerAddress string
	ClientBinding, ReplBinding                    string
}

func (c *cluster) page(m app.KitMaterial) page {
	clientTLS, replTLS := &properties.File{}, &properties.File{}
	setTLS(clientTLS, "client", installedAt+clientKeystore, installedAt+clientTruststore, clientRules(c.Project, c.Service))
	setTLS(replTLS, "repl", installedAt+clusterKeystore, installedAt+clusterTruststore, clusterRules(c.Project))
	p := page{
		Project: c.Project, Service: c.Service, MadeAt: c.MadeAt,
		BootstrapList: joinEndpoints(c.Bootstrap), Unnamed: c.unnamed(m.Brokers), InstalledAt: installedAt,
		ClientTLS: string(clientTLS.Bytes()), ReplTLS: string(replTLS.Bytes()),
		Keystore: clientKeystore, Truststore: clientTruststore,
	}
	var repl []endpoint
	for _, n := range c.Nodes {
		repl = append(repl, n.repl)
		p.Nodes = append(p.Nodes, pageNode{
			ID: n.ID, Host: n.Host,
			ClientAddress: n.client.String(), ReplAddress: n.repl.String(), ControllerAddress: n.controller.String(),
			ClientBinding: n.client.binding(), ReplBinding: n.repl.binding(),
		})
	}
	p.ReplList, p.SASLList, p.First = joinEndpoints(repl), joinEndpoints(c.SASL), p.Nodes[0]
	return p
}

func (c *cluster) pageFiles(m app.KitMaterial) ([]app.KitFile, error) {
	p := c.page(m)
	type file struct{ path, template string }
	list := []file{
		{"admin/client.properties", "admin-client.properties"},
		{"clients/client.properties", "java-client.properties"},
		{"clients/librdkafka.conf", "librdkafka.conf"},
		{"clients/kcat.conf", "kcat.conf"},
		{"README.md", "README.md"},
		{"ADD-CLIENT-LISTENER.md", "ADD-CLIENT-LISTENER.md"},
	}
	if p.SASLList != "" {
		list = append(list, file{"clients/sasl-client.properties", "java-sasl-client.properties"})
	}
	var files []app.KitFile
	for _, f := range list {
		var b bytes.Buffer
		if err := pages.ExecuteTemplate(&b, f.template, p); err != nil {
			return nil, fmt.Errorf("broker kit: %s: %w", f.path, err)
		}
		files = append(files, app.KitFile{Path: f.path, Data: b.Bytes()})
	}
	return files, nil
}

// unnamed are the bootstrap hosts that no broker's certificate carries: clients
// that verify host names cannot connect by them.
func (c *cluster) unnamed(brokers []app.KitBrokerMaterial) []string {
	var out []string
	for _, e := range append(slices.Clone(c.Bootstrap), c.SASL...) {
		if countKnowing(brokers, e.host) == 0 && !slices.Contains(out, e.host) {
			out = append(out, e.host)
		}
	}
	return out
}

func joinEndpoints(endpoints []endpoint) string {
	parts := make([]string, len(endpoints))
	for i, e := range endpoints {
		parts[i] = e.String()
	}
	return strings.Join(parts, ",")
}

// indent moves lines three blanks to the right, into a list of a page.
func indent(text string) string {
	return "   " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n   ") + "\n"
}
