package main

import (
	"cmp"
	"fmt"

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
		Example: `  segue notify deliveries
  segue notify deliveries --state dead`,
	}, nil, func(cmd *cobra.Command, s session, _ []string) error {
		return c.listDeliveries(cmd, s, state, limit)
	})
	cmd.Flags().StringVar(&state, "state", "", "due, sent, kept, dropped or dead")
	cmd.Flags().IntVar(&limit, "limit", 50, "how many, 1 to 1000")
	return cmd
}

func newOutboxCommand(c *cli) *cobra.Command {
	return c.inProjectCommand(&cobra.Command{
		Use:     "outbox",
		Short:   "List the mails that were kept because no mail server is set",
		Example: "  segue notify outbox",
	}, nil, func(cmd *cobra.Command, s session, _ []string) error {
		return c.listDeliveries(cmd, s, "kept", 50)
	})
}

func (c *cli) listDeliveries(cmd *cobra.Command, s session, state string, limit int) error {
	page, err := s.DeliveriesPage(cmd.Context(), s.project, state, "", limit)
	if err != nil {
		return err
	}
	if c.json {
		return writeJSON(cmd.OutOrStdout(), page)
	}
	if len(page.Deliveries) == 0 {
		return c.say(cmd, nil, "No such message")
	}
	now := c.now()
	g := grid{head: []string{"Message", "When", "To", "State", "Subject"}}
	for _, d := range page.Deliveries {
		g.add(text(d.ID), text(date(d.CreateTime, now)), text(d.Recipient), text(d.State), text(cmp.Or(d.LastError, d.Subject, d.Event, d.Kind)))
	}
	if err := g.write(cmd.OutOrStdout()); err != nil {
		return err
	}
	return c.say(cmd, nil, "Next: %s", c.suggest("segue notify show "+page.Deliveries[0].ID, s.project))
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
	d.add("To", reply.Delivery.Recipient)
	d.add("State", reply.Delivery.State)
	d.add("Made", moment(reply.Delivery.CreateTime, now))
	if reply.Delivery.Subject != "" {
		d.add("Subject", reply.Delivery.Subject)
	}
	for _, a := range reply.Attempts {
		d.add(fmt.Sprintf("Attempt %d", a.Number), moment(a.StartTime, now)+": "+a.Outcome+" "+a.Error)
	}
	if err := d.write(out); err != nil || reply.Text == "" {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s\n", reply.Text)
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
		Example: `  segue notify preview -o digest.html
  segue notify preview --text`,
	}, nil, func(cmd *cobra.Command, s session, _ []string) error {
		p, err := s.PreviewDigest(cmd.Context(), s.project)
		if err != nil {
			return err
		}
		if path != "" {
			if err := atomicfile.Write(path, []byte(p.HTML), 0o644); err != nil {
				return err
			}
			return c.say(cmd, p, "Subject: %s\nWrote %s", p.Subject, path)
		}
		if plain {
			return c.say(cmd, p, "Subject: %s\n\n%s", p.Subject, p.Text)
		}
		return c.say(cmd, p, "%s", p.HTML)
	})
	cmd.Flags().StringVarP(&path, "output", "o", "", "file to write instead of standard output")
	cmd.Flags().BoolVar(&plain, "text", false, "the text part instead of the HTML")
	return cmd
}
