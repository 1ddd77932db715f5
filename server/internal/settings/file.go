package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/thimble-go/thimble/server/internal/tomlfile"
)

// File reads a file over s.
func (s *Settings) File(name string) error {
	text, err := tomlfile.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; thimble config default > %s makes one", err, name)
	}
	if err != nil {
		return err
	}
	if err := s.Parse(text); err != nil {
		return fmt.Errorf("%s:%w", name, err)
	}
	return nil
}

// Parse reads a file's text over s. Its errors begin with the line, and the
// column where it is known.
func (s *Settings) Parse(text []byte) error {
	return tomlfile.Decode(text, s, "thimble config default shows all that there are")
}

// inFile is an error of the broker's configuration in the words of the file.
func inFile(err error) error {
	if err == nil {
		return nil
	}
	text := strings.TrimPrefix(err.Error(), "broker: invalid configuration: ")
	words := []reflect.Type{reflect.TypeFor[Settings](), reflect.TypeFor[App](), reflect.TypeFor[Webhook](), reflect.TypeFor[Console]()}
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
