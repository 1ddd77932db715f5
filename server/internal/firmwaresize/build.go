package main

import (
	"debug/elf"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// programs below firmware/size, each with what it adds to the one before.
var programs = []struct{ dir, title string }{
	{"empty", "an empty program"},
	{"socket", "a connection, as the client makes it"},
	{"dial", "`net.Dial` alone, which brings package fmt along"},
	{"public", "the client with public channels"},
	{"private", "and private and presence channels, client events, authorization"},
	{"encrypted", "and encrypted channels"},
	{"whole", "the demonstration device"},
}

// targets of TinyGo.
var targets = []struct{ name, title string }{
	{"xiao-esp32c3", "ESP32-C3"},
	{"pico-w", "Pico W"},
	{"riscv-qemu", "QEMU RISC-V"},
}

// size is what a program takes, in bytes.
type size struct{ flash, static int }

// build compiles a program and returns what it takes.
func build(dir, target, output string, flags ...string) (size, error) {
	args := append([]string{"build", "-target=" + target, "-size=short", "-o", output}, flags...)
	cmd := exec.Command("tinygo", append(args, "./"+dir)...)
	cmd.Dir = filepath.Join("firmware", "size")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return size{}, fmt.Errorf("%s for %s: %w\n%s", dir, target, err, out)
	}
	flash, err := parseFlash(string(out))
	if err != nil {
		return size{}, fmt.Errorf("%s for %s: %w", dir, target, err)
	}
	static, err := staticMemory(output)
	return size{flash, static}, err
}

// parseFlash reads the column flash of what "tinygo build -size=short" prints.
func parseFlash(out string) (int, error) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) >= 2 {
		titles := strings.Fields(strings.ReplaceAll(lines[len(lines)-2], "|", " "))
		values := strings.Fields(strings.ReplaceAll(lines[len(lines)-1], "|", " "))
		for i, title := range titles {
			if title == "flash" && len(values) == len(titles) {
				if n, err := strconv.Atoi(values[i]); err == nil && n > 0 {
					return n, nil
				}
			}
		}
	}
	return 0, fmt.Errorf("tinygo printed no table of sizes, but %q", out)
}

// staticMemory is what variables take: the sections .data and .bss. TinyGo's
// own column counts the memory behind which an ESP32 maps its flash, too.
func staticMemory(path string) (int, error) {
	file, err := elf.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	sum := 0
	for _, section := range file.Sections {
		if section.Name == ".data" || section.Name == ".bss" {
			sum += int(section.Size)
		}
	}
	return sum, nil
}
