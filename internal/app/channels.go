package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// maxChannels bounds a project's channels: each event leaves once by each.
const maxChannels = 20

// maxURL bounds a channel's address.
const maxURL = 2048

// ListChannels shows a project's channels; addresses and secrets stay sealed.
func (a *App) ListChannels(ctx context.Context, actor Actor, project string, now time.Time) ([]Channel, error) {
	var found []Channel
	err := a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		found, err = r.Channels(ctx, s.Project.ID)
		return err
	})
	return found, err
}

// CreateChannel adds a channel. secret signs a webhook's deliveries and is shown
// only here; Slack has none.
func (a *App) CreateChannel(ctx context.Context, actor Actor, project, name string, kind ChannelKind, url string, now time.Time) (secret string, err error) {
	if err := lifecycle.CheckName("name", name); err != nil {
		return "", AsError(err)
	}
	poster, known := a.Posters[kind]
	if !known {
		return "", failField("kind", "kind must be webhook or slack")
	}
	if len(url) > maxURL {
		return "", failField("url", "url must be at most %d bytes long", maxURL)
	}
	if err := poster.CheckURL(url); err != nil {
		return "", failField("url", "url cannot be used: %s", err)
	}
	if kind == ChannelWebhook {
		secret = a.NewWebhookSecret()
	}
	return secret, a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageNotices)
		if err != nil {
			return err
		}
		existing, err := u.Channels(ctx, s.Project.ID)
		if err != nil {
			return err
		}
		if len(existing) >= maxChannels {
			return fail(CodeConflict, "the project has %d channels, the most there can be: delete one first", maxChannels)
		}
		c, err := a.sealChannel(ctx, Channel{ID: newID(), ProjectID: s.Project.ID, Kind: kind, Name: name, CreatedAt: now}, url, secret)
		if err != nil {
			return err
		}
		if err := u.InsertChannel(ctx, c); errors.Is(err, ErrExists) {
			return &Error{Code: CodeConflict, Field: "name", Message: "a channel of this name already exists in this project"}
		} else if err != nil {
			return err
		}
		return u.audit(s.Project.ID, "channel.create", "", "", map[string]any{"channel": name, "kind": kind})
	})
}

func (a *App) sealChannel(ctx context.Context, c Channel, url, secret string) (Channel, error) {
	var err error
	if c.SealedURL, err = a.Custody.Seal(ctx, SealChannelURL, c.ProjectID, c.ID, ChannelURLID, []byte(url)); err != nil {
		return c, fmt.Errorf("seal a channel's address: %w", err)
	}
	if secret == "" {
		return c, nil
	}
	if c.SealedSecret, err = a.Custody.Seal(ctx, SealChannelSecret, c.ProjectID, c.ID, ChannelSecretID, []byte(secret)); err != nil {
		return c, fmt.Errorf("seal a channel's secret: %w", err)
	}
	return c, nil
}

// DeleteChannel ends a channel; what is still due on it is dropped.
func (a *App) DeleteChannel(ctx context.Context, actor Actor, project, name string, now time.Time) error {
	return a.write(ctx, actor, now, func(u *unit) error {
		s, err := authorise(ctx, u, actor, project, ManageNotices)
		if err != nil {
			return err
		}
		c, err := findChannel(ctx, u, s, name)
		if err != nil {
			return err
		}
		if err := u.DeleteChannel(ctx, c.ID); err != nil {
			return err
		}
		return u.audit(s.Project.ID, "channel.delete", "", "", map[string]string{"channel": name})
	})
}

func findChannel(ctx context.Context, r Reader, s scope, name string) (Channel, error) {
	c, err := r.Channel(ctx, s.Project.ID, name)
	if errors.Is(err, ErrNotFound) {
		return Channel{}, fail(CodeNotFound, "no such channel in this project")
	}
	return c, err
}

// TestChannel sends a test event now and tells what came of it.
func (a *App) TestChannel(ctx context.Context, actor Actor, project, name string, now time.Time) error {
	var c Channel
	var s scope
	err := a.write(ctx, actor, now, func(u *unit) (err error) {
		if s, err = authorise(ctx, u, actor, project, ManageNotices); err != nil {
			return err
		}
		if c, err = findChannel(ctx, u, s, name); err != nil {
			return err
		}
		return u.audit(s.Project.ID, "channel.test", "", "", map[string]string{"channel": name})
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	err = a.post(ctx, c, Event{
		ID: eventID(c.ProjectID, fmt.Sprintf("test/%d/%d", c.ID, now.UnixMilli())), Type: EventTest, At: now, Project: s.Project.Name,
		Message: "this is a test of channel " + name,
	})
	if err != nil {
		return fail(CodeConflict, "the test was not delivered: %s", err)
	}
	return nil
}

// SendTestMail sends the actor a test mail now and tells what came of it.
func (a *App) SendTestMail(ctx context.Context, actor Actor, project string, now time.Time) error {
	var s scope
	err := a.read(ctx, actor, now, func(r Reader) (err error) {
		s, err = authorise(ctx, r, actor, project, ManageNotices)
		return err
	})
	if err != nil {
		return err
	}
	if !a.Mailer.Leaves() {
		return fail(CodeConflict, "no mail leaves this Segue: set a mail server with `segue serve --smtp-url`; until then mails are kept in the outbox")
	}
	mail, err := a.Renderer.Event(Event{
		Type: EventTest, At: now, Project: s.Project.Name, PublicURL: a.PublicURL, ConsoleURL: a.consoleURL(s.Project.Name),
		Message: "this is a test: mail from Segue reaches you",
	}, actor.Email, newID())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	if err := a.Mailer.Send(ctx, mail); err != nil {
		return fail(CodeConflict, "the test was not delivered: %s", err)
	}
	return nil
}
