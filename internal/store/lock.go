package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// errLocked is what tryLock returns while somebody else has the lock.
var errLocked = errors.New("locked by another process")

// LockServe makes sure that one `segue serve` at a time works on the embedded
// store of dir. Commands may open the store beside it. The lock ends with
// release, or with the process.
func LockServe(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, newSQLite(dir).unusable(err)
	}
	release, err = lockFile(context.Background(), filepath.Join(dir, "serve.lock"), false)
	if errors.Is(err, errLocked) {
		return nil, &mendable{fmt.Sprintf("another `segue serve` works on %s: stop it first, or name another directory with --dir", dir), err}
	}
	if err != nil {
		return nil, newSQLite(dir).unusable(err)
	}
	return release, nil
}

// lockPoll is how often a waiting lockFile looks again.
const lockPoll = 10 * time.Millisecond

// lockFile locks a file against other processes and other callers in this one.
// Unless it may wait, it fails with errLocked where somebody else has the lock.
func lockFile(ctx context.Context, path string, wait bool) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := tryLock(file)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !wait || !errors.Is(err, errLocked) {
			return nil, errors.Join(err, file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-time.After(lockPoll):
		}
	}
}
