package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestHeartbeat(t *testing.T) {
	if heartbeat("") != nil {
		t.Error("a heartbeat without a URL")
	}
	status, called := http.StatusNoContent, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if called++; r.Method != http.MethodGet || r.URL.Path != "/hunter2" {
			t.Errorf("called by %s %s", r.Method, r.URL)
		}
		w.WriteHeader(status)
	}))
	beat := heartbeat(server.URL + "/hunter2")
	if err := beat(t.Context()); err != nil || called != 1 {
		t.Errorf("%v, called %d times", err, called)
	}
	status = http.StatusServiceUnavailable
	if err := beat(t.Context()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a refusal is %v", err)
	}
	server.Close()
	if err := beat(t.Context()); err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("nobody there is %v", err)
	}
}

// The sweep waits for a heartbeat no longer than its own context lasts.
func TestHeartbeatEndsWithItsContext(t *testing.T) {
	let := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-let }))
	defer server.Close()
	defer close(let)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := heartbeat(server.URL)(ctx); err == nil {
		t.Error("silence is a good heartbeat")
	}
}

func TestHeartbeatURLs(t *testing.T) {
	for address, ok := range map[string]bool{
		"": true, "https://alarm.example.com/check/hunter2": true, "http://127.0.0.1:9/": true,
		"alarm.example.com": false, "ftp://hunter2.example.com": false, "https://": false, "https://hunter2\n": false,
	} {
		if err := checkHeartbeat(address); (err == nil) != ok || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
