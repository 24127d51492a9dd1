// Package atomicfile replaces files so that whoever reads them finds the old
// content or the new, never half of one, whatever happens meanwhile.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// File is one file to be written.
type File struct {
	Path string // its directory is made, for this user alone, where it is missing
	Data []byte
	Mode fs.FileMode
}

// Write replaces one file. It is durable when Write returns nil; after an error
// the file is as it was.
func Write(path string, data []byte, mode fs.FileMode) error {
	return WriteAll(File{path, data, mode})
}

// WriteAll replaces several files that belong together, such as a certificate
// and its key. All of them are written beside their places and flushed first;
// only then each is renamed into its place, in the order given, so that old and
// new stand side by side no longer than those renames take. When one of them
// fails, those before it get their old content back.
func WriteAll(files ...File) error { return writeAll(os.Rename, files) }

// renamer is os.Rename, but for tests of what follows its failure.
type renamer func(from, to string) error

func writeAll(rename renamer, files []File) error {
	var staged []stagedFile
	defer func() {
		for _, s := range staged {
			_ = os.Remove(s.temp) // those that were renamed are gone
		}
	}()
	for _, f := range files {
		s, err := stage(f)
		if err != nil {
			return fmt.Errorf("write %s: %w; nothing was changed", f.Path, cause(err))
		}
		staged = append(staged, s)
	}
	for i, s := range staged {
		if err := rename(s.temp, s.Path); err != nil {
			err = fmt.Errorf("write %s: %w", s.Path, cause(err))
			return errors.Join(err, restore(rename, staged[:i]))
		}
	}
	return flushDirectories(staged)
}

// stagedFile is a file that lies flushed beside its place.
type stagedFile struct {
	File
	temp string
	old  *File // nil where there was none
}

func stage(f File) (stagedFile, error) {
	dir := filepath.Dir(f.Path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return stagedFile{}, err
	}
	old, err := read(f.Path)
	if err != nil {
		return stagedFile{}, err
	}
	temp, err := writeTemp(dir, f)
	return stagedFile{File: f, temp: temp, old: old}, err
}

// read keeps what a file holds, should it have to come back; nil where there is none.
func read(path string) (*File, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	return &File{path, data, info.Mode().Perm()}, err
}

// writeTemp writes and flushes the content under a passing name in dir. Until
// the mode is set nobody else can read it.
func writeTemp(dir string, f File) (name string, err error) {
	temp, err := os.CreateTemp(dir, "."+filepath.Base(f.Path)+".*.tmp")
	if err != nil {
		return "", err
	}
	_, err = temp.Write(f.Data)
	if err == nil {
		err = temp.Chmod(f.Mode)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return "", errors.Join(err, os.Remove(temp.Name()))
	}
	return temp.Name(), nil
}

// restore gives the files that were renamed already their old content back, the last first.
func restore(rename renamer, done []stagedFile) error {
	var failed error
	for _, s := range slices.Backward(done) {
		if err := s.restore(rename); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s holds its new content already, and its old one cannot be put back: %w", s.Path, cause(err)))
		}
	}
	return failed
}

func (s stagedFile) restore(rename renamer) error {
	if s.old == nil {
		return os.Remove(s.Path)
	}
	temp, err := writeTemp(filepath.Dir(s.Path), *s.old)
	if err != nil {
		return err
	}
	if err := rename(temp, s.Path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}

// flushDirectories makes the renames durable.
func flushDirectories(staged []stagedFile) error {
	var flushed []string
	for _, s := range staged {
		dir := filepath.Dir(s.Path)
		if slices.Contains(flushed, dir) {
			continue
		}
		if err := flush(dir); err != nil {
			return fmt.Errorf("flush the directory %s: %w", dir, cause(err))
		}
		flushed = append(flushed, dir)
	}
	return nil
}

func flush(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// cause drops the operation and the passing name that package os adds: the
// messages here name the file that was meant.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
