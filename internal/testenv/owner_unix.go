//go:build unix

package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// owner is the user that a server runs as. PostgreSQL refuses root, so where
// tests run as root it is the user postgres, which comes with its package.
type owner struct {
	other    bool // another user than this process's
	uid, gid int
}

func serverOwner() (owner, error) {
	if os.Getuid() != 0 {
		return owner{}, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return owner{}, fmt.Errorf("tests run as root and there is no user postgres to run PostgreSQL as: apt-get install postgresql: %w", err)
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return owner{}, err
	}
	gid, err := strconv.Atoi(account.Gid)
	return owner{other: true, uid: uid, gid: gid}, err
}

// give makes the owner own the directory.
func (o owner) give(dir string) error {
	if !o.other {
		return nil
	}
	return os.Chown(dir, o.uid, o.gid)
}

// run makes a command run as the owner, in the directory, in a session of its
// own: an interrupt from the terminal ends the tests and leaves it to end by itself.
func (o owner) run(cmd *exec.Cmd, dir string) {
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if o.other {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
}
