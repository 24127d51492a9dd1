package main

import (
	"cmp"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/atomicfile"
)

func newNotifyCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "notify", Short: "Messages about renewals: what left, what waits, what was given up"}
	c.connectionFlags(cmd)
	c.projectFlag(cmd)
	cmd.AddCommand(newDeliveriesCommand(c), newOutboxCommand(c), newShowCommand(c), newRetryCommand(c), newNotifyTestCommand(c), newPreviewCommand(c))
	return cmd
}

func newDeliveriesCommand(c *cli) *cobra.Command {
	var state string
	var limit int
	cmd := c.inProjectCommand(&cobra.Command{
		Use:   "deliveries",
		Short: "List messages, newest first",
		Long: `Lists messages: due for their next attempt, sent, kept in the outbox, dropped
because nothing was left to say, or dead, which is given up until somebody retries.`,
		Example: `  segue notify deliveries
  segue notify deliveries --state dead`,
	}, nil, func(cmd *cobra.Command, s session, _ []string) error {
		if limit < 1 {
			return usage("--limit counts from 1")
		}
		return c.listDeliveries(cmd, s, state, limit)
	})
	cmd.Flags().StringVar(&state, "state", "", "due, sent, kept, dropped or dead")
	cmd.Flags().IntVar(&limit, "limit", listed, "how many at most")
	return cmd
}

// listed is how many messages are shown where nobody says how many.
const listed = 50

func newOutboxCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:   "outbox [MESSAGE]",
		Short: "List the mails that were kept because no mail server is set, or read one",
		Example: `  segue notify outbox
  segue notify outbox 0123456789abcdef`,
		Args: takesOne("message"),
	}, nil, func(cmd *cobra.Command, s session, args []string) error {
		if len(args) == 0 {
			return c.listOutbox(cmd, s)
		}
		reply, err := s.Delivery(cmd.Context(), s.project, args[0])
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), reply)
		}
		return c.say(cmd, nil, "To: %s\nSubject: %s\n\n%s", oneLine(reply.Delivery.Recipient), oneLine(reply.Delivery.Subject), printable(reply.Text))
	})
}

func (c *cli) listOutbox(cmd *cobra.Command, s session) error {
	kept, more, err := newest(s.Deliveries(cmd.Context(), s.project, "kept"), listed)
	if err != nil {
		return err
	}
	if c.json {
		return writeJSON(cmd.OutOrStdout(), kept)
	}
	if len(kept) == 0 {
		return c.say(cmd, nil, "The outbox is empty: no mail was due yet, or mails leave by a mail server")
	}
	g := grid{head: []string{"Message", "When", "To", "Subject"}}
	for _, d := range kept {
		g.add(text(d.ID), text(date(d.CreateTime, c.now())), text(d.Recipient), text(d.Subject))
	}
	if err := g.write(cmd.OutOrStdout()); err != nil {
		return err
	}
	if more {
		fmt.Fprintln(cmd.OutOrStdout(), "Older ones: segue notify deliveries --state kept --limit NUMBER")
	}
	return c.say(cmd, nil, "Next: %s", c.suggest("segue notify outbox "+kept[0].ID, c.project))
}

// newest are the first of a list, at most limit, and whether there are more.
func newest[T any](all iter.Seq2[T, error], limit int) (found []T, more bool, err error) {
	found = []T{}
	for d, err := range all {
		switch {
		case err != nil:
			return nil, false, err
		case len(found) == limit:
			return found, true, nil
		}
		found = append(found, d)
	}
	return found, false, nil
}

func (c *cli) listDeliveries(cmd *cobra.Command, s session, state string, limit int) error {
	found, more, err := newest(s.Deliveries(cmd.Context(), s.project, state), limit)
	if err != nil {
		return err
	}
	if c.json {
		return writeJSON(cmd.OutOrStdout(), found)
	}
	if len(found) == 0 {
		return c.say(cmd, nil, "No such message")
	}
	g := grid{head: []string{"Message", "When", "To", "State", "Subject"}}
	for _, d := range found {
		g.add(text(d.ID), text(date(d.CreateTime, c.now())), text(d.Recipient), deliveryState(d), text(cmp.Or(d.LastError, d.Subject, d.Event, d.Kind)))
	}
	if err := g.write(cmd.OutOrStdout()); err != nil {
		return err
	}
	if more {
		fmt.Fprintf(cmd.OutOrStdout(), "There are more than these %d: --limit shows them\n", limit)
	}
	return c.say(cmd, nil, "Next: %s", c.suggest("segue notify show "+found[0].ID, c.project))
}

// deliveryState is a message's state, and how urgent that is.
func deliveryState(d api.Delivery) cell {
	switch {
	case d.State == "dead":
		return cell{d.State, bad}
	case d.State == "due" && d.Attempts > 0:
		return cell{d.State, warning}
	case d.State == "sent":
		return cell{d.State, good}
	}
	return text(d.State)
}

func newShowCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "show MESSAGE",
		Short:   "Show a message, its attempts and what it said",
		Example: "  segue notify show 0123456789abcdef",
	}, []string{"MESSAGE"}, func(cmd *cobra.Command, s session, args []string) error {
		reply, err := s.Delivery(cmd.Context(), s.project, args[0])
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), reply)
		}
		return c.showDelivery(cmd, reply)
	})
}

func (c *cli) showDelivery(cmd *cobra.Command, reply api.DeliveryReply) error {
	now, out := c.now(), cmd.OutOrStdout()
	var d details
	m := reply.Delivery
	d.add("To", m.Recipient)
	d.add("By", m.Channel)
	d.add("About", cmp.Or(m.Event, m.Kind))
	d.add("State", m.State)
	d.add("Made", moment(m.CreateTime, now))
	if m.DueTime != nil {
		d.add("Next attempt", moment(*m.DueTime, now))
	}
	if m.Subject != "" {
		d.add("Subject", m.Subject)
	}
	for _, a := range reply.Attempts {
		outcome := a.Outcome
		if a.Error != "" {
			outcome += ", " + a.Error
		}
		d.add(fmt.Sprintf("Attempt %d", a.Number), moment(a.StartTime, now)+": "+outcome)
	}
	if err := d.write(out); err != nil {
		return err
	}
	if m.State == "dead" {
		fmt.Fprintf(out, "Next: %s\n", c.suggest("segue notify retry "+m.ID, c.project))
	}
	if reply.Text == "" {
		return nil
	}
	_, err := fmt.Fprintf(out, "\n%s\n", printable(reply.Text))
	return err
}

func newRetryCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "retry MESSAGE",
		Short:   "Make a message that was given up due again",
		Example: "  segue notify retry 0123456789abcdef",
	}, []string{"MESSAGE"}, func(cmd *cobra.Command, s session, args []string) error {
		if err := s.RetryDelivery(cmd.Context(), s.project, args[0]); err != nil {
			return err
		}
		return c.say(cmd, api.Done{Message: "due again"}, "Message %s is due again", args[0])
	})
}

func newNotifyTestCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "test",
		Short:   "Send yourself a test mail and say what came of it",
		Example: "  segue notify test",
	}, nil, func(cmd *cobra.Command, s session, _ []string) error {
		if err := s.TestMail(cmd.Context(), s.project); err != nil {
			return err
		}
		return c.say(cmd, api.Done{Message: "sent"}, "Sent to your address")
	})
}

func newPreviewCommand(c *cli) *cobra.Command {
	var path string
	var plain bool
	cmd := c.inProjectCommand(&cobra.Command{
		Use:   "preview",
		Short: "Render the digest that would leave now",
		Long: `Renders the digest that would leave now, as you would get it, and sends nothing. With
--json it holds the subject, both parts and the attached calendar entry.`,
		Example: `  segue notify preview -o digest.html
  segue notify preview --text`,
	}, nil, func(cmd *cobra.Command, s session, _ []string) error {
		p, err := s.PreviewDigest(cmd.Context(), s.project)
		if err != nil {
			return err
		}
		if path != "" {
			body := p.HTML
			if plain {
				body = p.Text
			}
			if err := atomicfile.Write(path, []byte(body), 0o644); err != nil {
				return err
			}
			return c.say(cmd, p, "Subject: %s\nWrote %s", oneLine(p.Subject), path)
		}
		if plain {
			return c.say(cmd, p, "Subject: %s\n\n%s", oneLine(p.Subject), printable(p.Text))
		}
		return c.say(cmd, p, "%s", p.HTML)
	})
	cmd.Flags().StringVarP(&path, "output", "o", "", "file to write instead of standard output")
	cmd.Flags().BoolVar(&plain, "text", false, "the text part instead of the HTML")
	return cmd
}
