package testenv

import (
	"os/exec"
	"runtime"
	"sync"
)

// startable holds processes to start on one thread that lives as long as this
// process: a death signal is tied to the starting thread, not to the program.
var startable = sync.OnceValue(func() chan<- func() {
	starts := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range starts {
			start()
		}
	}()
	return starts
})

// Start starts a process that ends when this one does, however that ends (on
// Linux; elsewhere whoever starts it ends it).
func Start(cmd *exec.Cmd) error {
	dieWithParent(cmd)
	done := make(chan error)
	startable() <- func() { done <- cmd.Start() }
	return <-done
}
