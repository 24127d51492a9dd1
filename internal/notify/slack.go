package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/words"
)

// Slack posts events to a Slack-compatible incoming webhook. Its URL is a secret:
// whoever knows it can post.
type Slack struct {
	*Outgoing
}

var _ app.Poster = (*Slack)(nil)

// NewSlack returns the channel.
func NewSlack(out *Outgoing) *Slack { return &Slack{out} }

// Post delivers an event once. Slack has no other secret than the URL.
func (s *Slack) Post(ctx context.Context, url, _ string, e app.Event) error {
	body, err := json.Marshal(map[string]string{"text": slackText(e)})
	if err != nil {
		return &app.PermanentError{Err: fmt.Errorf("write the event: %w", err)}
	}
	return s.post(ctx, url, http.Header{}, body)
}

// slackText is the event in Slack's markup: a bold title, what happened, what to do.
func slackText(e app.Event) string {
	title := "*" + slackEscape(headline(e)) + "*"
	if e.Project != "" {
		title += " · " + slackEscape(e.Project)
	}
	lines := []string{title, slackEscape(opening(e))}
	if e.Remedy != "" {
		lines = append(lines, slackEscape(words.Capital(sentence(e.Remedy))))
	}
	if e.ConsoleURL != "" {
		lines = append(lines, "<"+slackEscape(e.ConsoleURL)+"|Open the console>")
	}
	return strings.Join(lines, "\n")
}

var (
	slackMarkup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	// slackCall is a name after an '@' that begins a word: some servers would call
	// that person, or all, also from plain text. In an address it is no call.
	slackCall = regexp.MustCompile(`(^|[^\pL\pN.+_-])@`)
)

// slackEscape makes text mean nothing but itself: no link, no mention.
func slackEscape(s string) string {
	return slackCall.ReplaceAllString(slackMarkup.Replace(clean(s)), "$1@\u200b")
}
