package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	keystore "github.com/pavlo-v-chernykh/keystore-go/v4"
	"pgregory.net/rapid"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/segue-project/segue/internal/pki"
	"github.com/segue-project/segue/internal/properties/propertiestest"
)

var made = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const storePassword = `p%s\ "q'$ #=:!~`

// newInput is a pair by an authority, with another to trust beside it.
func newInput(t *testing.T) Input {
	t.Helper()
	in := Input{Project: "shop", Service: "orders", User: "writer", Generation: 2, Bootstrap: "kafka-1.example.com:9093,[::1]:9093"}
	for range 2 {
		cert, key, err := pki.NewAuthority(pki.AuthoritySubject{Project: "shop"}, made, made.AddDate(10, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		in.CA += string(pki.CertPEM(cert))
		ca, err := pki.LoadAuthority(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := ca.IssueClient(pki.ClientProfile{Project: "shop", Service: "orders", User: "writer", NotBefore: made, NotAfter: made.AddDate(2, 0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		in.Cert, in.Key = string(pki.CertPEM(leaf.Cert)), string(pki.KeyPEM(leaf.Key))
	}
	return in
}

func makeFiles(t *testing.T, format string, in Input) map[string][]byte {
	t.Helper()
	f, err := Find(format)
	if err != nil {
		t.Fatal(err)
	}
	if f.Password && in.Password == "" {
		in.Password = storePassword
	}
	list, err := Make(format, in)
	if err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	files := map[string][]byte{}
	var names []string
	for _, file := range list {
		files[file.Name] = file.Content
		names = append(names, file.Name)
	}
	if !slices.Equal(names, f.Files) {
		t.Errorf("%s has the files %v, not %v as it says", format, names, f.Files)
	}
	return files
}

func pairOf(t *testing.T, in Input) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(in.Cert), []byte(in.Key))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// What holds a key or a password says so, and nothing else does.
func TestSecretsAreMarked(t *testing.T) {
	in := newInput(t)
	for _, f := range Formats() {
		in.Password = ""
		if f.Password {
			in.Password = "hunter2-hunter2"
		}
		files, err := Make(f.Name, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text := string(file.Content)
			key := base64.StdEncoding.EncodeToString([]byte(in.Key))
			store := strings.HasSuffix(file.Name, ".p12") || strings.HasSuffix(file.Name, ".jks")
			want := store || strings.Contains(text, "PRIVATE KEY") || strings.Contains(text, key) || in.Password != "" && strings.Contains(text, in.Password)
			if file.Secret != want {
				t.Errorf("%s: %s is secret: %v, want %v", f.Name, file.Name, file.Secret, want)
			}
			if mode := file.Mode(); mode != 0o644 && mode != 0o600 || (mode == 0o600) != want {
				t.Errorf("%s: %s has mode %o", f.Name, file.Name, mode)
			}
		}
	}
}

func TestPEMFilesAreAsAvnWritesThem(t *testing.T) {
	in := newInput(t)
	in.Bootstrap = "" // not needed
	in.Cert = strings.TrimSpace(in.Cert)
	files := makeFiles(t, "pem", in)
	if string(files[certFile]) != in.Cert+"\n" || string(files[keyFile]) != in.Key || string(files[caFile]) != in.CA {
		t.Errorf("%q", files)
	}
}

func TestPKCS12(t *testing.T) {
	in := newInput(t)
	in.Password = storePassword
	want := pairOf(t, in)
	for _, format := range []string{"pkcs12", "java-creds"} {
		files := makeFiles(t, format, in)
		key, cert, err := pkcs12.Decode(files[keystorePKCS12], storePassword)
		if err != nil || !cert.Equal(want.Leaf) || !want.PrivateKey.(*ecdsa.PrivateKey).Equal(key) {
			t.Errorf("%s: the keystore holds another pair: %v", format, err)
		}
		if _, _, err := pkcs12.Decode(files[keystorePKCS12], storePassword+"x"); !errors.Is(err, pkcs12.ErrIncorrectPassword) {
			t.Errorf("%s: another password: %v", format, err)
		}
	}
	trusted, err := pkcs12.DecodeTrustStore(makeFiles(t, "pkcs12", in)[truststorePKCS12], storePassword)
	if err != nil || !sameCertificates(trusted, in.CA) {
		t.Errorf("the truststore holds %d certificates: %v", len(trusted), err)
	}
}

func sameCertificates(got []*x509.Certificate, want string) bool {
	all, err := certificates(want)
	return err == nil && slices.EqualFunc(got, all, (*x509.Certificate).Equal)
}

func TestJKS(t *testing.T) {
	in := newInput(t)
	in.Password = storePassword
	want := pairOf(t, in)
	files := makeFiles(t, "jks", in)
	pair := keystore.New()
	if err := pair.Load(bytes.NewReader(files[keystoreJKS]), []byte(storePassword)); err != nil {
		t.Fatal(err)
	}
	entry, err := pair.GetPrivateKeyEntry("client", []byte(storePassword))
	if err != nil || !bytes.Equal(entry.CertificateChain[0].Content, want.Certificate[0]) {
		t.Errorf("the keystore holds another certificate: %v", err)
	}
	if key, err := x509.ParsePKCS8PrivateKey(entry.PrivateKey); err != nil || !want.PrivateKey.(*ecdsa.PrivateKey).Equal(key) {
		t.Errorf("the keystore holds another key: %v", err)
	}
	if pair.Load(bytes.NewReader(files[keystoreJKS]), []byte("changeit")) == nil {
		t.Error("another password opens the keystore")
	}
	for _, f := range [][]byte{files[truststoreJKS], makeFiles(t, "java-creds", in)[truststoreJKS]} {
		trust := keystore.New()
		if err := trust.Load(bytes.NewReader(f), []byte(storePassword)); err != nil {
			t.Fatal(err)
		}
		var trusted []*x509.Certificate
		for _, alias := range []string{"ca-1", "ca-2"} {
			entry, err := trust.GetTrustedCertificateEntry(alias)
			if err != nil {
				t.Fatal(err)
			}
			cert, err := x509.ParseCertificate(entry.Certificate.Content)
			if err != nil {
				t.Fatal(err)
			}
			trusted = append(trusted, cert)
		}
		if !sameCertificates(trusted, in.CA) {
			t.Error("the truststore holds other certificates")
		}
	}
}

func TestSettingsOfJavaClients(t *testing.T) {
	in := newInput(t)
	in.Dir = "/etc/shop/kafka"
	for format, want := range map[string]map[string]string{
		"combined-pem": {"ssl.keystore.type": "PEM", "ssl.keystore.location": "/etc/shop/kafka/client.keystore.pem", "ssl.truststore.type": "PEM", "ssl.truststore.location": "/etc/shop/kafka/ca.pem"},
		"pkcs12": {"ssl.keystore.type": "PKCS12", "ssl.keystore.location": "/etc/shop/kafka/client.keystore.p12", "ssl.keystore.password": storePassword, "ssl.key.password": storePassword,
			"ssl.truststore.type": "PKCS12", "ssl.truststore.location": "/etc/shop/kafka/client.truststore.p12", "ssl.truststore.password": storePassword},
		"jks": {"ssl.keystore.type": "JKS", "ssl.keystore.location": "/etc/shop/kafka/client.keystore.jks", "ssl.keystore.password": storePassword, "ssl.key.password": storePassword,
			"ssl.truststore.type": "JKS", "ssl.truststore.location": "/etc/shop/kafka/client.truststore.jks", "ssl.truststore.password": storePassword},
		"java-creds": {"ssl.keystore.type": "PKCS12", "ssl.keystore.location": "/etc/shop/kafka/client.keystore.p12", "ssl.keystore.password": storePassword, "ssl.key.password": storePassword,
			"ssl.truststore.type": "JKS", "ssl.truststore.location": "/etc/shop/kafka/client.truststore.jks", "ssl.truststore.password": storePassword},
		"properties": {"ssl.keystore.type": "PEM", "ssl.keystore.key": in.Key, "ssl.keystore.certificate.chain": in.Cert, "ssl.truststore.type": "PEM", "ssl.truststore.certificates": in.CA},
	} {
		want["bootstrap.servers"], want["security.protocol"] = in.Bootstrap, "SSL"
		got := propertiestest.Parse(t, string(makeFiles(t, format, in)[javaSettings]))
		if len(got) != len(want) {
			t.Errorf("%s: %d settings, want %d", format, len(got), len(want))
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: %s is %q, want %q", format, key, got[key], value)
			}
		}
	}
}

// Whatever a directory is called, it stays the value of its setting.
func TestDirectoriesStayInTheirPlace(t *testing.T) {
	in := newInput(t)
	name := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune(`/\"'#=: $`)))).Filter(validDir)
	rapid.Check(t, func(rt *rapid.T) {
		in := in
		in.Dir = name.Draw(rt, "directory")
		at := (&material{Input: in}).at
		settings := propertiestest.Parse(rt, string(makeFiles(t, "combined-pem", in)[javaSettings]))
		if settings["ssl.keystore.location"] != at(keystorePEM) || len(settings) != 6 {
			rt.Fatalf("client.properties reads %q", settings)
		}
		conf := string(makeFiles(t, "librdkafka", in)["librdkafka.conf"])
		if !strings.Contains(conf, "\nssl.key.location="+at(keyFile)+"\n") || strings.Count(conf, "\n") != 9 {
			rt.Fatalf("librdkafka.conf is\n%s", conf)
		}
		var location string
		_, rest, _ := strings.Cut(string(makeFiles(t, "spring", in)[springSettings]), "\n      key-store-location: ")
		line, _, _ := strings.Cut(rest, "\n")
		if json.Unmarshal([]byte(line), &location) != nil || location != "file:"+at(keystorePEM) {
			rt.Fatalf("application.yml says %s", line)
		}
	})
}

func TestCodeOfFranzGoParses(t *testing.T) {
	code := makeFiles(t, "franz-go", newInput(t))["kafkaclient.go"]
	if _, err := parser.ParseFile(token.NewFileSet(), "kafkaclient.go", code, parser.AllErrors); err != nil {
		t.Error(err)
	}
	if !bytes.Contains(code, []byte(`kgo.SeedBrokers("kafka-1.example.com:9093", "[::1]:9093")`)) {
		t.Errorf("the brokers are not there:\n%s", code)
	}
}

// Kubernetes' rule for the name of a Secret.
var dnsSubdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

func TestNamesOfSecrets(t *testing.T) {
	seen := map[string][2]string{}
	long := strings.Repeat("Z_", 32)
	for _, names := range [][2]string{
		{"orders", "shop"}, {"orders", "Shop"}, {"Orders", "shop"}, {"a-b", "c"}, {"a", "b-c"}, {"a.b", "c"}, {"_", "_"}, {"_", "__"}, {long, long}, {"o.", "s-"},
	} {
		name := page{&material{Input: Input{Service: names[0], User: names[1]}}}.SecretName()
		if !dnsSubdomain.MatchString(name) || len(name) > 253 {
			t.Errorf("%q: the name %q is none for Kubernetes", names, name)
		}
		if other, twice := seen[name]; twice {
			t.Errorf("%q and %q share the name %s", names, other, name)
		}
		seen[name] = names
	}
	if seen["kafka-orders-shop"] != [2]string{"orders", "shop"} {
		t.Error("a plain name is not kept")
	}
}

func TestRefusals(t *testing.T) {
	good := newInput(t)
	for name, c := range map[string]struct {
		format, field string
		change        func(*Input)
	}{
		"unknown format":          {"PEM", "format", func(*Input) {}},
		"no format":               {"", "format", func(*Input) {}},
		"no password":             {"pkcs12", "password", func(*Input) {}},
		"short password":          {"jks", "password", func(in *Input) { in.Password = "hunte" }},
		"long password":           {"jks", "password", func(in *Input) { in.Password = strings.Repeat("hunter2", 40) }},
		"other letters":           {"jks", "password", func(in *Input) { in.Password = "hunter2-ü" }},
		"line of two":             {"pkcs12", "password", func(in *Input) { in.Password = "hunter2\nssl.key.password=" }},
		"blank at an end":         {"pkcs12", "password", func(in *Input) { in.Password = "hunter2 " }},
		"password without store":  {"combined-pem", "password", func(in *Input) { in.Password = "hunter2" }},
		"directory of two lines":  {"combined-pem", "directory", func(in *Input) { in.Dir = "/hunter2\nx=y" }},
		"directory with an ender": {"librdkafka", "directory", func(in *Input) { in.Dir = "/hunter2\u0085" }},
		"directory not in UTF-8":  {"spring", "directory", func(in *Input) { in.Dir = "/hunter2\xff" }},
		"directory, long":         {"spring", "directory", func(in *Input) { in.Dir = strings.Repeat("/hunter2", 200) }},
		"no address":              {"env", "bootstrap", func(in *Input) { in.Bootstrap = "" }},
	} {
		in := good
		c.change(&in)
		files, err := Make(c.format, in)
		var refusal *Error
		if files != nil || !errors.As(err, &refusal) || refusal.Field != c.field {
			t.Errorf("%s: %d files, %v, want a refusal of %s", name, len(files), err, c.field)
			continue
		}
		if strings.Contains(err.Error(), "hunte") {
			t.Errorf("%s: the value is repeated: %v", name, err)
		}
	}
}

// A pair that no client could load is an error for operators, and nobody's to put right.
func TestBrokenPairs(t *testing.T) {
	good, other := newInput(t), newInput(t)
	for name, change := range map[string]func(*Input){
		"another key":          func(in *Input) { in.Key = other.Key },
		"no key":               func(in *Input) { in.Key = "" },
		"a certificate as key": func(in *Input) { in.Key = in.Cert },
		"no certificate":       func(in *Input) { in.Cert = "" },
		"no authority":         func(in *Input) { in.CA = "" },
		"junk in PEM":          func(in *Input) { in.CA = string(pki.CertPEM([]byte("junk"))) },
		"a key of junk":        func(in *Input) { in.Key = string(pki.KeyPEM([]byte("junk"))) },
		"a user of two lines":  func(in *Input) { in.User = "a\nb=c" },
		"a quoted address":     func(in *Input) { in.Bootstrap = `"; exit` },
	} {
		in := good
		change(&in)
		for _, f := range Formats() {
			in.Password = ""
			if f.Password {
				in.Password = storePassword
			}
			files, err := Make(f.Name, in)
			var refusal *Error
			if err == nil || files != nil || errors.As(err, &refusal) || strings.Contains(err.Error(), "PRIVATE") {
				t.Errorf("%s as %s: %d files, %v", name, f.Name, len(files), err)
			}
		}
	}
}

func TestZip(t *testing.T) {
	files, err := Make("pem", newInput(t))
	if err != nil {
		t.Fatal(err)
	}
	packed, err := Zip(files, made.Add(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Zip(files, made.In(time.FixedZone("", 3600)))
	if err != nil || !bytes.Equal(packed, again) {
		t.Errorf("the same files and time give other bytes: %v", err)
	}
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range r.File {
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil || f.Name != files[i].Name || !bytes.Equal(text, files[i].Content) || f.Mode() != files[i].Mode() || !f.Modified.Equal(made) {
			t.Errorf("%s: mode %o, %s, %v", f.Name, f.Mode(), f.Modified, err)
		}
	}
	if len(r.File) != len(files) {
		t.Errorf("%d files, want %d", len(r.File), len(files))
	}
}
