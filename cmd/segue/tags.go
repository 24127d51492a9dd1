package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newProjectTagsCommand(c *cli) *cobra.Command {
	return c.tagsCommand(&cobra.Command{
		Use:   "tags",
		Short: "Show or change a project's tags",
		Example: `  segue project tags
  segue project tags --add-tag team=shop --remove-tag tier`,
	}, nil)
}

func newServiceTagsCommand(c *cli) *cobra.Command {
	return c.tagsCommand(&cobra.Command{
		Use:   "tags SERVICE",
		Short: "Show or change a service's tags",
		Long: `Without a flag it shows the tags. The tag segue_bootstrap_servers is where clients
connect to, unless the service's own option bootstrap_servers says so.`,
		Example: `  segue service tags orders
  segue service tags orders --add-tag team=orders --remove-tag tier`,
	}, []string{"SERVICE"})
}

func (c *cli) tagsCommand(cmd *cobra.Command, names []string) *cobra.Command {
	var add, remove []string
	c.inProjectCommand(cmd, names, func(cmd *cobra.Command, s session, args []string) error {
		service := ""
		if len(args) > 0 {
			service = args[0]
		}
		changes, err := tagChanges(add, remove)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			if err := s.UpdateTags(cmd.Context(), s.project, service, changes); err != nil {
				return err
			}
		}
		tags, err := s.Tags(cmd.Context(), s.project, service)
		if err != nil {
			return err
		}
		if c.json {
			return writeJSON(cmd.OutOrStdout(), api.Tags{Tags: tags})
		}
		g := grid{head: []string{"Tag", "Value"}}
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			g.add(text(key), text(tags[key]))
		}
		return g.write(cmd.OutOrStdout())
	})
	cmd.Flags().StringArrayVar(&add, "add-tag", nil, "a tag to set, KEY=VALUE (repeatable)")
	cmd.Flags().StringArrayVar(&remove, "remove-tag", nil, "a tag to take away, KEY (repeatable)")
	return cmd
}

func tagChanges(add, remove []string) (map[string]*string, error) {
	changes := map[string]*string{}
	for _, key := range remove {
		changes[key] = nil
	}
	for _, tag := range add {
		key, value, ok := strings.Cut(tag, "=")
		if !ok || key == "" {
			return nil, usage("--add-tag takes KEY=VALUE, such as team=orders")
		}
		changes[key] = &value
	}
	return changes, nil
}
