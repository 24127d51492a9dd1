package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/segue-project/segue/internal/notify/smtptest"
)

// outside is what a transcript's server reaches: one mail server and one receiver
// of webhooks.
type outside struct {
	t        *testing.T
	mail     *smtptest.Server
	receiver *receiver
}

// keep leaves the outside to the commands of one transcript.
func (o *outside) keep(env *testscript.Env) { env.Values[outside{}] = o }

func outsideOf(ts *testscript.TestScript) *outside { return ts.Value(outside{}).(*outside) }

// cmdMailServer starts a real SMTP server, which wants STARTTLS and a password,
// and leaves its URL in SEGUE_SMTP_URL; then it makes it refuse or take mails:
// mail-server start|refuse|take.
func cmdMailServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mail-server start|refuse|take")
	}
	o := outsideOf(ts)
	switch args[0] {
	case "start":
		o.mail = smtptest.Start(o.t, smtptest.STARTTLS)
		ts.Setenv("SEGUE_SMTP_URL", o.mail.URL())
		ts.Setenv("SEGUE_MAIL_FROM", "Segue <segue@example.com>")
	case "refuse":
		o.mail.Play(smtptest.At(smtptest.To, smtptest.Answer{Code: 550, Text: "no such mailbox"}))
	case "take":
		o.mail.Play(nil)
	}
}

// cmdMailed waits for a mail to the address whose subject or text holds the words,
// and leaves its text in mail.txt: mailed ADDRESS WORDS.
func cmdMailed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mailed ADDRESS WORDS")
	}
	o := outsideOf(ts)
	for end := time.Now().Add(startWithin); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, m := range o.mail.Messages() {
			parsed := m.Parse(o.t)
			if m.To[0] == args[0] && strings.Contains(parsed.Subject+"\n"+parsed.Text, args[1]) {
				ts.Check(os.WriteFile(ts.MkAbs("mail.txt"), []byte(parsed.Text), 0o600))
				return
			}
		}
	}
	ts.Fatalf("no mail to %s holds %q: %d mails came", args[0], args[1], len(o.mail.Messages()))
}

// receiver takes webhooks.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []delivered
	gone bool
}

// delivered is one request as it came.
type delivered struct {
	path   string
	header http.Header
	body   []byte
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone || err != nil {
		w.WriteHeader(http.StatusGone)
		return
	}
	r.got = append(r.got, delivered{q.URL.Path, q.Header, body})
}

func (r *receiver) all() []delivered {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivered{}, r.got...)
}

// cmdReceiver starts a receiver of webhooks on this machine and writes two
// addresses to files, or ends it for good: receiver start WEBHOOK SLACK|gone.
func cmdReceiver(ts *testscript.TestScript, neg bool, args []string) {
	o := outsideOf(ts)
	switch {
	case neg || len(args) == 0:
		ts.Fatalf("usage: receiver start WEBHOOK-FILE SLACK-FILE|gone")
	case args[0] == "gone":
		o.receiver.mu.Lock()
		defer o.receiver.mu.Unlock()
		o.receiver.gone = true
	default:
		o.receiver = &receiver{}
		o.receiver.Server = httptest.NewServer(o.receiver)
		o.t.Cleanup(o.receiver.Close)
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(o.receiver.URL+"/webhook?key=hunter2\n"), 0o600))
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(o.receiver.URL+"/slack/hunter2\n"), 0o600))
	}
}

// cmdReceived waits for an event of the type that the secret in the file signed,
// or for words in Slack's text: received EVENT SECRET-FILE, received-slack WORDS.
func cmdReceived(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: received EVENT SECRET-FILE")
	}
	secret, err := standardwebhooks.NewWebhook(strings.TrimSpace(ts.ReadFile(args[1])))
	ts.Check(err)
	outsideOf(ts).await(ts, args[0], func(d delivered) bool {
		var event struct {
			Type string `json:"type"`
		}
		return d.path == "/webhook" && json.Unmarshal(d.body, &event) == nil && event.Type == args[0] && secret.Verify(d.body, d.header) == nil
	})
}

func cmdReceivedSlack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: received-slack WORDS")
	}
	outsideOf(ts).await(ts, args[0], func(d delivered) bool {
		var message struct {
			Text string `json:"text"`
		}
		return d.path == "/slack/hunter2" && json.Unmarshal(d.body, &message) == nil && strings.Contains(message.Text, args[0])
	})
}

func (o *outside) await(ts *testscript.TestScript, what string, is func(delivered) bool) {
	for end := time.Now().Add(startWithin); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, d := range o.receiver.all() {
			if is(d) {
				return
			}
		}
	}
	var came []string
	for _, d := range o.receiver.all() {
		came = append(came, fmt.Sprintf("%s %.200s", d.path, d.body))
	}
	ts.Fatalf("no %q came, but\n%s", what, strings.Join(came, "\n"))
}
