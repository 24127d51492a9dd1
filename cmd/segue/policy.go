package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/words"
)

// inherit is the value of a policy's flag that takes the own value away.
const inherit = "inherit"

const policyHelp = `Without a flag it shows the policy in force and where each value comes from. With
one it changes those values; "inherit" takes the own value away again. Durations
are whole numbers of d, h, m or s, such as 820d or 1d12h.

A change moves the renewals and reminders that lie ahead. One that makes many users due at once
is refused with their number unless it says --confirm.`

func newProjectPolicyCommand(c *cli) *cobra.Command {
	var f policyFlags
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Show or set how long pairs live, when they are renewed and when people are told",
		Long:  policyHelp,
		Example: `  segue project policy
  segue project policy --validity 365d --renew-before 60d
  segue project policy --reminders 90d:14d,30d:7d,7d:1d --after-lapse 7d:8 --time-zone Europe/Helsinki`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.policy(cmd, &f, func(s session) (api.PolicyReply, error) {
				return s.ProjectPolicy(cmd.Context(), s.project)
			}, func(s session, u api.PolicyUpdate) (api.PolicyReply, error) {
				return s.SetProjectPolicy(cmd.Context(), s.project, u)
			})
		},
	}
	f.add(cmd)
	return cmd
}

func newServicePolicyCommand(c *cli) *cobra.Command {
	var f policyFlags
	cmd := &cobra.Command{
		Use:   "policy SERVICE",
		Short: "Show or set how long pairs live, when they are renewed and when people are told",
		Long:  policyHelp,
		Example: `  segue service policy orders
  segue service policy orders --validity 90d --renew-before 20d --spread 1d
  segue service policy orders --validity inherit`,
		Args: takes("SERVICE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.policy(cmd, &f, func(s session) (api.PolicyReply, error) {
				return s.ServicePolicy(cmd.Context(), s.project, args[0])
			}, func(s session, u api.PolicyUpdate) (api.PolicyReply, error) {
				return s.SetServicePolicy(cmd.Context(), s.project, args[0], u)
			})
		},
	}
	f.add(cmd)
	return cmd
}

// policy shows a policy, or changes what flags name of it.
func (c *cli) policy(cmd *cobra.Command, f *policyFlags,
	read func(session) (api.PolicyReply, error), set func(session, api.PolicyUpdate) (api.PolicyReply, error)) error {
	update, given, err := f.update(cmd)
	if err != nil {
		return err
	}
	s, err := c.inProject(cmd.Context())
	if err != nil {
		return err
	}
	var reply api.PolicyReply
	if given {
		reply, err = set(s, update)
	} else {
		reply, err = read(s)
	}
	return c.showPolicy(cmd, reply, err)
}

type policyFlags struct {
	validity, renewBefore, spread, rekey string
	confirm                              bool

	reminders, afterLapse, digestDelay, digestInterval, timeZone string
}

func (f *policyFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.validity, "validity", "", "how long a pair lives")
	cmd.Flags().StringVar(&f.renewBefore, "renew-before", "", "how long before its end the next pair is there")
	cmd.Flags().StringVar(&f.spread, "spread", "", "up to how much earlier still, so that renewals do not come all at once")
	cmd.Flags().StringVar(&f.rekey, "rekey", "", "whether a renewal of a key that its client keeps waits for a new key: allowed or required")
	cmd.Flags().StringVar(&f.reminders, "reminders", "", "within how long of the old pair's end people are reminded how often, 90d:14d,30d:7d,7d:1d or JSON")
	cmd.Flags().StringVar(&f.afterLapse, "after-lapse", "", "how often and how many times they are told after it, 7d:8 or JSON")
	cmd.Flags().StringVar(&f.digestDelay, "digest-delay", "", "how long news gathers before it is told (projects)")
	cmd.Flags().StringVar(&f.digestInterval, "digest-interval", "", "the least time between two digests (projects)")
	cmd.Flags().StringVar(&f.timeZone, "time-zone", "", "where it is 09:00 when reminders leave, Europe/Helsinki (projects)")
	cmd.Flags().BoolVar(&f.confirm, "confirm", false, "change it although many users become due at once")
}

// update holds the values whose flags were given; given is false when none was.
func (f *policyFlags) update(cmd *cobra.Command) (u api.PolicyUpdate, given bool, err error) {
	for name, of := range map[string]struct {
		value   string
		setting *api.Setting
	}{
		"validity":     {f.validity, &u.Validity},
		"renew-before": {f.renewBefore, &u.RenewBefore},
		"spread":       {f.spread, &u.Spread},
		"rekey":        {f.rekey, &u.Rekey},
	} {
		switch {
		case !cmd.Flags().Changed(name):
			continue
		case of.value == inherit:
			*of.setting = api.Inherit()
		default:
			*of.setting = api.Give(of.value)
		}
		given = true
	}
	u.Confirm = f.confirm
	told, err := f.updateNotices(cmd, &u)
	return u, told || given, err
}

// updateNotices adds the values about telling people whose flags were given.
func (f *policyFlags) updateNotices(cmd *cobra.Command, u *api.PolicyUpdate) (given bool, err error) {
	for name, of := range map[string]struct {
		value  string
		into   *json.RawMessage
		encode func(string) (any, error)
	}{
		"reminders":       {f.reminders, &u.Reminders, remindersOf},
		"after-lapse":     {f.afterLapse, &u.AfterLapse, afterLapseOf},
		"digest-delay":    {f.digestDelay, &u.DigestDelay, asIs},
		"digest-interval": {f.digestInterval, &u.DigestInterval, asIs},
		"time-zone":       {f.timeZone, &u.TimeZone, asIs},
	} {
		if !cmd.Flags().Changed(name) {
			continue
		}
		given = true
		*of.into = json.RawMessage("null")
		if of.value == inherit {
			continue
		}
		value, err := of.encode(of.value)
		if err != nil {
			return given, err
		}
		if *of.into, err = json.Marshal(value); err != nil {
			return given, err
		}
	}
	return given, nil
}

func asIs(s string) (any, error) { return s, nil }

// remindersOf reads 90d:14d,30d:7d, or JSON as the policy's own.
func remindersOf(s string) (any, error) {
	if json.Valid([]byte(s)) {
		return json.RawMessage(s), nil
	}
	var out []api.Reminder
	for pair := range strings.SplitSeq(s, ",") {
		within, every, ok := strings.Cut(pair, ":")
		if !ok {
			return nil, usage("--reminders takes WITHIN:EVERY,…, such as 90d:14d,30d:7d,7d:1d, or JSON")
		}
		out = append(out, api.Reminder{Within: strings.TrimSpace(within), Every: strings.TrimSpace(every)})
	}
	return out, nil
}

// afterLapseOf reads 7d:8, or JSON as the policy's own.
func afterLapseOf(s string) (any, error) {
	if json.Valid([]byte(s)) {
		return json.RawMessage(s), nil
	}
	every, times, _ := strings.Cut(s, ":")
	n, err := strconv.Atoi(strings.TrimSpace(times))
	if err != nil {
		return nil, usage("--after-lapse takes EVERY:TIMES, such as 7d:8, or JSON")
	}
	return api.AfterLapse{Every: strings.TrimSpace(every), Times: n}, nil
}

func (c *cli) showPolicy(cmd *cobra.Command, reply api.PolicyReply, err error) error {
	var refused *api.Error
	if errors.As(err, &refused) && refused.Status == http.StatusConflict {
		return fmt.Errorf("%w (here: --confirm)", err)
	}
	if err != nil {
		return err
	}
	if c.json {
		return writeJSON(cmd.OutOrStdout(), reply)
	}
	g := grid{head: []string{"Setting", "Value", "From"}}
	g.add(text("validity"), text(reply.Policy.Validity), text(reply.Sources.Validity))
	g.add(text("renew before"), text(reply.Policy.RenewBefore), text(reply.Sources.RenewBefore))
	g.add(text("spread"), text(reply.Policy.Spread), text(reply.Sources.Spread))
	g.add(text("rekey"), text(reply.Policy.Rekey), text(reply.Sources.Rekey))
	addNotices(&g, reply)
	if err := g.write(cmd.OutOrStdout()); err != nil || reply.Due == 0 {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s due at once by this change\n", words.Count(reply.Due, "user became", "users became"))
	return err
}

func addNotices(g *grid, reply api.PolicyReply) {
	var reminders []string
	for _, r := range reply.Policy.Reminders {
		reminders = append(reminders, r.Within+":"+r.Every)
	}
	p, from := reply.Policy, reply.Sources
	g.add(text("reminders"), text(strings.Join(reminders, ",")), text(from.Reminders))
	g.add(text("after lapse"), text(fmt.Sprintf("%s:%d", p.AfterLapse.Every, p.AfterLapse.Times)), text(from.AfterLapse))
	g.add(text("digest delay"), text(p.DigestDelay), text(from.DigestDelay))
	g.add(text("digest interval"), text(p.DigestInterval), text(from.DigestInterval))
	g.add(text("time zone"), text(p.TimeZone), text(from.TimeZone))
}
