package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// KeyFile is the key that wraps the keysets of a store. It lies outside the
// store, in the clear, and is never part of a backup of it.
type KeyFile struct {
	path string
	aead tink.AEAD
	// first: the store is empty, so its keysets may be made.
	first bool
}

// OpenKeyFile reads the key file. create says that the store is empty: then alone
// a missing file is made, with mode 0600, and Open may make the keysets. Of
// several that start at once one makes the file and the others read it. Errors
// are one line that says what to do.
func OpenKeyFile(path string, create bool) (*KeyFile, error) {
	content, err := readKeyFile(path)
	if create && errors.Is(err, fs.ErrNotExist) {
		if err := makeKeyFile(path); err != nil {
			return nil, fmt.Errorf("make the key file %s: %w", path, err)
		}
		content, err = readKeyFile(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the key file %s is missing, and nothing opens the secrets of this store without it: put it back from where you keep a copy, or say where it is with --key-file", path)
	}
	if err != nil {
		return nil, err
	}
	wrapper, err := parseKeyFile(content)
	if err != nil {
		return nil, fmt.Errorf("the key file %s is damaged or no key file of Segue: put it back from where you keep a copy, or name the right one with --key-file", path)
	}
	return &KeyFile{path: path, aead: wrapper, first: create}, nil
}

// maxKeyFile is far more than a key file holds.
const maxKeyFile = 64 << 10

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the key file: %w", err)
	case !info.Mode().IsRegular() || info.Size() > maxKeyFile:
		return nil, fmt.Errorf("the key file %s is no file or far too long: name the right one with --key-file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("the key file %s is open to other users of this machine (mode %04o): run `chmod 600 %s`", path, info.Mode().Perm(), path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	return content, nil
}

// parseKeyFile's errors may quote the content: callers drop them.
func parseKeyFile(content []byte) (tink.AEAD, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
	if err != nil {
		return nil, err
	}
	return aead.New(handle)
}

// makeKeyFile makes a new key file, whole and durable, and leaves one that is
// there alone: linking a complete file to its name fails where the name is taken,
// which renaming would not.
func makeKeyFile(path string) error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	err = insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(temp))
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w (it needs a file system with hard links: name another place with --key-file)", err)
	}
	return flush(dir) // whoever came second relies on the file too
}

func flush(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
