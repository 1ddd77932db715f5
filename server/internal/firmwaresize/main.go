package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/thimble-go/thimble/server/internal/figures"
)

// section is the README's.
const section = "firmware"

func main() {
	write := flag.String("write", "", "the `file` whose figures section is written anew")
	flag.Parse()
	if err := run(*write); err != nil {
		fmt.Fprintln(os.Stderr, "firmwaresize:", err)
		os.Exit(1)
	}
}

func run(write string) error {
	dir, err := os.MkdirTemp("", "firmwaresize")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all := make(sizes)
	for _, t := range targets {
		all[t.name] = make(map[string]size)
		for _, p := range programs {
			s, err := build(p.dir, t.name, filepath.Join(dir, p.dir+".elf"))
			if err != nil {
				return err
			}
			all[t.name][p.dir] = s
		}
	}
	found, err := measure(dir)
	if err != nil {
		return err
	}
	text := markdown(all, found)
	fmt.Print(text)
	if write != "" {
		return figures.Rewrite(write, section, text)
	}
	document, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	old, err := figures.Section(document, section)
	if err != nil {
		return err
	}
	if different := differences(old, text); len(different) > 0 {
		return fmt.Errorf("the README is out of date; ci/firmware-size -write README.md writes it:\n%s", strings.Join(different, "\n"))
	}
	return nil
}
