package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/spf13/cobra"
)

// readyWithin bounds asking; a container's health check should allow more.
const readyWithin = 5 * time.Second

func newReadyCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "ready",
		Short: "Ask the Segue of this machine whether it can serve",
		Long: `Asks the ` + "`segue serve`" + ` that listens on this machine whether it can serve, as GET
/readyz tells: a health check for containers, which need neither curl nor a shell
for it. Give it what serve was given; in a container the variables are there.`,
		Example: "  segue ready --listen 127.0.0.1:8420",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.askReady(cmd.Context()); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return err
		},
	}
	o.listenFlags(cmd)
	return cmd
}

// askReady asks over loopback, or at the one address that serve listens on.
func (o *serveOptions) askReady(ctx context.Context) error {
	host, port, err := o.splitListen()
	if err != nil {
		return err
	}
	scheme := "http"
	if o.servesTLS(host) {
		scheme = "https"
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	url := scheme + "://" + net.JoinHostPort(nearHost(host), port) + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// Nothing secret is sent, and the certificate names the address that clients
	// use, not this one: whose it is does not matter here.
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	reply, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("no answer: %w; --listen or SEGUE_LISTEN says where `segue serve` listens", err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s said %s; the log of `segue serve` says why", url, reply.Status)
	}
	return nil
}

// nearHost is where a process on this machine reaches one that listens on host:
// loopback where it listens on every address.
func nearHost(host string) string {
	addr, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return "localhost"
	case err != nil || !addr.IsUnspecified():
		return host
	case addr.Is4():
		return "127.0.0.1"
	}
	return "::1"
}
