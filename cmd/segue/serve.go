package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/console"
	"github.com/segue-project/segue/internal/httpapi"
	"github.com/segue-project/segue/internal/notify"
	"github.com/segue-project/segue/internal/store"
	"github.com/segue-project/segue/internal/work"
)

// serveOptions are the settings of `segue serve`.
type serveOptions struct {
	storeOptions
	notifyOptions
	listen    string
	tick      time.Duration
	publicURL string
	demo      bool
	tlsCert   string
	tlsKey    string
	logLevel  string

	reconcile      time.Duration
	trustedProxies string
	proxies        proxies // of trustedProxies, by check
	allowedHosts   string
	hosts          hosts // of allowedHosts and publicURL, by check
}

// stopWithin bounds a graceful stop.
const stopWithin = 8 * time.Second

func newServeCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run Segue: console, API and renewals",
		Long: `Runs the console and the API and renews what is due, until it is told to stop.

On an empty store the first administrator comes from SEGUE_ADMIN_EMAIL and
SEGUE_ADMIN_PASSWORD; without a password a link is printed that sets Segue up
once, or written to DIR/setup-link where standard output is not a terminal.`,
		Example: "  segue serve --dir ./data --listen 127.0.0.1:8420",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
			defer stop()
			return serve(ctx, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.storeOptions.flags(cmd)
	o.notifyOptions.flags(cmd)
	tick, err := time.ParseDuration(envOr("SEGUE_TICK", "30s"))
	if err != nil {
		tick = 0 // refused by check, with the remedy
	}
	reconcile, err := time.ParseDuration(envOr("SEGUE_RECONCILE", app.DefaultReconcileEvery.String()))
	if err != nil {
		reconcile = 0 // refused by check, as tick
	}
	o.listenFlags(cmd)
	cmd.Flags().DurationVar(&o.tick, "tick", tick, "how often to look for what is due [SEGUE_TICK]")
	cmd.Flags().DurationVar(&o.reconcile, "reconcile", reconcile, "how often to compare the ACLs of clusters with what was set [SEGUE_RECONCILE]")
	cmd.Flags().StringVar(&o.publicURL, "public-url", os.Getenv("SEGUE_PUBLIC_URL"), "where clients and brokers reach this Segue; certificates then name their CRL there [SEGUE_PUBLIC_URL]")
	cmd.Flags().BoolVar(&o.demo, "demo", os.Getenv("SEGUE_DEMO") == "true", "fill an empty store with twelve users at every stage of the life [SEGUE_DEMO]")
	cmd.Flags().StringVar(&o.tlsKey, "tls-key", os.Getenv("SEGUE_TLS_KEY"), "PEM key of --tls-cert [SEGUE_TLS_KEY]")
	cmd.Flags().StringVar(&o.trustedProxies, "trusted-proxies", os.Getenv("SEGUE_TRUSTED_PROXIES"), "load balancers in front, as addresses or networks: their X-Forwarded-For says who a client is [SEGUE_TRUSTED_PROXIES]")
	cmd.Flags().StringVar(&o.allowedHosts, "allowed-hosts", os.Getenv("SEGUE_ALLOWED_HOSTS"), "further host names to answer to on loopback, besides that of --public-url [SEGUE_ALLOWED_HOSTS]")
	cmd.Flags().StringVar(&o.logLevel, "log-level", envOr("SEGUE_LOG_LEVEL", "info"), "debug, info, warn or error [SEGUE_LOG_LEVEL]")
	return cmd
}

// listenFlags are those that say where a serve is reached, and how.
func (o *serveOptions) listenFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.listen, "listen", envOr("SEGUE_LISTEN", "127.0.0.1:8420"), "address to listen on; other than loopback needs TLS [SEGUE_LISTEN]")
	cmd.Flags().StringVar(&o.tlsCert, "tls-cert", os.Getenv("SEGUE_TLS_CERT"), "PEM certificate chain to serve HTTPS with [SEGUE_TLS_CERT]")
}

func (o *serveOptions) check() error {
	if o.tick < 100*time.Millisecond || o.tick > time.Hour {
		return usage("--tick must be between 100ms and 1h, such as 30s")
	}
	if o.reconcile < time.Second || o.reconcile > 24*time.Hour {
		return usage("--reconcile must be between 1s and 24h, such as 5m")
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return usage("--tls-cert and --tls-key go together")
	}
	if err := checkHeartbeat(o.heartbeatURL); err != nil {
		return err
	}
	if _, err := o.mailer(); err != nil {
		return err
	}
	var err error
	if o.proxies, err = parseProxies(o.trustedProxies); err != nil {
		return err
	}
	o.publicURL = strings.TrimRight(o.publicURL, "/")
	if err := checkPublicURL(o.publicURL); err != nil {
		return err
	}
	o.hosts, err = parseHosts(o.allowedHosts, o.publicURL)
	return err
}

// checkPublicURL refuses what certificates could not carry, before the first needs it.
func checkPublicURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return usage("--public-url must be http:// or https:// with a host, without a password, query or fragment")
	}
	return nil
}

// serve wires everything and runs until ctx ends. Read it from top to bottom.
func serve(ctx context.Context, o serveOptions, out, errOut io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return usage("--log-level must be debug, info, warn or error")
	}
	log := slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: level}))

	// One serve per SQLite store; commands may open it beside.
	if o.databaseURL == "" {
		unlock, err := store.LockServe(o.dir)
		if err != nil {
			return err
		}
		defer unlock()
	}
	in, err := o.open(ctx, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := in.close(); err != nil {
			log.Error("close the store", "error", err)
		}
	}()
	if err := in.firstAdministrator(ctx); err != nil {
		return err
	}
	if o.demo {
		if err := in.app.Demo(ctx, time.Now()); err != nil {
			return err
		}
	}

	listener, scheme, err := o.listener()
	if err != nil {
		return err
	}
	metrics := httpapi.NewMetrics(httpapi.MetricsConfig{
		Read: in.app.ReadMetrics, Now: time.Now, Log: log, Token: os.Getenv("SEGUE_METRICS_TOKEN"),
	})
	runner, err := o.runner(in, metrics, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	base := scheme + "://" + listener.Addr().String()
	if o.publicURL != "" {
		base = o.publicURL
	}
	server := httpapi.NewServer(o.guard(frontDoor(
		httpapi.New(httpapi.Config{App: in.app, Now: time.Now, Log: log, Version: version, Metrics: metrics}),
		console.New(console.Config{App: in.app, Now: time.Now, Log: log, Version: version, Secure: strings.HasPrefix(base, "https://"), Origin: origin(o.publicURL)}),
	)))
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug) // what clients do wrong in TLS
	setup, err := in.offerSetup(ctx, o.dir, base, out)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return serveAndWork(ctx, server, listener, runner, func() {
		o.greet(out, scheme+"://"+listener.Addr().String())
		fmt.Fprint(out, setup)
	})
}

// guard stands before everything: it knows a client behind a proxy, and on loopback
// lets in who calls Segue by a name of its own.
func (o *serveOptions) guard(h http.Handler) http.Handler {
	h = o.proxies.behind(h)
	if host, _, err := net.SplitHostPort(o.listen); err == nil && isLoopback(host) {
		h = o.hosts.only(h)
	}
	return h
}

// origin is the scheme and host of a URL that was checked; empty for none.
func origin(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// frontDoor gives programs' paths to the API and people's to the console.
func frontDoor(api, console http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, path := range httpapi.Paths {
		mux.Handle(path, api)
	}
	mux.Handle("/", console)
	return mux
}

// open opens the store with all ways for messages to leave.
func (o *serveOptions) open(ctx context.Context, log *slog.Logger) (*instance, error) {
	mailer, err := o.mailer()
	if err != nil {
		return nil, err
	}
	outgoing := notify.NewOutgoing(o.allowPrivate)
	return openInstance(ctx, o.storeOptions, true, app.Config{
		PublicURL: o.publicURL, ReconcileEvery: o.reconcile, Log: log, Mailer: mailer, Posters: map[app.ChannelKind]app.Poster{
			app.ChannelWebhook: notify.NewWebhook(outgoing, time.Now), app.ChannelSlack: notify.NewSlack(outgoing),
		},
	})
}

// runner runs the background jobs.
func (o *serveOptions) runner(in *instance, metrics *httpapi.Metrics, log *slog.Logger) (*work.Runner, error) {
	return work.New(work.Config{
		DB: in.store.Writer(), Dialect: in.store.Dialect(), Sweeper: in.app, Notifier: in.app, Syncer: in.app, Tick: o.tick, Now: time.Now,
		HostClock: in.store.HostClock, RefreshKeys: in.custody.Refresh,
		Observe: metrics.ObserveSweep, Heartbeat: heartbeat(o.heartbeatURL), Log: log,
	})
}

// serveAndWork runs server and jobs until ctx ends, then stops both within stopWithin.
func serveAndWork(ctx context.Context, server *http.Server, listener net.Listener, runner *work.Runner, ready func()) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	ready()
	err := runner.Start(context.WithoutCancel(ctx))
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-served:
		}
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	// New requests are refused first, then jobs end, so that nothing is half-done.
	err = errors.Join(ignoreClosed(err), server.Shutdown(stopping))
	return errors.Join(err, runner.Stop(stopping))
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (o *serveOptions) greet(out io.Writer, address string) {
	fmt.Fprintln(out, "listening on "+address)
	if !o.demo {
		return
	}
	fmt.Fprintf(out, `
The project "demo" holds twelve service users at every stage of a certificate's life.
Open %[1]s in a browser, or look around in a terminal:
  export SEGUE_URL=%[1]s SEGUE_PROJECT=demo
  %[2]s user login %[3]s
  %[2]s service renewals
  %[2]s service user-list kafka-orders
  %[2]s service user-creds-download kafka-orders --username orders-writer -d ./orders-writer
  %[2]s notify outbox
`, address, os.Args[0], adminEmail())
}
