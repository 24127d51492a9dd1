package bundle

// The names of files, those of avn where it has one.
const (
	caFile   = "ca.pem"
	certFile = "service.cert"
	keyFile  = "service.key"

	keystorePEM      = "client.keystore.pem"
	keystorePKCS12   = "client.keystore.p12"
	truststorePKCS12 = "client.truststore.p12"
	keystoreJKS      = "client.keystore.jks"
	truststoreJKS    = "client.truststore.jks"
	javaSettings     = "client.properties"
	springSettings   = "application.yml"
)

// formats is every format. Names are part of the API: they never change.
var formats = []Format{
	{
		Name: "pem", About: "certificate, key and authorities, each in a PEM file",
		Files: []string{certFile, keyFile, caFile}, make: separate,
	},
	{
		Name: "combined-pem", About: "Java: one PEM keystore, without a password",
		Files: []string{keystorePEM, caFile, javaSettings}, Address: true, make: combined,
	},
	{
		Name: "pkcs12", About: "Java: PKCS#12 keystore and truststore",
		Files: []string{keystorePKCS12, truststorePKCS12, javaSettings}, Password: true, Address: true, make: pkcs12Stores,
	},
	{
		Name: "jks", About: "Java, where old software reads JKS alone",
		Files: []string{keystoreJKS, truststoreJKS, javaSettings}, Password: true, Address: true, make: jksStores,
	},
	{
		Name: "java-creds", About: "Java: the files of user-kafka-java-creds",
		Files: []string{caFile, certFile, keyFile, truststoreJKS, keystorePKCS12, javaSettings}, Password: true, Address: true, make: javaCreds,
	},
	{
		Name: "properties", About: "Java: one settings file that holds everything",
		Files: []string{javaSettings}, Address: true, make: inline,
	},
	{
		Name: "spring", About: "Spring Boot: application.yml with a PEM keystore",
		Files: []string{springSettings, keystorePEM, caFile}, Address: true, make: spring,
	},
	{
		Name: "librdkafka", About: "librdkafka, kcat, confluent-kafka: settings with PEM files",
		Files: []string{"librdkafka.conf", certFile, keyFile, caFile}, Address: true, make: beside("librdkafka.conf", "librdkafka.conf"),
	},
	{
		Name: "kafkajs", About: "Node.js: a module for kafkajs with PEM files",
		Files: []string{"kafka.cjs", certFile, keyFile, caFile}, Address: true, make: beside("kafka.cjs", "kafka.cjs"),
	},
	{
		Name: "kafka-python", About: "Python: a module for kafka-python with PEM files",
		Files: []string{"kafka_client.py", certFile, keyFile, caFile}, Address: true, make: beside("kafka_client.py", "kafka_client.py"),
	},
	{
		Name: "franz-go", About: "Go: a package for franz-go with PEM files",
		Files: []string{"kafkaclient.go", certFile, keyFile, caFile}, Address: true, make: beside("kafkaclient.go", "kafkaclient.go.txt"),
	},
	{
		Name: "kubernetes", About: "Kubernetes: a Secret of type kubernetes.io/tls",
		Files: []string{"secret.yaml"}, Address: true, make: alone("secret.yaml", "secret.yaml"),
	},
	{
		Name: "env", About: "environment variables that hold everything",
		Files: []string{".env"}, Address: true, make: alone(".env", "env"),
	},
}

// separate is the pair as avn writes it.
func separate(m *material) ([]File, error) {
	return []File{
		{Name: certFile, Content: []byte(ended(m.Cert))},
		{Name: keyFile, Content: []byte(ended(m.Key)), Secret: true},
		m.trust(),
	}, nil
}

func (m *material) trust() File { return File{Name: caFile, Content: []byte(ended(m.CA))} }

// keystore is the one PEM file that Kafka's Java client reads as a keystore.
func (m *material) keystore() File {
	return File{Name: keystorePEM, Content: []byte(ended(m.Key) + ended(m.Cert)), Secret: true}
}
