package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/internal/store"
)

func newBackupCommand() *cobra.Command {
	var o storeOptions
	cmd := &cobra.Command{
		Use:     "backup FILE",
		Short:   "Write a consistent copy of the embedded store",
		Long:    "Writes a consistent copy of the embedded store, beside a running `segue serve`. The key file is never part of it: keep that apart. With PostgreSQL use pg_dump.",
		Example: "  segue backup --dir ./data /backups/segue.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.checkExists(false); err != nil {
				return err
			}
			st, err := store.Open(cmd.Context(), store.Options{Dir: o.dir, DatabaseURL: o.databaseURL, Version: version})
			if err != nil {
				return err
			}
			defer st.Close()
			if err := st.Backup(cmd.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\nthe key file %s is not in it: without that file nobody, you included, can open the keys in this copy; keep it apart\n",
				args[0], o.keyPath())
			return nil
		},
	}
	o.flags(cmd)
	return cmd
}
