package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

// userCommand is a command about one user of a service, named as avn names it.
func userCommand(cmd *cobra.Command, run func(cmd *cobra.Command, service, user string) error) *cobra.Command {
	var user string
	cmd.Args = takes("SERVICE")
	cmd.Flags().StringVar(&user, "username", "", "the service user")
	_ = cmd.MarkFlagRequired("username") // fails only for a flag that is not there
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return run(cmd, args[0], user) }
	return cmd
}

func newUserCreateCommand(c *cli) *cobra.Command {
	return userCommand(&cobra.Command{
		Use:     "user-create SERVICE --username NAME",
		Short:   "Make a service user with its first pair",
		Example: "  segue service user-create orders --username shop",
	}, func(cmd *cobra.Command, service, user string) error {
		s, err := c.inProject(cmd.Context())
		if err != nil {
			return err
		}
		reply, err := s.CreateUser(cmd.Context(), s.project, service, user)
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), reply.User)
		}
		if err := writeUser(cmd.OutOrStdout(), reply, c.now()); err != nil {
			return err
		}
		return c.nextDownload(cmd, service, user)
	})
}

func (c *cli) nextDownload(cmd *cobra.Command, service, user string) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "Next: %s\n",
		c.suggest("segue service user-creds-download "+service+" --username "+user+" -d DIRECTORY", c.project))
	return err
}

func newUserListCommand(c *cli) *cobra.Command {
	var q api.UserQuery
	cmd := &cobra.Command{
		Use:   "user-list SERVICE",
		Short: "List the users of a service and how their pairs stand",
		Example: `  segue service user-list orders
  segue service user-list orders --state awaiting --sort urgency`,
		Args: takes("SERVICE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.inProject(cmd.Context())
			if err != nil {
				return err
			}
			users := []api.User{}
			for u, err := range s.Users(cmd.Context(), s.project, args[0], q) {
				if err != nil {
					return err
				}
				users = append(users, u)
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), users)
			}
			g := usersGrid(users, c.now())
			return g.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&q.State, "state", "", "only users whose renewal is `awaiting` acknowledgement, or lapsed, overlap (two pairs work) or valid")
	cmd.Flags().StringVar(&q.Search, "search", "", "only users whose name holds `TEXT`")
	cmd.Flags().StringVar(&q.Sort, "sort", "", "order by `name` (the default), urgency, or end of the current pair")
	return cmd
}

func usersGrid(users []api.User, now time.Time) grid {
	g := grid{head: []string{"User", "State", "Gen.", "Ends", "Old pair ends"}}
	for _, u := range users {
		old := "-"
		if end := u.ExpiringCertNotValidAfterTime; end != nil {
			old = date(*end, now)
		}
		end := u.AccessCertNotValidAfterTime
		g.add(text(u.Username), userState(u, now), text(fmt.Sprint(u.Generation)),
			text(date(end, now)+" ("+relative(end, now)+")"), text(old))
	}
	return g
}

func newUserGetCommand(c *cli) *cobra.Command {
	return userCommand(&cobra.Command{
		Use:   "user-get SERVICE --username NAME",
		Short: "Show a service user and how its pair stands",
		Long: `Shows a service user and how its pair stands. With --json that includes its
certificate, key and password.`,
		Example: `  segue service user-get orders --username shop
  segue service user-get orders --username shop --json`,
	}, func(cmd *cobra.Command, service, user string) error {
		s, err := c.inProject(cmd.Context())
		if err != nil {
			return err
		}
		read := s.DescribeUser
		if c.json {
			read = s.User
		}
		reply, err := read(cmd.Context(), s.project, service, user)
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), reply.User)
		}
		if err := writeUser(cmd.OutOrStdout(), reply, c.now()); err != nil {
			return err
		}
		if reply.User.ExpiringCertNotValidAfterTime == nil {
			return nil
		}
		return c.nextAcknowledge(cmd.OutOrStdout(), service, reply.User)
	})
}

func writeUser(w io.Writer, reply api.UserReply, now time.Time) error {
	u := reply.User
	var d details
	d.add("User", u.Username)
	d.add("State", userState(u, now).text)
	d.add("Generation", fmt.Sprint(u.Generation))
	d.add("Its pair ends", moment(u.AccessCertNotValidAfterTime, now))
	if end := u.ExpiringCertNotValidAfterTime; end != nil {
		d.add("The pair before ends", moment(*end, now))
	}
	if reply.Warning != "" {
		d.add("Warning", reply.Warning)
	}
	return d.write(w)
}

func newUserDeleteCommand(c *cli) *cobra.Command {
	var force bool
	cmd := userCommand(&cobra.Command{
		Use:   "user-delete SERVICE --username NAME",
		Short: "End a service user and revoke its pairs",
		Long: `Ends a service user, revokes its pairs and destroys its keys. Brokers that do not
check revocation accept the pairs until they end: the answer says until when. At a
terminal it asks for the name first.`,
		Example: "  segue service user-delete orders --username shop",
	}, func(cmd *cobra.Command, service, user string) error {
		s, err := c.inProject(cmd.Context())
		if err != nil {
			return err
		}
		end, err := s.lastEnd(cmd.Context(), service, user, c.now())
		if err != nil {
			return err
		}
		if err := confirm(cmd, "This ends the user, revokes its pairs and destroys its keys.", end, user, force, c.now()); err != nil {
			return err
		}
		deleted, err := s.DeleteUser(cmd.Context(), s.project, service, user)
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), deleted)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "User %s is deleted and its pairs are revoked\n", user)
		if deleted.AcceptedUntil != nil {
			warnAccepted(cmd.OutOrStdout(), *deleted.AcceptedUntil, c.now())
		}
		return nil
	})
	cmd.Flags().BoolVarP(&force, "force", "f", false, "do not ask")
	return cmd
}

// warnAccepted says what revoking does not do by itself; nothing for a zero time.
func warnAccepted(w io.Writer, until, now time.Time) {
	if !until.IsZero() {
		fmt.Fprintln(w, "Brokers that do not check revocation accept the revoked pairs until", moment(until, now))
	}
}

// writeUserOf prints one user of a service as JSON.
func writeUserOf(w io.Writer, s api.Service, username string) error {
	u, err := userOf(s, username)
	if err != nil {
		return err
	}
	return writeJSON(w, u)
}

func userOf(s api.Service, username string) (api.User, error) {
	for _, u := range s.Users {
		if u.Username == username {
			return u, nil
		}
	}
	return api.User{}, errors.New("done, but the server's reply does not hold the user: look at it with `segue service user-list`")
}
