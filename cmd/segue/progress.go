package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progressOn returns what draws a progress bar on a terminal, and what ends it;
// anything else than a terminal gets nothing to wade through.
func progressOn(w io.Writer, doing string) (progress func(done, total int), finish func()) {
	if f, ok := w.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return func(int, int) {}, func() {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(w), progressbar.OptionShowCount(),
		progressbar.OptionSetDescription(doing), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	return func(done, total int) {
		bar.ChangeMax(max(done, total))
		_ = bar.Set(done)
	}, func() { _ = bar.Finish() }
}
