package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble/server/internal/settings"
)

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check the broker's settings, or write a file with all of them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigDefault(), newConfigCheck())
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
them. The exit code is 0 if nothing is, and 2 if something is.`,
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
				err = s.Check()
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
	ignored, err = s.Env(os.LookupEnv)
	return s, ignored, err
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
