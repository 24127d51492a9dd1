package console

// The files of a pair, named as the CLI names them.
const (
	caFile   = "ca.pem"
	certFile = "service.cert"
	keyFile  = "service.key"
)
