package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/atomicfile"
	"github.com/segue-project/segue/internal/bundle"
)

// bundleOrder is what a bundle is asked for at the command line.
type bundleOrder struct {
	api.BundleRequest
	dir          string // to write to
	filesIn      string // where the files will lie; empty: in dir
	passwordFile string // empty: none was named
}

func (o *bundleOrder) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.dir, "target-directory", "d", ".", "directory to write to; it is made where it is missing")
	cmd.Flags().StringVar(&o.filesIn, "files-in", "", "where the files will lie, as settings name them (default the directory written to)")
	cmd.Flags().StringVar(&o.passwordFile, "password-file", "", "file whose first line is the stores' password; - asks for it")
	cmd.Flags().IntVar(&o.Generation, "generation", 0, "the generation to fetch (default the newest)")
}

func newUserBundleCommand(c *cli) *cobra.Command {
	var o bundleOrder
	cmd := userCommand(&cobra.Command{
		Use:   "user-bundle SERVICE --username NAME --format FORMAT",
		Short: "Fetch a user's pair as a client loads it: keystores, settings, code",
		Long: `Writes a user's pair, the authorities to trust and the settings that go with them, in
the form that a client loads:

` + formatTable() + `
Files that hold a key or a password are readable by you alone. Files of these names
are replaced together, and left as they are when anything fails.

Stores get a random password, which stands in the settings beside them, unless
--password-file names one of yours.`,
		Example: `  segue service user-bundle orders --username shop --format pkcs12 -d ./certs
  segue service user-bundle orders --username shop --format jks -d ./certs \
    --password-file ./store-password --files-in /etc/shop/kafka`,
	}, func(cmd *cobra.Command, service, user string) error { return c.writeBundle(cmd, service, user, o) })
	cmd.Flags().StringVar(&o.Format, "format", "", "what is to load it: one of the formats above")
	_ = cmd.MarkFlagRequired("format") // fails only for a flag that is not there
	o.flags(cmd)
	return cmd
}

func formatTable() string {
	var b strings.Builder
	for _, f := range bundle.Formats() {
		fmt.Fprintf(&b, "  %-13s %s\n", f.Name, f.About)
	}
	return b.String()
}

// avnPassword is what avn gives stores unless told otherwise.
const avnPassword = "changeit"

func newUserKafkaJavaCredsCommand(c *cli) *cobra.Command {
	o := bundleOrder{BundleRequest: api.BundleRequest{Format: "java-creds"}}
	cmd := userCommand(&cobra.Command{
		Use:   "user-kafka-java-creds SERVICE --username NAME",
		Short: "Fetch a user's pair with Java keystore, truststore and settings, as avn does",
		Long: `Writes ca.pem, service.cert, service.key, client.truststore.jks, client.keystore.p12
and client.properties, as avn does, and needs neither keytool nor openssl for it. The
stores' password is ` + avnPassword + ` unless you give another; user-bundle makes a random one.`,
		Example: "  segue service user-kafka-java-creds orders --username shop -d ./certs",
	}, func(cmd *cobra.Command, service, user string) error { return c.writeBundle(cmd, service, user, o) })
	cmd.Flags().StringVar(&o.Password, "password", avnPassword, "the stores' password; others can see it in the list of processes, unlike --password-file")
	o.flags(cmd)
	cmd.MarkFlagsMutuallyExclusive("password", "password-file")
	return cmd
}

func (c *cli) writeBundle(cmd *cobra.Command, service, username string, o bundleOrder) error {
	if cmd.Flags().Changed("generation") && o.Generation < 1 {
		return usage("--generation counts from 1")
	}
	if err := o.complete(cmd); err != nil {
		return err
	}
	ctx := cmd.Context()
	s, err := c.inProject(ctx)
	if err != nil {
		return err
	}
	reply, err := s.DescribeUser(ctx, s.project, service, username)
	if err != nil {
		return err
	}
	b, err := s.Bundle(ctx, s.project, service, username, o.BundleRequest)
	if err != nil {
		return err
	}
	names, err := writeBundleFiles(o.dir, b.Files)
	if err != nil {
		return err
	}
	p := pair{generation: b.Generation, notAfter: b.AccessCertNotValidAfterTime}
	return c.reportDownload(cmd, service, o.dir, names, reply.User, p)
}

// complete fills in what flags leave to be found out.
func (o *bundleOrder) complete(cmd *cobra.Command) (err error) {
	if o.Directory = o.filesIn; o.Directory == "" {
		if o.Directory, err = filepath.Abs(o.dir); err != nil {
			return fmt.Errorf("find the directory to write to: %w", err)
		}
	}
	if o.passwordFile != "" {
		o.Password, err = secretFrom(cmd, o.passwordFile, "Password of the stores: ")
	}
	return err
}

func writeBundleFiles(dir string, files []api.BundleFile) (names []string, err error) {
	placed := make([]atomicfile.File, len(files))
	for i, f := range files {
		if placed[i], err = place(dir, f.Name, f.Content, f.Secret); err != nil {
			return nil, err
		}
		names = append(names, f.Name)
	}
	return names, atomicfile.WriteAll(placed...)
}
