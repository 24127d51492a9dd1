package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/atomicfile"
)

// The files of a pair, named as avn names them.
const (
	caFile   = "ca.pem"
	certFile = "service.cert"
	keyFile  = "service.key"
)

func newUserCredsDownloadCommand(c *cli) *cobra.Command {
	var dir string
	var generation int
	cmd := userCommand(&cobra.Command{
		Use:   "user-creds-download SERVICE --username NAME",
		Short: "Fetch a user's pair: ca.pem, service.cert, service.key",
		Long: `Writes what a Kafka client needs to authenticate as the user: ca.pem, service.cert
and service.key, the key readable by you alone. Files of these names are replaced
together, and left as they are when anything fails.

In an overlap it fetches the new pair; --generation fetches the other one.
user-bundle writes other forms, such as keystores and settings.`,
		Example: `  segue service user-creds-download orders --username shop -d ./certs
  segue service user-creds-download orders --username shop -d ./old --generation 1`,
	}, func(cmd *cobra.Command, service, user string) error {
		if cmd.Flags().Changed("generation") && generation < 1 {
			return usage("--generation counts from 1")
		}
		return c.downloadPair(cmd, service, user, dir, generation)
	})
	cmd.Flags().StringVarP(&dir, "target-directory", "d", ".", "directory to write to; it is made where it is missing")
	cmd.Flags().IntVar(&generation, "generation", 0, "the generation to fetch (default the newest)")
	return cmd
}

// pair is a certificate with its key, as fetched.
type pair struct {
	generation int
	notAfter   time.Time
	cert, key  string // PEM
}

func (c *cli) downloadPair(cmd *cobra.Command, service, username, dir string, generation int) error {
	ctx := cmd.Context()
	s, err := c.inProject(ctx)
	if err != nil {
		return err
	}
	ca, err := s.ProjectCA(ctx, s.project)
	if err != nil {
		return err
	}
	reply, err := s.User(ctx, s.project, service, username)
	if err != nil {
		return err
	}
	user := reply.User
	p := pair{user.Generation, user.AccessCertNotValidAfterTime, deref(user.AccessCert), deref(user.AccessKey)}
	if generation != 0 && generation != user.Generation {
		g, err := s.Generation(ctx, s.project, service, username, generation)
		if err != nil {
			return err
		}
		p = pair{g.Generation, g.AccessCertNotValidAfterTime, deref(g.AccessCert), deref(g.AccessKey)}
	}
	if err := p.check(); err != nil {
		return err
	}
	err = atomicfile.WriteAll(
		atomicfile.File{Path: filepath.Join(dir, caFile), Data: []byte(ca), Mode: 0o644},
		atomicfile.File{Path: filepath.Join(dir, certFile), Data: []byte(p.cert), Mode: 0o644},
		atomicfile.File{Path: filepath.Join(dir, keyFile), Data: []byte(p.key), Mode: 0o600},
	)
	if err != nil {
		return err
	}
	return c.reportDownload(cmd, service, dir, []string{caFile, certFile, keyFile}, user, p)
}

// check keeps files that no client could load from replacing ones that work.
func (p pair) check() error {
	switch {
	case p.cert == "":
		return errors.New("your role in this project sees no certificates and keys: ask one of its admins, operators or developers")
	case p.key == "":
		return fmt.Errorf("the server holds no key of generation %d: it was destroyed after the pair's end or revocation, or never was there", p.generation)
	}
	if _, err := tls.X509KeyPair([]byte(p.cert), []byte(p.key)); err != nil {
		return fmt.Errorf("the server sent a certificate and a key that do not belong together, nothing was written: %w", err)
	}
	return nil
}

// reportDownload says which files of a pair were written to dir, and how the pair stands.
func (c *cli) reportDownload(cmd *cobra.Command, service, dir string, names []string, user api.User, p pair) error {
	out, now := cmd.OutOrStdout(), c.now()
	if c.json {
		paths := make([]string, len(names))
		for i, name := range names {
			paths[i] = filepath.Join(dir, name)
		}
		return writeJSON(out, struct {
			Files      []string  `json:"files"`
			Generation int       `json:"generation"`
			NotAfter   time.Time `json:"access_cert_not_valid_after_time"`
		}{paths, p.generation, p.notAfter})
	}
	fmt.Fprintf(out, "Wrote %s to %s\n", enumerate(names), dir)
	fmt.Fprintf(out, "Generation %d of %s, which ends %s\n", p.generation, user.Username, moment(p.notAfter, now))
	old := user.ExpiringCertNotValidAfterTime
	switch {
	case p.generation != user.Generation:
		_, err := fmt.Fprintf(out, "This is not the newest: generation %d ends %s\n", user.Generation, moment(user.AccessCertNotValidAfterTime, now))
		return err
	case old == nil:
		return nil
	}
	fmt.Fprintf(out, "Its renewal awaits acknowledgement: the pair before it ends %s\n", moment(*old, now))
	return c.nextAcknowledge(out, service, user)
}

func (c *cli) nextAcknowledge(w io.Writer, service string, user api.User) error {
	_, err := fmt.Fprintf(w, "When this pair is in use everywhere: %s\n", c.suggest(
		fmt.Sprintf("segue service user-creds-acknowledge %s --username %s --generation %d", service, user.Username, user.Generation), c.project))
	return err
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
