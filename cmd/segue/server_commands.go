package main

import "github.com/spf13/cobra"

// serverCommands are for those who run the server. They work on its store.
func serverCommands() []*cobra.Command {
	return []*cobra.Command{newServeCommand(), newReadyCommand(), newSweepCommand(), newDoctorCommand(), newBackupCommand(), newKeysCommand()}
}
