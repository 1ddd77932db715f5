package tomlfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// MaxSize bounds a file, in bytes: a thousand apps take half of that.
const MaxSize = 1 << 20

// Read reads a file whole. The error names the file, and for one that is not
// there wraps fs.ErrNotExist.
func Read(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &missingError{name}
	case err != nil:
		return nil, fmt.Errorf("cannot read %s: %w", name, bare(err))
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory", name)
	case info.Size() > MaxSize:
		return nil, fmt.Errorf("%s has %d bytes, %d are allowed", name, info.Size(), MaxSize)
	}
	// The size of a device or a pipe is told as 0.
	text, err := readUpTo(name, MaxSize+1)
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read %s: %w", name, bare(err))
	case len(text) > MaxSize:
		return nil, fmt.Errorf("%s has more than the %d bytes that are allowed", name, MaxSize)
	}
	return text, nil
}

func readUpTo(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// missingError says that there is no such file, without the system's words.
type missingError struct{ name string }

func (e *missingError) Error() string { return "there is no file " + e.name }
func (e *missingError) Unwrap() error { return fs.ErrNotExist }

// bare is an error of the file system without the name, which is told already.
func bare(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
