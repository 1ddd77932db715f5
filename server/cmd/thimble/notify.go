package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
)

// notify tells systemd how the service is, if it has started it: READY=1,
// STOPPING=1 (sd_notify, a datagram to the socket that NOTIFY_SOCKET names).
// Nothing depends on it, so errors are not looked at.
func notify(state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write([]byte(state))
}

// stateDirectory is a directory of the service that systemd has made, empty if
// there is none (systemd.exec, StateDirectory).
func stateDirectory(name string) string {
	dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":")
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}
