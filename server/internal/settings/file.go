package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxFile bounds the file, in bytes: a thousand apps take half of that.
const maxFile = 1 << 20

// File reads a file over s.
func (s *Settings) File(name string) error {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s; thimble config default > %s makes one", name, name)
	case err != nil:
		return fmt.Errorf("cannot read %s: %w", name, bare(err))
	case info.IsDir():
		return fmt.Errorf("%s is a directory", name)
	case info.Size() > maxFile:
		return fmt.Errorf("%s has %d bytes, %d are allowed", name, info.Size(), maxFile)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, bare(err))
	}
	if err := s.Parse(text); err != nil {
		return fmt.Errorf("%s:%w", name, err)
	}
	return nil
}

// Parse reads a file's text over s. Its errors begin with the line, and the
// column where it is known.
func (s *Settings) Parse(text []byte) error {
	d := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	err := d.Decode(s)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown) && len(unknown.Errors) > 0:
		first := unknown.Errors[0]
		line, column := first.Position()
		return fmt.Errorf("%d:%d: there is no field %s%s", line, column, strings.Join(first.Key(), "."), similar(first.Key()))
	case errors.As(err, &wrong):
		line, column := wrong.Position()
		return fmt.Errorf("%d:%d: %s", line, column, inTOML(wrong.Error()))
	}
	return fmt.Errorf("%d: %s", lineOf(text, err), inTOML(err.Error()))
}

// lineOf finds the line of an error that the library tells no place for, such
// as a number given to UnmarshalText: the fewest lines that fail in this way
// end with it.
func lineOf(text []byte, err error) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	return sort.Search(len(lines)-1, func(i int) bool {
		var s Settings
		e := toml.NewDecoder(bytes.NewReader(bytes.Join(lines[:i+1], nil))).DisallowUnknownFields().Decode(&s)
		return e != nil && e.Error() == err.Error()
	}) + 1
}

// inTOML takes the library's name and Go's words out of an error.
func inTOML(text string) string {
	text = strings.TrimPrefix(text, "toml: ")
	return goType.ReplaceAllStringFunc(text, func(s string) string {
		switch {
		case strings.HasSuffix(s, "int"):
			return "a whole number"
		case strings.HasSuffix(s, "bool"):
			return "true or false"
		case strings.HasSuffix(s, "string"):
			return "a string"
		}
		return "this field"
	})
}

var goType = regexp.MustCompile(`(struct field \S+ of type |Go value of type |type )\S+`)

// similar names the field that may be meant.
func similar(key []string) string {
	if len(key) == 0 {
		return ""
	}
	names := fields(reflect.TypeFor[Settings]())
	for _, t := range []reflect.Type{reflect.TypeFor[App](), reflect.TypeFor[TLS](), reflect.TypeFor[Key]()} {
		names = append(names, fields(t)...)
	}
	last := key[len(key)-1]
	best, least := "", 3 // more changes than that make another word
	for _, name := range names {
		if d := distance(last, name); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return "; thimble config default shows all that there are"
	}
	return "; " + best + " may be meant"
}

func fields(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		names = append(names, t.Field(i).Tag.Get("toml"))
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

// bare is an error of the file system without the name, which is told already.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// inFile is an error of the broker's configuration in the words of the file.
func inFile(err error) error {
	if err == nil {
		return nil
	}
	text := strings.TrimPrefix(err.Error(), "broker: invalid configuration: ")
	words := []reflect.Type{reflect.TypeFor[Settings](), reflect.TypeFor[App]()}
	var pairs []string
	for _, t := range words {
		for i := range t.NumField() {
			pairs = append(pairs, t.Field(i).Name, t.Field(i).Tag.Get("toml"))
		}
	}
	return errors.New(replaceWords(text, pairs))
}

// replaceWords replaces whole words.
func replaceWords(text string, pairs []string) string {
	return word.ReplaceAllStringFunc(text, func(w string) string {
		if i := slices.Index(pairs, w); i >= 0 && i%2 == 0 {
			return pairs[i+1]
		}
		return w
	})
}

var word = regexp.MustCompile(`[A-Za-z]+`)
