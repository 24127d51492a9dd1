package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
)

func newServiceCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{Use: "service", Short: "Kafka services, their users and their users' pairs"}
	c.connectionFlags(cmd)
	c.projectFlag(cmd)
	cmd.AddCommand(
		newServiceCreateCommand(c), newServiceListCommand(c), newServiceGetCommand(c), newServiceUpdateCommand(c), newServiceTerminateCommand(c),
		newServiceTagsCommand(c), newServicePolicyCommand(c),
		newACLAddCommand(c), newACLListCommand(c), newACLDeleteCommand(c), newACLDiffCommand(c),
		newServiceRenewalsCommand(c), newBrokerKitCommand(c), newServiceContactsCommand(c), newRecipientsCommand(c),
		newUserCreateCommand(c), newUserListCommand(c), newUserGetCommand(c), newUserDeleteCommand(c), newUserRenewCommand(c), newUserCSRCommand(c), newUserSnoozeCommand(c),
		newUserCredsDownloadCommand(c), newUserBundleCommand(c), newUserKafkaJavaCredsCommand(c), newUserCredsAcknowledgeCommand(c), newUserPasswordResetCommand(c),
	)
	return cmd
}

func newServiceCreateCommand(c *cli) *cobra.Command {
	var s api.ServiceCreate
	var config, emails []string
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a service for a Kafka cluster that you run",
		Long: `Makes a service with a certificate authority for its brokers and with its primary
user, avnadmin. -c sets an option of the service: KEY=VALUE, with dots into nested
options and JSON as value; bootstrap_servers is where clients connect to.`,
		Example: `  segue service create orders -c bootstrap_servers=kafka1.example.com:9092,kafka2.example.com:9092
  segue service create orders -c bootstrap_servers=localhost:9092 -c kafka_authentication_methods.sasl=true`,
		Args: takes("NAME"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			s.ServiceName, s.TechEmails = args[0], techEmails(emails)
			if s.UserConfig, err = parseUserConfig(config); err != nil {
				return err
			}
			return c.createService(cmd, s)
		},
	}
	cmd.Flags().StringArrayVarP(&config, "user-config", "c", nil, "an option of the service, KEY=VALUE (repeatable)")
	cmd.Flags().StringVarP(&s.ServiceType, "service-type", "t", "kafka", "kafka, the only type there is")
	cmd.Flags().StringVarP(&s.Plan, "plan", "p", "", "a label of yours; it changes nothing")
	cmd.Flags().StringVar(&s.Cloud, "cloud", "", "a label of yours; it changes nothing")
	cmd.Flags().StringArrayVar(&emails, "tech-email", nil, "a technical contact, told of renewals in place of the project's (repeatable)")
	return cmd
}

func (c *cli) createService(cmd *cobra.Command, create api.ServiceCreate) error {
	s, err := c.inProject(cmd.Context())
	if err != nil {
		return err
	}
	service, err := s.CreateService(cmd.Context(), s.project, create)
	if err != nil {
		return err
	}
	if c.json {
		return writeJSON(cmd.OutOrStdout(), service)
	}
	if err := writeService(cmd.OutOrStdout(), service); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "Next: %s\n",
		c.suggest("segue service user-create "+service.ServiceName+" --username NAME", c.project))
	return err
}

func newServiceListCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the services of the project",
		Example: "  segue service list --project shop",
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := c.inProject(cmd.Context())
			if err != nil {
				return err
			}
			services, err := s.Services(cmd.Context(), s.project)
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), services)
			}
			if len(services) == 0 {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "No service in %s yet\nNext: %s\n", s.project,
					c.suggest("segue service create NAME -c bootstrap_servers=HOST:PORT", c.project))
				return err
			}
			g := grid{head: []string{"Service", "Bootstrap servers", "Users", "Renewals"}}
			for _, service := range services {
				g.add(text(service.ServiceName), text(bootstrap(service)), text(fmt.Sprint(len(service.Users))), awaiting(service.Users))
			}
			return g.write(cmd.OutOrStdout())
		},
	}
}

func newServiceGetCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "get SERVICE",
		Short: "Show a service and what needs doing about it",
		Long: `Shows a service and what needs doing about it. With --json that includes what your
role may see of its users' certificates, keys and passwords.`,
		Example: "  segue service get orders",
		Args:    takes("SERVICE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.inProject(cmd.Context())
			if err != nil {
				return err
			}
			read := s.DescribeService
			if c.json {
				read = s.Service
			}
			service, err := read(cmd.Context(), s.project, args[0])
			if err != nil {
				return err
			}
			if c.json {
				return writeJSON(cmd.OutOrStdout(), service)
			}
			return writeService(cmd.OutOrStdout(), service)
		},
	}
}

func writeService(w io.Writer, s api.Service) error {
	var d details
	d.add("Service", s.ServiceName)
	d.add("State", s.State)
	d.add("Bootstrap servers", bootstrap(s))
	d.add("Users", fmt.Sprint(len(s.Users)))
	d.add("Renewals", awaiting(s.Users).text)
	if s.TerminationProtection {
		d.add("Deletion", "refused: termination protection is on")
	}
	if len(s.TechEmails) > 0 {
		d.add("Technical contacts", contacts(s.TechEmails))
	}
	for _, n := range s.ServiceNotifications {
		if n.Level == "warning" {
			d.add("Warning", n.Message)
		} else {
			d.add("Notice", n.Message)
		}
	}
	return d.write(w)
}

func bootstrap(s api.Service) string {
	if len(s.ConnectionInfo.Kafka) == 0 {
		return "not known yet"
	}
	return strings.Join(s.ConnectionInfo.Kafka, ",")
}

// awaiting counts the users whose renewal awaits acknowledgement.
func awaiting(users []api.User) cell {
	lapsed, expiring := 0, 0
	for _, u := range users {
		switch u.State {
		case "lapsed":
			lapsed++
		case "expiring":
			expiring++
		}
	}
	switch {
	case lapsed > 0 && expiring > 0:
		return cell{fmt.Sprintf("%d lapsed, %d to acknowledge", lapsed, expiring), bad}
	case lapsed > 0:
		return cell{fmt.Sprintf("%d lapsed", lapsed), bad}
	case expiring > 0:
		return cell{fmt.Sprintf("%d to acknowledge", expiring), warning}
	}
	return text("nothing to do")
}
