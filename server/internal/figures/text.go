package figures

import (
	"bytes"
	"fmt"
	"os"
	"slices"
)

// Median returns the middle value; of two in the middle, their mean.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Thousands writes a number with commas.
func Thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// KiB writes a number of bytes.
func KiB(bytes float64) string { return fmt.Sprintf("%.1f KiB", bytes/1024) }

// Times says how many times as much something is; what is less, as a part.
func Times(ratio float64) string {
	switch {
	case ratio >= 1.95:
		return fmt.Sprintf("%.1f times", ratio)
	case ratio >= 0.1:
		return fmt.Sprintf("%.0f%% of", 100*ratio)
	}
	return fmt.Sprintf("%.1f%% of", 100*ratio)
}

// Rewrite puts text between the marks of a section in a file, which are lines
// of their own: <!-- figures: NAME --> and <!-- end of figures: NAME -->.
func Rewrite(path, section, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed, err := Replace(old, section, text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, changed, 0o644)
}

// Replace is Rewrite without the file.
func Replace(old []byte, section, text string) ([]byte, error) {
	before, _, after, err := cut(old, section)
	if err != nil {
		return nil, err
	}
	return slices.Concat(before, []byte("\n"+text), after), nil
}

// Section returns what stands between the marks.
func Section(document []byte, section string) (string, error) {
	_, text, _, err := cut(document, section)
	return string(bytes.TrimPrefix(text, []byte("\n"))), err
}

// cut cuts a document behind the first mark and before the last.
func cut(document []byte, section string) (before, text, after []byte, err error) {
	first, last := "<!-- figures: "+section+" -->", "<!-- end of figures: "+section+" -->"
	before, rest, ok := bytes.Cut(document, []byte(first))
	text, after, end := bytes.Cut(rest, []byte(last))
	if !ok || !end {
		return nil, nil, nil, fmt.Errorf("put a line %s and a line %s where the figures belong", first, last)
	}
	return document[:len(before)+len(first)], text, document[len(document)-len(last)-len(after):], nil
}
