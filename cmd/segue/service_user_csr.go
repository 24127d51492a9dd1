package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/atomicfile"
)

// csrOrder is what a command does with a certificate signing request.
type csrOrder struct {
	file string // "-": standard input; empty: none
	dir  string // to write the certificate to; empty: it is printed
}

func (o *csrOrder) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.file, "csr", "", "file with a certificate signing request in PEM; - reads it")
	cmd.Flags().StringVarP(&o.dir, "target-directory", "d", "", "directory to write "+caFile+" and "+certFile+" to (default: the certificate is printed)")
}

// maxCSR bounds what is read of a request, in bytes; the server takes less.
const maxCSR = 64 << 10

func (o *csrOrder) read(cmd *cobra.Command) (string, error) {
	in, name := cmd.InOrStdin(), standardInput
	if o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }()
		in, name = f, o.file
	}
	text, err := interruptible(cmd.Context(), func() (string, error) {
		b, err := io.ReadAll(io.LimitReader(in, maxCSR+1))
		return string(b), err
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("read the request of %s: %w", name, err)
	case text == "" || len(text) > maxCSR:
		return "", fmt.Errorf("%s must hold a certificate signing request in PEM, of at most %d bytes", name, maxCSR)
	}
	return text, nil
}

func newUserCSRCommand(c *cli) *cobra.Command {
	var o csrOrder
	var reset, force bool
	cmd := userCommand(&cobra.Command{
		Use:   "user-csr SERVICE --username NAME --csr FILE",
		Short: "Make a user's next certificate of a key that stays where it is",
		Long: `Sends a certificate signing request and fetches the certificate. The key stays where
it was made: from then on Segue renews the user without ever having one.

It fulfils a renewal that waits for a request; at other times it is a renewal ahead
of its date, and the current pair works until its own end. With --reset every
earlier pair is revoked, and the key must be one that the user never had.`,
		Example: `  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc \
    -keyout shop.key -subj /CN=shop -out shop.csr
  segue service user-csr orders --username shop --csr shop.csr -d ./certs`,
	}, func(cmd *cobra.Command, service, user string) error {
		csr, err := o.read(cmd)
		if err != nil {
			return err
		}
		s, err := c.inProject(cmd.Context())
		if err != nil {
			return err
		}
		var after api.User
		if reset {
			after, err = c.resetByCSR(cmd, s, service, user, csr, force)
		} else {
			after, err = s.RenewByCSR(cmd.Context(), s.project, service, user, csr)
		}
		if err != nil {
			return err
		}
		return c.showCertified(cmd, s, service, api.UserReply{User: after}, o.dir)
	})
	o.flags(cmd)
	_ = cmd.MarkFlagRequired("csr") // fails only for a flag that is not there
	cmd.Flags().BoolVar(&reset, "reset", false, "replace the password too, and revoke every earlier pair")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "do not ask before a reset")
	return cmd
}

func (c *cli) resetByCSR(cmd *cobra.Command, s session, service, username, csr string, force bool) (api.User, error) {
	end, err := s.lastEnd(cmd.Context(), service, username, c.now())
	if err != nil {
		return api.User{}, err
	}
	warning := "This revokes every pair of the user: its clients stop working until they have the new certificate."
	if err := confirm(cmd, warning, end, username, force, c.now()); err != nil {
		return api.User{}, err
	}
	after, err := s.ResetByCSR(cmd.Context(), s.project, service, username, csr)
	if err != nil {
		return api.User{}, err
	}
	if !c.json {
		warnAccepted(cmd.ErrOrStderr(), end, c.now())
	}
	return userOf(after, username)
}

// showCertified prints a user and the certificate that its request became, or
// writes that to dir, where its key should lie as service.key.
func (c *cli) showCertified(cmd *cobra.Command, s session, service string, reply api.UserReply, dir string) error {
	u := reply.User
	cert := deref(u.AccessCert)
	if cert == "" {
		return errors.New("the server's reply does not hold the certificate: fetch it with `segue service user-creds-download`")
	}
	if dir != "" {
		ca, err := s.ProjectCA(cmd.Context(), s.project)
		if err != nil {
			return err
		}
		p := pair{generation: u.Generation, notAfter: u.AccessCertNotValidAfterTime, cert: cert, byCSR: true}
		return c.writePair(cmd, service, dir, ca, u, p)
	}
	if c.json {
		return writeJSON(cmd.OutOrStdout(), u)
	}
	if err := writeUser(cmd.OutOrStdout(), reply, c.now()); err != nil {
		return err
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), cert)
	return err
}

// writePair writes what the server has of a pair: a key that is with its client is
// left alone where it lies.
func (c *cli) writePair(cmd *cobra.Command, service, dir, ca string, user api.User, p pair) error {
	files := []atomicfile.File{
		{Path: filepath.Join(dir, caFile), Data: []byte(ca), Mode: 0o644},
		{Path: filepath.Join(dir, certFile), Data: []byte(p.cert), Mode: 0o644},
	}
	names := []string{caFile, certFile}
	if !p.byCSR {
		files = append(files, atomicfile.File{Path: filepath.Join(dir, keyFile), Data: []byte(p.key), Mode: 0o600})
		names = append(names, keyFile)
	}
	if err := atomicfile.WriteAll(files...); err != nil {
		return err
	}
	return c.reportDownload(cmd, service, dir, names, user, p)
}
