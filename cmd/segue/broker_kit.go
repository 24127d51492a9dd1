package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/atomicfile"
)

func newBrokerKitCommand(c *cli) *cobra.Command {
	var brokers []string
	var dir string
	var request api.BrokerKitRequest
	cmd := &cobra.Command{
		Use:   "broker-kit SERVICE --broker ID=HOST[,ALT…] -d DIRECTORY",
		Short: "Make the files with which Kafka brokers trust this service's users",
		Long: `Writes, for each broker, keystores, truststores, properties and JVM options that make
a stock Kafka broker demand client certificates of this project and see this service's
users as principals; Segue's own admin pair; configurations for clients; and README.md,
which says where everything goes. The port of clients is that of bootstrap_servers.

A kit that is made again keeps the brokers' names, so that a running broker takes it.`,
		Example: `  segue service broker-kit orders --broker 1=kafka1.example.com -d ./kit
  segue service broker-kit orders -d ./kit \
    --broker 1=kafka1.example.com,10.0.0.1 --broker 2=kafka2.example.com`,
		Args: takes("SERVICE"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if request.Brokers, err = parseBrokers(brokers); err != nil {
				return err
			}
			return c.writeBrokerKit(cmd, args[0], dir, request)
		},
	}
	cmd.Flags().StringArrayVar(&brokers, "broker", nil, "a broker: node.id=HOST and further names or addresses, ID=HOST[,ALT…] (repeatable)")
	cmd.Flags().StringVarP(&dir, "target-directory", "d", "", "directory to write to; it is made where it is missing")
	cmd.Flags().IntVar(&request.ReplPort, "repl-port", 0, "port of the brokers among themselves (the server has a default)")
	cmd.Flags().IntVar(&request.ControllerPort, "controller-port", 0, "port of the controllers (the server has a default)")
	for _, name := range []string{"broker", "target-directory"} {
		_ = cmd.MarkFlagRequired(name) // fails only for a flag that is not there
	}
	return cmd
}

func parseBrokers(flags []string) ([]api.KitBroker, error) {
	var brokers []api.KitBroker
	for _, flag := range flags {
		id, hosts, ok := strings.Cut(flag, "=")
		n, err := strconv.Atoi(id)
		if !ok || err != nil {
			return nil, usage("--broker takes ID=HOST[,ALT…], such as 1=kafka1.example.com,10.0.0.1")
		}
		names := strings.Split(hosts, ",")
		brokers = append(brokers, api.KitBroker{ID: n, Host: names[0], Alt: names[1:]})
	}
	return brokers, nil
}

func (c *cli) writeBrokerKit(cmd *cobra.Command, service, dir string, request api.BrokerKitRequest) error {
	s, err := c.inProject(cmd.Context())
	if err != nil {
		return err
	}
	kit, err := s.BrokerKit(cmd.Context(), s.project, service, request)
	if err != nil {
		return err
	}
	files, err := kitFiles(dir, kit)
	if err != nil {
		return err
	}
	if err := atomicfile.WriteAll(files...); err != nil {
		return err
	}
	if c.json {
		paths := make([]string, len(files))
		for i, f := range files {
			paths[i] = f.Path
		}
		return writeJSON(cmd.OutOrStdout(), map[string][]string{"files": paths})
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "Wrote %d files to %s\nNext: read %s\n", len(files), dir, filepath.Join(dir, "README.md"))
	return err
}

func kitFiles(dir string, kit []api.KitFile) ([]atomicfile.File, error) {
	var files []atomicfile.File
	for _, f := range kit {
		placed, err := place(dir, f.Path, f.Data, f.Secret)
		if err != nil {
			return nil, err
		}
		files = append(files, placed)
	}
	return files, nil
}

// place puts a file that the server sent below dir, whatever the server calls it.
func place(dir, name string, data []byte, secret bool) (atomicfile.File, error) {
	path := filepath.FromSlash(name)
	if !filepath.IsLocal(path) {
		return atomicfile.File{}, fmt.Errorf("the server sent a file for a place outside %s: nothing was written", dir)
	}
	f := atomicfile.File{Path: filepath.Join(dir, path), Data: data, Mode: 0o644}
	if secret {
		f.Mode = 0o600
	}
	return f, nil
}
