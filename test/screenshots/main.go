// Command screenshots renders what people see, from the demo, into docs/images:
// the pages of the console and the digest mail, light and dark, wide and on a
// phone. It needs Chromium.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/segue-project/segue/test/browser"
)

func main() {
	segue := flag.String("segue", "bin/segue", "the binary to show")
	into := flag.String("into", "docs/images", "where the pictures go")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	defer cancel()
	if err := screenshots(ctx, *segue, *into); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func screenshots(ctx context.Context, segue, into string) (err error) {
	dir, err := os.MkdirTemp("", "segue-screenshots-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := browser.Serve(ctx, segue, dir, "--log-level", "error", "--demo")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	if err := server.Prepare(ctx); err != nil {
		return err
	}
	chromium, end, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer end()
	return errors.Join(shootMail(ctx, chromium, server, into), shootConsole(chromium, server, filepath.Join(into, "console")))
}

// look is how somebody looks at a page.
type look struct {
	name, theme    string
	width, tallest int64
}

var (
	wideLight   = look{"wide-light", "light", 1440, 1100}
	wideDark    = look{"wide-dark", "dark", 1440, 1100}
	narrowLight = look{"narrow-light", "light", 390, 1700}
	narrowDark  = look{"narrow-dark", "dark", 390, 1700}
)

// pictures are the pages of browser.Pages that the docs show, and how.
var pictures = map[string][]look{
	"overview":              {wideLight, wideDark, narrowLight, narrowDark},
	"users":                 {wideLight, wideDark, narrowLight, narrowDark},
	"user":                  {wideLight, wideDark, narrowLight},
	"renewals":              {wideLight, wideDark, narrowLight},
	"calendar":              {wideLight, wideDark, narrowDark},
	"access-key":            {wideLight, wideDark},
	"access-cert":           {wideLight, narrowLight},
	"service":               {wideLight, wideDark},
	"activity":              {wideLight, wideDark},
	"settings":              {wideLight, wideDark},
	"sign-in-refused":       {wideLight, narrowDark},
	"services":              {wideLight},
	"services-empty":        {wideLight},
	"service-notifications": {wideLight},
	"users-menu":            {wideDark},
	"acknowledge":           {wideLight},
	"compare":               {wideLight},
	"reset":                 {wideLight},
	"outbox":                {wideLight},
	"members":               {wideLight},
	"account":               {wideLight},
}

// shootConsole takes the pictures of the console; pictures of pages that are no
// longer shown are removed.
func shootConsole(chromium context.Context, server *browser.Server, into string) error {
	if err := errors.Join(os.RemoveAll(into), os.MkdirAll(into, 0o755)); err != nil {
		return err
	}
	nobody, endNobody, err := browser.Open(chromium, server)
	if err != nil {
		return err
	}
	defer endNobody()
	admin, endAdmin, err := browser.Open(chromium, server)
	if err != nil {
		return err
	}
	defer endAdmin()
	if err := admin.SignIn(browser.AdminEmail); err != nil {
		return err
	}
	for name := range pictures {
		if !slices.ContainsFunc(browser.Pages, func(p browser.Page) bool { return p.Name == name }) {
			return fmt.Errorf("browser.Pages has no %s", name)
		}
	}
	for _, page := range browser.Pages {
		tab := admin
		if page.Nobody {
			tab = nobody
		}
		for _, l := range pictures[page.Name] {
			if err := shoot(tab, page, l, filepath.Join(into, page.Name+"-"+l.name+".png")); err != nil {
				return fmt.Errorf("%s, %s: %w", page.Name, l.name, err)
			}
		}
	}
	return nil
}

func shoot(tab *browser.Tab, page browser.Page, l look, file string) error {
	if err := tab.Look(l.width, l.theme); err != nil {
		return err
	}
	if err := page.Open(tab); err != nil {
		return err
	}
	picture, err := tab.Picture(l.width, l.tallest)
	if err != nil {
		return err
	}
	return writeSmall(file, picture)
}

// shootMail takes the pictures of the digest, as `segue notify preview` renders it
// for anybody.
func shootMail(ctx context.Context, chromium context.Context, server *browser.Server, into string) error {
	if err := server.SignInCommandLine(ctx); err != nil {
		return err
	}
	file := filepath.Join(server.Dir, "digest.html")
	if _, err := server.Command(ctx, "", "notify", "preview", "-o", file); err != nil {
		return err
	}
	tab, end, err := browser.Open(chromium, server)
	if err != nil {
		return err
	}
	defer end()
	for _, l := range []look{
		{"wide-light", "light", 720, 4000}, {"wide-dark", "dark", 720, 4000},
		{"narrow-light", "light", 375, 4000}, {"narrow-dark", "dark", 375, 4000},
	} {
		if err := tab.Look(l.width, l.theme); err != nil {
			return err
		}
		if err := tab.GoFile(file); err != nil {
			return err
		}
		picture, err := tab.Picture(l.width, l.tallest)
		if err != nil {
			return err
		}
		if err := writeSmall(filepath.Join(into, "mail-"+l.name+".png"), picture); err != nil {
			return err
		}
	}
	return nil
}
