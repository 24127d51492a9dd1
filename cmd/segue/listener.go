package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/segue-project/segue/internal/atomicfile"
)

// listener opens the address. Plain HTTP is for loopback alone: any other
// address gets TLS, with the certificate given or one made here.
func (o *serveOptions) listener() (net.Listener, string, error) {
	host, _, err := o.splitListen()
	if err != nil {
		return nil, "", err
	}
	var config *tls.Config
	if o.servesTLS(host) {
		if config, err = o.tlsConfig(host); err != nil {
			return nil, "", err
		}
	}
	l, err := net.Listen("tcp", o.listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, "", fmt.Errorf("%s is taken by another process: stop that one, or name another address with --listen", o.listen)
	case err != nil:
		return nil, "", fmt.Errorf("cannot listen on %s: %w", o.listen, err)
	case config == nil:
		return l, "http", nil
	}
	return tls.NewListener(l, config), "https", nil
}

func (o *serveOptions) splitListen() (host, port string, err error) {
	if host, port, err = net.SplitHostPort(o.listen); err != nil {
		return "", "", usage("--listen must be HOST:PORT, such as 127.0.0.1:8420")
	}
	return host, port, nil
}

func (o *serveOptions) servesTLS(host string) bool { return o.tlsCert != "" || !isLoopback(host) }

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func (o *serveOptions) tlsConfig(host string) (*tls.Config, error) {
	cert, key := o.tlsCert, o.tlsKey
	if cert == "" {
		cert, key = filepath.Join(o.dir, "tls.crt"), filepath.Join(o.dir, "tls.key")
		if _, err := os.Stat(cert); errors.Is(err, os.ErrNotExist) {
			if err := selfSigned(cert, key, host, time.Now()); err != nil {
				return nil, fmt.Errorf("make a certificate for HTTPS: %w", err)
			}
		}
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("the certificate for HTTPS cannot be used: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}, nil
}

// selfSigned writes a certificate for this host, good for ten years: whoever
// connects pins the file.
func selfSigned(certPath, keyPath, host string, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	name, _ := os.Hostname()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Segue"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if name != "" {
		template.DNSNames = append(template.DNSNames, name)
	}
	if ip := net.ParseIP(host); ip != nil && !ip.IsUnspecified() {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if ip == nil && host != "" {
		template.DNSNames = append(template.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	err = atomicfile.Write(keyPath, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600)
	if err != nil {
		return err
	}
	return atomicfile.Write(certPath, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}
