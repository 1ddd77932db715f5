//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSensor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "temp")
	if _, err := findSensor(file); err == nil || !strings.Contains(err.Error(), "no file "+file) {
		t.Errorf("before it is there: %v", err)
	}
	if err := os.WriteFile(file, []byte("-1250\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := findSensor(filepath.Join(dir, "te*"))
	if err != nil {
		t.Fatal(err)
	}
	if milli, err := s.ReadTemperature(); milli != -1250 || err != nil {
		t.Errorf("read %d, %v", milli, err)
	}
	for _, text := range []string{"", "warm", "99999999999"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ReadTemperature(); err == nil || !strings.Contains(err.Error(), "holds no temperature") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := findSensor("["); err == nil || !strings.Contains(err.Error(), "no pattern") {
		t.Errorf("a bad pattern: %v", err)
	}
}
