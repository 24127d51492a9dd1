package console

import (
	"strconv"
	"strings"
)

// snippet is how one client is set up with a user's files.
type snippet struct {
	Name   string // of the client, in the query
	Title  string
	File   string // what the text is: a file's name, or what runs it
	Before string // a command to run first; empty for none
	Text   string
	Needs  string // what the client must be
	Reads  string // when it takes a renewed pair
}

// connection is what every snippet is made of.
type connection struct {
	Project, Service, User string
	Brokers                []string // host:port
}

// The names that segue service user-creds-download writes, as avn does.
const (
	caFile   = "ca.pem"
	certFile = "service.cert"
	keyFile  = "service.key"
	// pairFile is made of both for Java, which reads a pair from one file.
	pairFile = "service.pem"
)

// unknownBroker stands where nobody said where the cluster answers.
const unknownBroker = "HOST:PORT"

func (c connection) brokers() []string {
	if len(c.Brokers) == 0 {
		return []string{unknownBroker}
	}
	return c.Brokers
}

func (c connection) list() string { return strings.Join(c.brokers(), ",") }

// quoted are the brokers as strings, as Go, JavaScript and Python write them.
func (c connection) quoted() string {
	words := make([]string, len(c.brokers()))
	for i, b := range c.brokers() {
		words[i] = strconv.Quote(b)
	}
	return strings.Join(words, ", ")
}

// file is one of the pair's files in the directory named after the user.
func (c connection) file(name string) string { return c.User + "/" + name }

// download is the command that writes the files which every snippet names.
func (c connection) download() string {
	return "segue service user-creds-download " + c.Service + " --project " + c.Project + " --username " + c.User + " -d " + c.User
}

// fill puts a connection into a text. Names and addresses hold nothing that
// means something to a shell, a quoted string or a properties file, but for the
// brackets of an IPv6 address, which the texts for a shell quote.
func (c connection) fill(text string) string {
	return strings.NewReplacer(
		"{brokers}", c.list(), "{quoted}", c.quoted(), "{user}", c.User, "{ca}", c.file(caFile),
		"{cert}", c.file(certFile), "{key}", c.file(keyFile), "{pair}", c.file(pairFile),
	).Replace(text)
}

// restart is when a client that reads its files once takes a renewed pair.
const restart = "Files are read when the client is made: after a renewal fetch them again and restart it. The old pair works until its end."

// clients are the snippets' texts, in the order of their tabs.
var clients = []snippet{
	{
		Name: "java", Title: "Java", File: "client.properties",
		Before: "(umask 077; cat {key} {cert} > {pair})",
		Text: `bootstrap.servers={brokers}
security.protocol=SSL
ssl.keystore.type=PEM
ssl.keystore.location={pair}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
`,
		Needs: "Kafka's Java client reads key and certificate from one PEM file; the command makes it, readable by you alone. kafka-clients 3.3 or later, without a password; Java 11 or later.",
		Reads: "Files are read when the client is made: after a renewal fetch them, make " + pairFile + " again and restart. The old pair works until its end.",
	},
	{
		Name: "spring", Title: "Spring", File: "application.properties",
		Text: `spring.kafka.bootstrap-servers={brokers}
spring.kafka.security.protocol=SSL
spring.kafka.ssl.bundle=segue
spring.ssl.bundle.pem.segue.keystore.certificate=file:{cert}
spring.ssl.bundle.pem.segue.keystore.private-key=file:{key}
spring.ssl.bundle.pem.segue.truststore.certificate=file:{ca}
`,
		Needs: "Spring Boot 3.2 or later takes the files as they are; Java 11 or later.",
		Reads: restart,
	},
	{
		Name: "librdkafka", Title: "librdkafka, Confluent", File: "Python, confluent-kafka",
		Text: `from confluent_kafka import Producer

producer = Producer({
    "bootstrap.servers": "{brokers}",
    "security.protocol": "ssl",
    "ssl.ca.location": "{ca}",
    "ssl.certificate.location": "{cert}",
    "ssl.key.location": "{key}",
})
`,
		Needs: "Every client built on librdkafka takes these names: Confluent's for Go, .NET and Python, and those for Rust, PHP and Ruby.",
		Reads: restart,
	},
	{
		Name: "franz-go", Title: "franz-go", File: "main.go",
		Text: `package main

import (
	"crypto/tls"
	"crypto/x509"
	"log"
	"os"

	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	ca, err := os.ReadFile("{ca}")
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		log.Fatal("no certificate in {ca}")
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers({quoted}),
		kgo.DialTLSConfig(&tls.Config{
			RootCAs: roots,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				pair, err := tls.LoadX509KeyPair("{cert}", "{key}")
				return &pair, err
			},
		}),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
}
`,
		Needs: "Any release of franz-go.",
		Reads: "The pair is read at each new connection: after a renewal fetch the files again, and the client takes them without a restart.",
	},
	{
		Name: "kafkajs", Title: "KafkaJS", File: "client.js",
		Text: `const fs = require("fs")
const { Kafka } = require("kafkajs")

const kafka = new Kafka({
  clientId: "{user}",
  brokers: [{quoted}],
  ssl: {
    ca: [fs.readFileSync("{ca}", "utf-8")],
    cert: fs.readFileSync("{cert}", "utf-8"),
    key: fs.readFileSync("{key}", "utf-8"),
  },
})
`,
		Needs: "Node.js 12 or later, for TLS 1.3.",
		Reads: restart,
	},
	{
		Name: "kafka-python", Title: "kafka-python", File: "client.py",
		Text: `from kafka import KafkaProducer

producer = KafkaProducer(
    bootstrap_servers=[{quoted}],
    security_protocol="SSL",
    ssl_cafile="{ca}",
    ssl_certfile="{cert}",
    ssl_keyfile="{key}",
)
`,
		Needs: "Python built with OpenSSL 1.1.1 or later, for TLS 1.3.",
		Reads: restart,
	},
	{
		Name: "kcat", Title: "kcat", File: "lists the cluster's brokers and topics",
		Text: `kcat -L -b '{brokers}' \
  -X security.protocol=ssl \
  -X ssl.ca.location={ca} \
  -X ssl.certificate.location={cert} \
  -X ssl.key.location={key}
`,
		Needs: "kcat built with OpenSSL, as packages are.",
		Reads: "It reads the files each time it is run.",
	},
}

// snippetFor sets up the client of a name, or the first one.
func snippetFor(client string, c connection) snippet {
	chosen := clients[0]
	for _, s := range clients {
		if s.Name == client {
			chosen = s
		}
	}
	chosen.Before, chosen.Text = c.fill(chosen.Before), c.fill(chosen.Text)
	return chosen
}
