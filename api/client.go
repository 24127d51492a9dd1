package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client speaks to one Segue server as one account. It is safe for concurrent use.
//
// Failures are an *Error when the server answered, a *ConnectionError when it
// did not. Calls that may be repeated without harm are tried up to four times
// while the server answers 429, 500, 502, 503 or 504; Retry-After is honoured up
// to 30 seconds. Redirects are not followed, so that a token goes to no address
// but the one the client was made with.
type Client struct {
	base      string // without a slash at the end
	token     string
	userAgent string
	maxReply  int64 // bytes
	http      *http.Client
}

// Option changes how New makes a Client.
type Option func(*Client)

// WithUserAgent names the program that calls; Segue keeps it with the token's last use.
func WithUserAgent(name string) Option { return func(c *Client) { c.userAgent = name } }

// WithTransport replaces http.DefaultTransport, for instance to trust a private CA.
func WithTransport(t http.RoundTripper) Option { return func(c *Client) { c.http.Transport = t } }

const (
	// callTimeout bounds one try, from connecting to the last byte of the reply. The
	// server gives up earlier, and says why.
	callTimeout = 90 * time.Second
	// replyLimit is what the reply of a service with more than 100,000 users needs.
	replyLimit = 256 << 20
	// errorLimit bounds what is read of a failure.
	errorLimit = 1 << 20

	maxTries      = 4
	firstWait     = 250 * time.Millisecond // doubles with each try
	maxRetryAfter = 30 * time.Second
)

// New returns a client of the server at baseURL. token may be empty, which is
// enough for SignIn alone. Plain HTTP is refused but to this machine itself, for
// tokens, passwords and keys would cross a network in the clear.
func New(baseURL, token string, options ...Option) (*Client, error) {
	base, err := checkBaseURL(baseURL)
	if err != nil {
		return nil, err
	}
	c := &Client{base: base, token: token, userAgent: "segue-go", maxReply: replyLimit, http: &http.Client{
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

func checkBaseURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("the URL of the server must look like https://segue.example.com or http://127.0.0.1:8420")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("the URL of the server must hold no credentials, query or fragment")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "", errors.New("plain http would send secrets in the clear to another machine: use an https URL")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Error is a refusal or failure that the server answered with.
type Error struct {
	Status  int    // HTTP status
	Message string // for people
	// retryAfter is how long the server asked to wait; 0 when it did not say.
	retryAfter time.Duration
}

func (e *Error) Error() string { return e.Message }

func (e *Error) mayPass() bool {
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return e.retryAfter <= maxRetryAfter
	}
	return false
}

// ConnectionError says that the server could not be reached, or that the
// connection broke before its reply was read.
type ConnectionError struct {
	URL string // of the server, as New was given it
	Err error
}

func (e *ConnectionError) Error() string { return "cannot reach " + e.URL + ": " + e.Err.Error() }

func (e *ConnectionError) Unwrap() error { return e.Err }

// Timeout reports whether the server took too long.
func (e *ConnectionError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// call is one request of the API.
type call struct {
	method string
	path   []string // segments below /v1
	query  url.Values
	in     any // JSON body; nil for none
	out    any // what the reply is decoded into
	// repeatable calls end in the same state and the same reply when made twice.
	repeatable bool
}

// address is the URL of the call. Names that would make it another call's are
// refused here: no server could tell them apart.
func (c *Client) address(k call) (string, error) {
	address := c.base + "/v1"
	for _, segment := range k.path {
		if segment == "" || segment == "." || segment == ".." {
			return "", errors.New("the name of a project, service or user must not be empty or consist of dots alone")
		}
		address += "/" + url.PathEscape(segment)
	}
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	return address, nil
}

// do makes a call, again and again where that may help.
func (c *Client) do(ctx context.Context, k call) error {
	address, err := c.address(k)
	if err != nil {
		return err
	}
	var body []byte
	if k.in != nil {
		if body, err = json.Marshal(k.in); err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
	}
	for try := 1; ; try++ {
		err := c.try(ctx, k, address, body)
		var refused *Error
		if !k.repeatable || try == maxTries || !errors.As(err, &refused) || !refused.mayPass() {
			return err
		}
		if gaveUp := pause(ctx, max(backoff(try), refused.retryAfter)); gaveUp != nil {
			return fmt.Errorf("%w (gave up waiting to try again: %w)", err, gaveUp)
		}
	}
}

// backoff is the pause after the n-th try, of which up to half is chance, so
// that clients that failed together do not come back together.
func backoff(n int) time.Duration {
	wait := firstWait << (n - 1)
	return wait - rand.N(wait/2)
}

func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) try(ctx context.Context, k call, address string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, k.method, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.userAgent)
	if k.in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return c.connectionError(err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return refusal(response)
	}
	return c.decode(response.Body, k.out)
}

// connectionError drops net/http's wrapping, which repeats method and path.
func (c *Client) connectionError(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &ConnectionError{URL: c.base, Err: err}
}

func (c *Client) decode(body io.Reader, out any) error {
	limited := &io.LimitedReader{R: body, N: c.maxReply}
	decoder := json.NewDecoder(limited)
	decoder.UseNumber() // user_config keeps its numbers to the last digit
	err := decoder.Decode(out)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case limited.N <= 0:
		return fmt.Errorf("the reply of %s is larger than %d bytes", c.base, c.maxReply)
	case errors.As(err, &syntax), errors.As(err, &kind):
		return fmt.Errorf("%s does not answer like a Segue server: %w", c.base, err)
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return c.connectionError(err)
}

// refusal reads a reply that is no success. What does not come in Segue's
// envelope, for instance from a proxy in between, is told by its status alone.
func refusal(response *http.Response) error {
	failed := &Error{Status: response.StatusCode, retryAfter: retryAfter(response.Header)}
	var reply ErrorReply
	err := json.NewDecoder(io.LimitReader(response.Body, errorLimit)).Decode(&reply)
	target, _ := response.Location()
	switch {
	case response.StatusCode/100 == 3 && target != nil:
		failed.Message = fmt.Sprintf("the server redirects to %s://%s: use that as its URL", target.Scheme, target.Host)
	case err == nil && reply.Message != "":
		failed.Message = reply.Message
	default:
		failed.Message = strings.TrimSpace(fmt.Sprintf("the server answered %d %s", failed.Status, http.StatusText(failed.Status)))
	}
	return failed
}

// retryAfter reads both forms of Retry-After. A date is held against the
// server's own clock, so that a wrong one here does not matter.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), 1<<30)) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	sent, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return max(at.Sub(sent), 0)
}
