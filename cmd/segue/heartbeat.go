package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// heartbeatWithin bounds a call of the heartbeat URL.
const heartbeatWithin = 10 * time.Second

// heartbeat calls the URL; nil where there is none. The URL may hold a secret
// and never stands in an error.
func heartbeat(url string) func(ctx context.Context) error {
	if url == "" {
		return nil
	}
	client := &http.Client{Timeout: heartbeatWithin}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return errors.New("--heartbeat-url is no URL")
		}
		resp, err := client.Do(req)
		if err != nil {
			return errors.New("the heartbeat URL does not answer")
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
		if err := resp.Body.Close(); err != nil || resp.StatusCode/100 != 2 {
			return fmt.Errorf("the heartbeat URL answered with status %d", resp.StatusCode)
		}
		return nil
	}
}
