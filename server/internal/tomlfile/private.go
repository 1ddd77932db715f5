package tomlfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Modes of a file that holds secrets, and of its directory.
const (
	PrivateFile      = fs.FileMode(0o600)
	PrivateDirectory = fs.FileMode(0o700)
)

// CheckPrivate returns an error if others on this machine can read a file that
// holds secrets, or write it. The error says how to mend that. Where files have
// no such modes it finds nothing.
func CheckPrivate(name string) error {
	info, err := os.Stat(name)
	if err != nil || runtime.GOOS == "windows" {
		return nil // reading it tells what is wrong
	}
	can := ""
	switch mode := info.Mode().Perm(); {
	case mode&0o022 != 0:
		can = "written"
	case mode&0o044 != 0:
		can = "read"
	default:
		return nil
	}
	return fmt.Errorf("%s is for secrets and can be %s by others on this machine: chmod %o %s", name, can, PrivateFile, name)
}

// WritePrivate replaces a file that holds secrets, and makes it and its
// directory if they are not there. Whatever fails, a full disk say, leaves the
// old file as it was. A name that is a link stays one.
func WritePrivate(name string, text []byte) error {
	return replace(name, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

// replace is WritePrivate with the writing as a function.
func replace(name string, write func(*os.File) error) (err error) {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	directory := filepath.Dir(name)
	if err := os.MkdirAll(directory, PrivateDirectory); err != nil {
		return fmt.Errorf("cannot make the directory %s: %w", directory, bare(err))
	}
	f, err := os.CreateTemp(directory, "."+filepath.Base(name)+".*") // with mode 0600
	if err != nil {
		return fmt.Errorf("cannot write to %s: %w", directory, bare(err))
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("cannot write %s, it is as it was: %w", name, bare(err))
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	// On the disk before the old one goes: a power cut leaves one of the two.
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
