package wire

import "unsafe"

// View is b as a string that borrows it, to be compared or looked up and not to
// be kept. string(b) would do on ordinary Go, which sees that it is not kept;
// TinyGo makes a copy.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
