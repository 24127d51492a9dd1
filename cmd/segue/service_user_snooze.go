package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/lifecycle"
)

func newUserSnoozeCommand(c *cli) *cobra.Command {
	var until, reason string
	var end bool
	cmd := userCommand(&cobra.Command{
		Use:   "user-snooze SERVICE --username NAME",
		Short: "Silence the reminders of a user's renewal until a date",
		Long: `Silences the reminders of a user's renewal until a date, 2026-12-24, or for a time,
7d; never past the end of the old pair. --end lets them come again.`,
		Example: `  segue service user-snooze orders --username shop --until 7d --reason 'release freeze'
  segue service user-snooze orders --username shop --end`,
	}, func(cmd *cobra.Command, service, user string) error {
		if end {
			return c.endSnooze(cmd, service, user)
		}
		at, err := parseUntil(until, c.now())
		if err != nil {
			return err
		}
		s, err := c.inProject(cmd.Context())
		if err != nil {
			return err
		}
		u, err := s.Snooze(cmd.Context(), s.project, service, user, api.Snooze{Until: at, Reason: reason})
		if err != nil {
			return err
		}
		return c.say(cmd, u, "Reminders of %s are silent until %s", user, moment(at, c.now()))
	})
	cmd.Flags().StringVar(&until, "until", "", "a date, 2026-12-24, a time in RFC 3339, or a duration, 7d")
	cmd.Flags().StringVar(&reason, "reason", "", "why nobody needs to be reminded until then")
	cmd.Flags().BoolVar(&end, "end", false, "let reminders come again")
	cmd.MarkFlagsMutuallyExclusive("end", "until")
	cmd.MarkFlagsOneRequired("end", "until")
	cmd.MarkFlagsRequiredTogether("until", "reason")
	return cmd
}

func (c *cli) endSnooze(cmd *cobra.Command, service, user string) error {
	s, err := c.inProject(cmd.Context())
	if err != nil {
		return err
	}
	u, err := s.EndSnooze(cmd.Context(), s.project, service, user)
	if err != nil {
		return err
	}
	return c.say(cmd, u, "Reminders of %s come again", user)
}

// parseUntil reads a date, a moment, or a duration from now.
func parseUntil(s string, now time.Time) (time.Time, error) {
	return parseMoment("--until", s, func(d time.Duration) time.Time { return now.Add(d).Truncate(time.Second) })
}

// parseMoment reads what a flag says: a date, a moment, or a duration, of which
// shift knows from when and which way it counts.
func parseMoment(flag, s string, shift func(time.Duration) time.Time) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, s, time.Local); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	d, err := lifecycle.ParseDuration(flag, s)
	if err != nil {
		return time.Time{}, usage("%s must be a date such as 2026-12-24, a time in RFC 3339, or a duration such as 7d", flag)
	}
	return shift(d), nil
}
