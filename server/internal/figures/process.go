package figures

import (
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
)

// Self is this program in another role.
func Self(args ...string) *exec.Cmd {
	path, err := os.Executable()
	if err != nil {
		path = os.Args[0]
	}
	return exec.Command(path, args...)
}

// ExitWithParent ends a process whose parent has closed its standard input, or
// is gone.
func ExitWithParent() {
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

// AllowFiles makes sure that so many files may be open.
func AllowFiles(n int) error {
	files, err := Files()
	if err != nil || files >= n {
		return err
	}
	return fmt.Errorf("%d files may be open, and %d must be: raise the limit (ulimit -Hn), or measure fewer", files, n)
}

// ModuleVersion is the version of a module in this program, without its v.
func ModuleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, dep := range info.Deps {
		if dep.Path == path {
			return strings.TrimPrefix(dep.Version, "v")
		}
	}
	return ""
}
