// Command screenshots renders what people see, from the demo, into docs/images:
// the digest mail, and every page and state of the console, light and dark, wide
// and on a phone. It needs Chromium.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/segue-project/segue/test/browser"
)

func main() {
	segue := flag.String("segue", "bin/segue", "the binary to show")
	into := flag.String("into", "docs/images", "where the pictures go")
	only := flag.String("only", "", "pages of the console whose names hold this text, and no mail")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	if err := screenshots(ctx, *segue, *into, *only); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

// The widths of a desk and a phone, in CSS pixels.
var widths = []struct {
	name          string
	mail, console int64
}{{"wide", 720, 1440}, {"narrow", 375, 390}}

var themes = []string{"light", "dark"}

func screenshots(ctx context.Context, segue, into, only string) (err error) {
	dir, err := os.MkdirTemp("", "segue-screenshots-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := browser.Serve(ctx, segue, dir, "--demo", "--log-level", "error")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	chromium, end, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer end()
	if only == "" {
		if err := mail(ctx, chromium, server, dir, into); err != nil {
			return err
		}
	}
	return console(ctx, chromium, server, filepath.Join(into, "console"), only)
}

// mail renders the digest as `segue notify preview` gives it.
func mail(ctx, chromium context.Context, server *browser.Server, dir, into string) error {
	page := filepath.Join(dir, "digest.html")
	if err := server.SignInCommandLine(ctx); err != nil {
		return err
	}
	if _, err := server.Command(ctx, "", "notify", "preview", "-o", page); err != nil {
		return err
	}
	tab, closeTab, err := browser.Open(chromium, server)
	if err != nil {
		return err
	}
	defer closeTab()
	for _, width := range widths {
		for _, theme := range themes {
			if err := errors.Join(tab.Look(width.mail, theme), tab.File(page)); err != nil {
				return err
			}
			if err := keep(tab.WholePage, filepath.Join(into, "mail-"+width.name+"-"+theme+".png")); err != nil {
				return err
			}
		}
	}
	return nil
}

// console renders the pages and states of the console whose names hold only.
// Nothing is changed on the way: each state is opened anew.
func console(ctx, chromium context.Context, server *browser.Server, into, only string) error {
	if err := errors.Join(server.Prepare(ctx), os.MkdirAll(into, 0o755)); err != nil {
		return err
	}
	nobody, closeNobody, err := browser.Open(chromium, server)
	if err != nil {
		return err
	}
	defer closeNobody()
	member, closeMember, err := browser.Open(chromium, server)
	if err != nil {
		return err
	}
	defer closeMember()
	if err := member.SignIn(browser.AdminEmail); err != nil {
		return err
	}
	for _, page := range browser.Pages {
		if !strings.Contains(page.Name, only) {
			continue
		}
		tab := member
		if page.Nobody {
			tab = nobody
		}
		for _, width := range widths {
			for _, theme := range themes {
				if err := errors.Join(tab.Look(width.console, theme), page.Open(tab)); err != nil {
					return fmt.Errorf("%s: %w", page.Name, err)
				}
				if err := keep(tab.Picture, filepath.Join(into, page.Name+"-"+width.name+"-"+theme+".png")); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// keep writes a picture, with few colours, as a repository keeps it for ever.
func keep(picture func() ([]byte, error), file string) error {
	full, err := picture()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	small, err := fewColours(full)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, small, 0o644)
}
