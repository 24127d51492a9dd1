package console

import (
	"time"

	"github.com/segue-project/segue/internal/app"
)

// healthLine is how one part of Segue fares, in words.
type healthLine struct {
	Name, Fact string
	said
}

func healthLines(h app.Health, now time.Time, zone *time.Location) []healthLine {
	lines := []healthLine{sweepLine(h, now), mailLine(h, now, zone)}
	if dead := h.Messages[app.MessageDead]; dead > 0 {
		lines = append(lines, healthLine{"Messages", plural(dead, "message") + " given up; the Outbox sends them again", said{"Given up", bad}})
	}
	for _, c := range h.Channels {
		lines = append(lines, channelLine(c, now, zone))
	}
	return lines
}

func sweepLine(h app.Health, now time.Time) healthLine {
	last := "not run yet"
	if !h.LastSweep.IsZero() {
		last = ago(h.LastSweep, now)
	}
	if h.Overdue > 0 {
		return healthLine{"Sweep", last + "; " + plural(h.Overdue, "user") + " overdue", said{"Behind", warn}}
	}
	if h.LastSweep.IsZero() {
		return healthLine{"Sweep", "nothing was due yet", said{"Ready", quiet}}
	}
	return healthLine{"Sweep", last + "; nothing overdue", said{"Running", good}}
}

func mailLine(h app.Health, now time.Time, zone *time.Location) healthLine {
	switch h.MailState {
	case app.MailNotSet:
		return healthLine{"Mail", "no mail server is set; mails stay in the Outbox", said{"Kept", quiet}}
	case app.MailWorks:
		return healthLine{"Mail", "last sent " + moment(h.MailAt, now, zone), said{"Delivered", good}}
	case app.MailFails:
		return healthLine{"Mail", failure(h.NewestError, "last tried "+moment(h.MailAt, now, zone)), said{"Failing", bad}}
	}
	return healthLine{"Mail", "nothing was sent yet", said{"Untried", quiet}}
}

func channelLine(c app.ChannelHealth, now time.Time, zone *time.Location) healthLine {
	line := healthLine{Name: channelKind(c.Kind) + " " + c.Name}
	switch c.LastOutcome {
	case app.MessageSent:
		line.Fact, line.said = "last sent "+moment(c.LastAt, now, zone), said{"Delivered", good}
	case app.MessageDue:
		line.Fact, line.said = failure(c.LastError, "next try "+moment(c.NextTry, now, zone)), said{"Retrying", warn}
	case app.MessageDead:
		line.Fact, line.said = failure(c.LastError, "given up "+moment(c.LastAt, now, zone)), said{"Failing", bad}
	default:
		line.Fact, line.said = "nothing was sent yet", said{"Untried", quiet}
	}
	return line
}

// failure is why something failed and what follows, where the reason is known.
func failure(reason, then string) string {
	if reason == "" {
		return then
	}
	return reason + "; " + then
}

func channelKind(k app.ChannelKind) string {
	if k == app.ChannelSlack {
		return "Slack"
	}
	return "Webhook"
}
