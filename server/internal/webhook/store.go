package webhook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"runtime/debug"
	"slices"
	"syscall"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// store keeps what must outlive the process. It is used by one goroutine.
type store interface {
	// commit makes changes, all of them or none.
	commit(c *changes) error
	close() error
}

// changes are what the next commit is to do. A nil value takes a key out.
type changes struct {
	events map[uint64][]byte // records by number
	places map[string][]byte // keys made by appendPlace; the values mean nothing
	// afresh says that the places that are stored are not to be believed.
	afresh bool
}

func (c *changes) empty() bool { return len(c.events) == 0 && len(c.places) == 0 && !c.afresh }

// stored is what a store had when it was opened.
type stored struct {
	events  []storedEvent // in their order
	places  []place
	last    uint64 // the highest number
	damaged []uint64
}

type storedEvent struct {
	endpoint endpointID
	item     *item
}

var (
	eventBucket = []byte("events")
	placeBucket = []byte("places")
	here        = []byte{} // the value of a place
)

// file is a store in a file.
type file struct{ db *bbolt.DB }

// openFile opens or makes one, and reads what is there.
func openFile(path string) (f *file, had *stored, err error) {
	err = guard(func() error {
		// The list of free pages is in the file, as by default: where it is not,
		// a goroutine of the library looks for them, and no panic there could be
		// caught.
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: openTimeout, FreelistType: bbolt.FreelistMapType})
		if err != nil {
			return err
		}
		f = &file{db}
		if had, err = f.load(); err != nil {
			db.Close()
		}
		return err
	})
	if err != nil {
		return nil, nil, openError(path, err)
	}
	return f, had, nil
}

// guard makes an error of what the library does on a damaged file, whose pages
// it takes for granted: it panics, or reads where there is no memory.
func guard(use func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if wrong := recover(); wrong != nil {
			err = fmt.Errorf("the file is damaged: %v", wrong)
		}
	}()
	return use()
}

// openError says what to do.
func openError(path string, err error) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		err = system.Err // which leaves out the path
	}
	todo := "move it away; what waits in it is lost then"
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		todo = "another process uses it, and each takes a file of its own"
	case errors.Is(err, fs.ErrNotExist):
		todo = "make its directory first"
	case errors.Is(err, fs.ErrPermission):
		todo = "let this user read and write it, and its directory"
	case errors.Is(err, syscall.ENOSPC):
		todo = "make room on the disk"
	}
	return fmt.Errorf("cannot open the queue %s: %w: %s", path, err, todo)
}

func (f *file) load() (*stored, error) {
	had := &stored{}
	fresh := false
	err := f.db.View(func(tx *bbolt.Tx) error {
		events, places := tx.Bucket(eventBucket), tx.Bucket(placeBucket)
		if events == nil || places == nil {
			fresh = true
			return nil
		}
		err := events.ForEach(func(k, v []byte) error {
			if len(k) != 8 {
				return nil
			}
			n := binary.BigEndian.Uint64(k)
			had.last = n
			id, i, err := parseRecord(v)
			if err != nil {
				had.damaged = append(had.damaged, n)
				return nil
			}
			i.seq = n
			had.events = append(had.events, storedEvent{id, i})
			return nil
		})
		if err != nil {
			return err
		}
		return places.ForEach(func(k, _ []byte) error {
			if p, err := parsePlace(k); err == nil {
				had.places = append(had.places, p)
			}
			return nil
		})
	})
	if err == nil && fresh { // else nothing is written, for the disk may be full
		err = f.db.Update(func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucketIfNotExists(eventBucket)
			if err == nil {
				_, err = tx.CreateBucketIfNotExists(placeBucket)
			}
			return err
		})
	}
	return had, err
}

// commit implements store. When it returns, the changes are on the disk.
func (f *file) commit(c *changes) error {
	return guard(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error { return c.apply(tx) })
	})
}

func (c *changes) apply(tx *bbolt.Tx) error {
	events := tx.Bucket(eventBucket)
	events.FillPercent = 0.9 // they come in order
	for _, n := range slices.Sorted(maps.Keys(c.events)) {
		if err := set(events, binary.BigEndian.AppendUint64(nil, n), c.events[n]); err != nil {
			return err
		}
	}
	if c.afresh {
		if err := tx.DeleteBucket(placeBucket); err != nil {
			return err
		}
	}
	places, err := tx.CreateBucketIfNotExists(placeBucket)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(c.places)) {
		if err := set(places, []byte(key), c.places[key]); err != nil {
			return err
		}
	}
	return nil
}

func set(b *bbolt.Bucket, key, value []byte) error {
	if value == nil {
		return b.Delete(key)
	}
	return b.Put(key, value)
}

func (f *file) close() error { return f.db.Close() }
