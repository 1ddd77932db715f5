package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// maxSecret bounds a secret that is read, in bytes; those of the service have
// 20.
const maxSecret = 4 << 10

// readSecret asks for a secret at the terminal, without echo, or reads the
// first line of what the standard input is instead.
func readSecret(cmd *cobra.Command) (string, error) {
	var text string
	var err error
	if fd, ok := terminal(cmd.InOrStdin()); ok {
		text, err = askSecret(cmd.Context(), cmd.ErrOrStderr(), fd)
	} else {
		text, err = bufio.NewReader(io.LimitReader(cmd.InOrStdin(), maxSecret)).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	text = strings.TrimRight(text, "\r\n")
	switch {
	case errors.Is(err, context.Canceled):
		return "", errors.New("interrupted: nothing was remembered")
	case err != nil:
		return "", fmt.Errorf("cannot read the secret: %w", err)
	case text == "":
		return "", usage(cmd, errors.New("the secret is empty: type it, or pipe it in"))
	}
	return text, nil
}

// terminal says whether that is a terminal, and which.
func terminal(in io.Reader) (fd int, ok bool) {
	file, isFile := in.(*os.File)
	if !isFile {
		return 0, false
	}
	fd = int(file.Fd())
	return fd, term.IsTerminal(fd)
}

// askSecret asks. Ctrl-C leaves a terminal that shows again what is typed.
func askSecret(ctx context.Context, prompt io.Writer, fd int) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(prompt, "Secret: ")
	defer fmt.Fprintln(prompt)
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		return string(a.text), a.err
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}
