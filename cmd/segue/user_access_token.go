package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newAccessTokenCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "access-token", Short: "Tokens by which programs act as you"}
	cmd.AddCommand(newAccessTokenCreateCommand(c), newAccessTokenListCommand(c), newAccessTokenUpdateCommand(c), newAccessTokenRevokeCommand(c))
	return cmd
}

func newAccessTokenCreateCommand(c *cli) *cobra.Command {
	var create api.AccessTokenCreate
	var maxAge int
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a token",
		Long: `Makes a token that can do what you can, for a program to set as SEGUE_TOKEN. It is
good until it is revoked, or for --max-age-seconds. It is shown only once.`,
		Example: `  segue user access-token create --description "nightly build" --max-age-seconds 7776000 --extend-when-used`,
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("max-age-seconds") {
				create.MaxAgeSeconds = &maxAge
			}
			if create.ExtendWhenUsed && create.MaxAgeSeconds == nil {
				return usage("--extend-when-used needs --max-age-seconds: a token without an end needs no extending")
			}
			client, err := c.connect()
			if err != nil {
				return err
			}
			t, err := client.CreateAccessToken(cmd.Context(), create)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), t)
			}
			var d details
			d.add("Token", t.FullToken)
			d.add("Prefix", t.TokenPrefix)
			d.add("Description", t.Description)
			d.add("Good until", c.goodUntil(t.AccessToken))
			if err := d.write(cmd.OutOrStdout()); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "Keep it now: it is not shown again")
			return err
		},
	}
	cmd.Flags().StringVar(&create.Description, "description", "", "what the token is for")
	cmd.Flags().IntVar(&maxAge, "max-age-seconds", 0, "for how long it is good; until it is revoked when not given")
	cmd.Flags().BoolVar(&create.ExtendWhenUsed, "extend-when-used", false, "let each use begin --max-age-seconds anew")
	_ = cmd.MarkFlagRequired("description") // fails for an unknown flag only
	return cmd
}

func (c *cli) goodUntil(t api.AccessToken) string {
	if t.ExpiryTime == nil {
		return "it is revoked"
	}
	until := moment(*t.ExpiryTime, c.now())
	if t.ExtendWhenUsed && t.MaxAgeSeconds != nil {
		until += ", later with each use"
	}
	return until
}

func newAccessTokenListCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List your tokens, the newest first",
		Example: "  segue user access-token list",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.connect()
			if err != nil {
				return err
			}
			tokens, err := allTokens(cmd.Context(), client)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), tokens)
			}
			g := grid{head: []string{"Prefix", "Description", "Good until", "Last used", "From"}}
			for _, t := range tokens {
				g.add(text(t.TokenPrefix), text(t.Description), text(c.goodUntil(t)), text(c.lastUse(t)), text(deref(t.LastIP)))
			}
			return g.write(cmd.OutOrStdout())
		},
	}
}

func allTokens(ctx context.Context, client *api.Client) ([]api.AccessToken, error) {
	tokens := []api.AccessToken{}
	for t, err := range client.AccessTokens(ctx) {
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
	}
	return tokens, nil
}

func (c *cli) lastUse(t api.AccessToken) string {
	switch {
	case t.CurrentlyActive:
		return "now, by you"
	case t.LastUsedTime == nil:
		return "never"
	}
	return relative(minTime(*t.LastUsedTime, c.now().Add(-time.Second)), c.now())
}

func newAccessTokenUpdateCommand(c *cli) *cobra.Command {
	var description string
	cmd := &cobra.Command{
		Use:     "update PREFIX",
		Short:   "Change what a token is said to be for",
		Example: `  segue user access-token update sgu_4fK2xQ --description "nightly build"`,
		Args:    takes("PREFIX"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.connect()
			if err != nil {
				return err
			}
			t, err := client.DescribeAccessToken(cmd.Context(), args[0], description)
			if err != nil {
				return err
			}
			return c.say(cmd, t, "Token %s is for: %s", t.TokenPrefix, oneLine(t.Description))
		},
	}
	cmd.Flags().StringVar(&description, "description", "", "what the token is for")
	_ = cmd.MarkFlagRequired("description") // fails for an unknown flag only
	return cmd
}

func newAccessTokenRevokeCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "revoke PREFIX",
		Short:   "Revoke a token, named by its prefix or as a whole",
		Example: "  segue user access-token revoke sgu_4fK2xQ",
		Args:    takes("PREFIX"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := c.connect()
			if err != nil {
				return err
			}
			if err := client.RevokeAccessToken(cmd.Context(), args[0]); err != nil {
				return err
			}
			return c.say(cmd, api.Done{Message: "revoked"}, "Revoked: it opens nothing any more")
		},
	}
}
