package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

// defaultURL is where `segue serve` listens when it is told nothing else.
const defaultURL = "http://127.0.0.1:8420"

// cli is what the commands for users share.
type cli struct {
	url     string // --url
	project string // --project
	json    bool   // --json
	now     func() time.Time
}

func (c *cli) connectionFlags(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&c.url, "url", "", "the server, such as https://segue.example.com [SEGUE_URL]")
	cmd.PersistentFlags().BoolVar(&c.json, "json", false, "print JSON")
}

func (c *cli) projectFlag(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&c.project, "project", "", "the project; the only one there is when not given [SEGUE_PROJECT]")
}

// serverURL is the server to speak to and what is stored for it: credentials of
// another server are left out, so that no token goes where it does not belong.
func (c *cli) serverURL() (string, credentials, error) {
	named := strings.TrimRight(cmp.Or(c.url, os.Getenv("SEGUE_URL")), "/")
	stored, err := loadCredentials()
	if err != nil && named == "" {
		return "", credentials{}, err
	}
	url := cmp.Or(named, stored.URL, defaultURL)
	if stored.URL != url {
		stored = credentials{}
	}
	return url, stored, nil
}

func newClient(url, token string) (*api.Client, error) {
	client, err := api.New(url, token, api.WithUserAgent("segue/"+version))
	if err != nil {
		return nil, usage("%w", err)
	}
	return client, nil
}

// connect returns a client that is signed in.
func (c *cli) connect() (*api.Client, error) {
	url, stored, err := c.serverURL()
	if err != nil {
		return nil, err
	}
	token := cmp.Or(os.Getenv("SEGUE_TOKEN"), stored.Token)
	if token == "" {
		return nil, errors.New("you are not signed in to " + url + ": run `segue user login EMAIL`, or set SEGUE_TOKEN")
	}
	return newClient(url, token)
}

// session is a client and the project that the command works in.
type session struct {
	*api.Client
	project string
}

func (c *cli) inProject(ctx context.Context) (session, error) {
	client, err := c.connect()
	if err != nil {
		return session{}, err
	}
	project := cmp.Or(c.project, os.Getenv("SEGUE_PROJECT"))
	if project == "" {
		project, err = onlyProject(ctx, client)
	}
	return session{client, project}, err
}

func onlyProject(ctx context.Context, client *api.Client) (string, error) {
	projects, err := client.Projects(ctx)
	switch {
	case err != nil:
		return "", err
	case len(projects) == 0:
		return "", errors.New("you are in no project yet: `segue project create NAME` makes one, or ask an admin for a place in theirs")
	case len(projects) > 1:
		return "", usage("you are in %d projects: name one with --project or SEGUE_PROJECT; `segue project list` shows them", len(projects))
	}
	return projects[0].ProjectName, nil
}

func signInAgain() string {
	if os.Getenv("SEGUE_TOKEN") != "" {
		return "the token came from SEGUE_TOKEN: set a valid one, or unset it and run `segue user login EMAIL`"
	}
	return "sign in again with `segue user login EMAIL`"
}

func unreachable(e *api.ConnectionError) string {
	var untrusted x509.UnknownAuthorityError
	switch {
	case errors.As(e, &untrusted):
		return "the certificate of " + e.URL + " is signed by nobody this machine trusts: name the file of its authority in SSL_CERT_FILE"
	case e.Timeout():
		return e.URL + " did not answer in time: try again, and look at the server's log"
	}
	return e.Error() + "; is `segue serve` running there? --url or SEGUE_URL names another server"
}

// suggest is a command to run next, in the project where one has to be named,
// at the server that this command was told by a flag.
func (c *cli) suggest(command, project string) string {
	if project != "" {
		command += " --project " + project
	}
	if c.url != "" {
		command += " --url " + c.url
	}
	return command
}
