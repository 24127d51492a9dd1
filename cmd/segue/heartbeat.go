package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// heartbeatWithin bounds a call of the heartbeat URL.
const heartbeatWithin = 10 * time.Second

// checkHeartbeat refuses a URL that could never be called.
func checkHeartbeat(address string) error {
	u, err := url.Parse(address)
	if address != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return usage("--heartbeat-url must look like https://alarm.example.com/check")
	}
	return nil
}

// heartbeat calls the URL; nil where there is none. The URL may hold a secret
// and never stands in an error.
func heartbeat(address string) func(ctx context.Context) error {
	if address == "" {
		return nil
	}
	client := &http.Client{Timeout: heartbeatWithin}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return errors.New("the heartbeat URL cannot be called") // its own error repeats the URL
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
