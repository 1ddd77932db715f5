package tomlfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// lockPatience is how long Lock waits: whoever has the lock reads a file and
// writes it, so longer means that a process was stopped meanwhile.
const lockPatience = 10 * time.Second

// errLocked is what tryLock returns when somebody else has the lock.
var errLocked = errors.New("it is locked")

// Lock waits until nobody else changes a file through it, and keeps others from
// that until unlock is called, or the process ends. It makes the file's
// directory if that is not there. The lock is on a file beside it, which stays:
// the file itself is replaced by every change.
func Lock(name string) (unlock func(), err error) {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	directory := filepath.Dir(name)
	if err := os.MkdirAll(directory, PrivateDirectory); err != nil {
		return nil, fmt.Errorf("cannot make the directory %s: %w", directory, bare(err))
	}
	lock := filepath.Join(directory, "."+filepath.Base(name)+".lock")
	f, err := os.OpenFile(lock, os.O_RDWR|os.O_CREATE, PrivateFile)
	if err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", name, bare(err))
	}
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(5 * time.Millisecond) {
		err := tryLock(f)
		if err == nil {
			return func() { f.Close() }, nil // which gives the lock back
		}
		if !errors.Is(err, errLocked) || time.Now().After(deadline) {
			f.Close()
			if errors.Is(err, errLocked) {
				err = errors.New("another process has been changing it for " + lockPatience.String() + "; is one stopped?")
			}
			return nil, fmt.Errorf("cannot lock %s: %w", name, err)
		}
	}
}
