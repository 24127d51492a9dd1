// Command screenshots renders what people see, from the demo, into docs/images:
// today the digest mail, light and dark, wide and on a phone. It needs Chromium.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func main() {
	segue := flag.String("segue", "bin/segue", "the binary to show")
	into := flag.String("into", "docs/images", "where the pictures go")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
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
	page := filepath.Join(dir, "digest.html")
	if err := renderDigest(ctx, segue, dir, page); err != nil {
		return err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	browser, end := chromedp.NewExecAllocator(ctx, options...)
	defer end()
	tab, close := chromedp.NewContext(browser)
	defer close()
	for _, theme := range []string{"light", "dark"} {
		for name, width := range map[string]int64{"wide": 720, "narrow": 375} {
			file := filepath.Join(into, fmt.Sprintf("mail-%s-%s.png", name, theme))
			if err := shoot(tab, page, theme, width, file); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return nil
}

// renderDigest has a demo render its digest, as `segue notify preview` does for anybody.
func renderDigest(ctx context.Context, segue, dir, page string) error {
	const email, password = "ada@example.com", "a long demo password"
	serve := exec.CommandContext(ctx, segue, "serve", "--dir", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0", "--log-level", "error", "--demo")
	serve.Env = append(os.Environ(), "SEGUE_ADMIN_EMAIL="+email, "SEGUE_ADMIN_PASSWORD="+password)
	out, err := serve.StdoutPipe()
	if err != nil {
		return err
	}
	if err := serve.Start(); err != nil {
		return err
	}
	defer func() {
		_ = serve.Process.Signal(syscall.SIGTERM)
		_ = serve.Wait()
	}()
	url := ""
	for lines := bufio.NewScanner(out); url == "" && lines.Scan(); {
		url, _ = strings.CutPrefix(lines.Text(), "listening on ")
		if !strings.HasPrefix(url, "http") {
			url = ""
		}
	}
	if url == "" {
		return errors.New("segue serve did not start")
	}
	run := func(input string, args ...string) error {
		cmd := exec.CommandContext(ctx, segue, args...)
		cmd.Env = append(os.Environ(), "SEGUE_URL="+url, "SEGUE_PROJECT=demo", "SEGUE_CONFIG_DIR="+dir)
		cmd.Stdin = strings.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("segue %s: %w: %s", strings.Join(args, " "), err, out)
		}
		return nil
	}
	if err := run(password+"\n", "user", "login", email); err != nil {
		return err
	}
	return run("", "notify", "preview", "-o", page)
}

func shoot(tab context.Context, page, theme string, width int64, file string) error {
	media := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
		})
		return err
	})
	err := chromedp.Do(tab, media, chromedp.EmulateViewport(width, 800, chromedp.EmulateScale(1.5)), chromedp.Navigate("file://"+page))
	if err != nil {
		return err
	}
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		return err
	}
	return os.WriteFile(file, png, 0o644)
}
