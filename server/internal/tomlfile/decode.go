package tomlfile

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Decode reads a text over v, a pointer to a struct with toml tags. A field
// that v does not have is an error. Errors begin with the line, and the column
// where it is known; hint says where all fields can be looked up.
func Decode(text []byte, v any, hint string) error {
	err := strict(text).Decode(v)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown) && len(unknown.Errors) > 0:
		first := unknown.Errors[0]
		line, column := first.Position()
		meant := similar(first.Key(), reflect.TypeOf(v))
		if meant == "" {
			meant = hint
		}
		return fmt.Errorf("%d:%d: there is no field %s; %s", line, column, strings.Join(first.Key(), "."), meant)
	case errors.As(err, &wrong):
		line, column := wrong.Position()
		return fmt.Errorf("%d:%d: %s", line, column, inTOML(wrong.Error()))
	}
	return fmt.Errorf("%d: %s", lineOf(text, v, err), inTOML(err.Error()))
}

func strict(text []byte) *toml.Decoder {
	return toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
}

// lineOf finds the line of an error that the library tells no place for, such
// as a number given to UnmarshalText: the fewest lines that fail in this way
// end with it.
func lineOf(text []byte, v any, err error) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	return sort.Search(len(lines)-1, func(i int) bool {
		fresh := reflect.New(reflect.TypeOf(v).Elem()).Interface()
		e := strict(bytes.Join(lines[:i+1], nil)).Decode(fresh)
		return e != nil && e.Error() == err.Error()
	}) + 1
}

// inTOML takes the library's name and Go's words out of an error.
func inTOML(text string) string {
	text = strings.TrimPrefix(text, "toml: ")
	return goType.ReplaceAllStringFunc(text, func(s string) string {
		switch {
		case strings.HasSuffix(s, "[]string"):
			return "a list of strings"
		case strings.Contains(s, "[]"):
			return "a list"
		case strings.HasSuffix(s, "int"):
			return "a whole number"
		case strings.HasSuffix(s, "bool"):
			return "true or false"
		case strings.HasSuffix(s, "string"):
			return "a string"
		case strings.Contains(s, "map["):
			return "a table"
		}
		return "this field"
	})
}

var goType = regexp.MustCompile(`(struct field \S+ of type |Go value of type |type )\S+( \{\})?`)
