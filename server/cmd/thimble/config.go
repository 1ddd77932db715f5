package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble/server/internal/settings"
	"github.com/thimble-go/thimble/server/internal/tomlfile"
)

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check the broker's settings, or write a file with all of them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigDefault(), newConfigCheck(), newConfigImport())
	return cmd
}

func newConfigDefault() *cobra.Command {
	return &cobra.Command{
		Use:     "default",
		Short:   "Write a file with every setting, its meaning and its default",
		Example: "  thimble config default > thimble.toml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := cmd.OutOrStdout().Write([]byte(settings.Text())); err != nil {
				return unwritable(err)
			}
			return nil
		},
	}
}

func newConfigCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Say what is wrong with a file and the environment, as \"thimble serve\" would read them",
		Long: `Say what is wrong with a file and the environment, as "thimble serve" would read
them. The exit code is 0 if nothing is, and 2 if something is. What is good and
can hardly be meant is told too.`,
		Example: "  thimble config check thimble.toml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			s, ignored, err := readSettings(name)
			s.TLS.Defaults(stateDirectory("acme"))
			if err == nil {
				if err = s.Check(); err != nil && name != "" {
					err = fmt.Errorf("%s: %w", name, err)
				}
			}
			if err == nil {
				_, err = loadCertificate(s.TLS)
			}
			if err != nil {
				return usage(cmd, err)
			}
			text := fmt.Sprintf("good: %d app(s), listening on %s", len(s.Apps), s.Listen)
			webhooks := 0
			for i := range s.Apps {
				webhooks += len(s.Apps[i].Webhooks)
			}
			switch {
			case webhooks > 0 && s.WebhookQueue == "":
				text += fmt.Sprintf(", %d webhook(s) that wait in memory: set webhook_queue to keep them across restarts", webhooks)
			case webhooks > 0:
				text += fmt.Sprintf(", %d webhook(s) that wait in %s", webhooks, s.WebhookQueue)
			}
			for _, note := range s.Notes() {
				text += "\n" + note
			}
			for _, name := range ignored {
				text += "\n" + name + " is set, and has no meaning here"
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), text); err != nil {
				return unwritable(err)
			}
			return nil
		},
	}
}

func newConfigImport() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Make settings of the JSON file that soketi has",
		Long: `Make settings of the JSON file that soketi is started with, "soketi start
--config". What cannot be taken over is told on the standard error, each with the
reason. The exit code is 0 if "thimble serve" can begin with the result, and 2 if
something has to be added or changed first.

soketi's environment needs no import: "thimble serve" reads it as it is.`,
		Example: "  thimble config import soketi.json --output thimble.toml\n" +
			"  thimble serve --config thimble.toml",
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := tomlfile.Read(args[0])
			if err != nil {
				return usage(cmd, err)
			}
			s, told, err := settings.Soketi(text)
			if err != nil {
				return usage(cmd, fmt.Errorf("%s:%w", args[0], err))
			}
			made := "# Made by thimble config import of " + filepath.Base(args[0]) + ". What is not there has its\n# default, which thimble config default shows.\n" + s.Changed()
			if output == "" {
				if _, err := cmd.OutOrStdout().Write([]byte(made)); err != nil {
					return unwritable(err)
				}
			} else if _, there := os.Lstat(output); there == nil {
				return usage(cmd, fmt.Errorf("there is a file %s already", output))
			} else if err := tomlfile.WritePrivate(output, []byte(made)); err != nil {
				return err
			}
			for _, one := range told {
				if _, err := fmt.Fprintln(cmd.ErrOrStderr(), clean(one)); err != nil {
					return unwritable(err)
				}
			}
			if err := s.Check(); err != nil {
				return usage(cmd, fmt.Errorf("something has to be added or changed: %w", err))
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "a new `file` to write to, readable for you alone since secrets are in it; none: the standard output")
	return cmd
}

// readSettings reads the file, if there is one, and the environment over it.
func readSettings(name string) (s settings.Settings, ignored []string, err error) {
	s = settings.Default()
	if name != "" {
		if err := s.File(name); err != nil {
			return s, nil, err
		}
		if text := exposed(name, &s); text != "" {
			return s, nil, errors.New(text)
		}
	}
	known := map[string]bool{"THIMBLE_CONTEXT": true}
	ignored, err = s.Env(func(name string) (string, bool) {
		known[name] = true
		return os.LookupEnv(name)
	})
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if own, ok := strings.CutPrefix(name, "THIMBLE_"); ok && !known[name] && !kubernetes(own) {
			ignored = append(ignored, name) // misspelt, perhaps
		}
	}
	return s, ignored, err
}

// kubernetes says whether a variable is one that Kubernetes sets in every
// container beside a service called thimble.
func kubernetes(own string) bool {
	return own == "PORT" || strings.HasPrefix(own, "PORT_") || strings.HasPrefix(own, "SERVICE_")
}

// exposed says that others on this machine can change the file, and so take
// over every application.
func exposed(name string, s *settings.Settings) string {
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm()&0o002 == 0 || len(s.Apps) == 0 {
		return ""
	}
	return fmt.Sprintf("%s can be written by everybody on this machine: chmod 640 %s", name, name)
}
