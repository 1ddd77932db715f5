package tomlfile

import (
	"reflect"
	"strings"
)

// similar names the field that may be meant, empty if none is near.
func similar(key []string, t reflect.Type) string {
	if len(key) == 0 {
		return ""
	}
	last := key[len(key)-1]
	best, least := "", 3 // more changes than that make another word
	for _, name := range fields(t, nil) {
		if d := distance(last, name); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return best + " may be meant"
}

// fields appends the names of all fields, at any depth. Types whose value is a
// text have none.
func fields(t reflect.Type, names []string) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return fields(t.Elem(), names)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if tag, _, _ := strings.Cut(f.Tag.Get("toml"), ","); tag != "" {
				names = fields(f.Type, append(names, tag))
			}
		}
	}
	return names
}

// distance is how many characters have to be added, left out or replaced.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := diagonal
			if a[i] != b[j] {
				next = min(diagonal, row[j], row[j+1]) + 1
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
