package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/thimble-go/thimble/server/internal/contexts"
)

func newContext() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "context",
		Short: "Remember servers and applications under names",
		Long: `Remember servers and applications under names, so that commands need not be told
them each time: --context NAME means one, and so does THIMBLE_CONTEXT; the one
in use counts when none is named.

They are kept in contexts.toml in your configuration directory, readable for you
alone, since secrets stand there as they are. Secrets are never shown again.`,
		Example: "  thimble context add local --host 127.0.0.1:6001 --plaintext --app-id app-id --key app-key --secret -\n" +
			"  thimble context use local\n" +
			"  thimble channels",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newContextAdd(), newContextList(), newContextUse(), newContextShow(), newContextRemove())
	return cmd
}

func newContextAdd() *cobra.Command {
	var t target
	var replace bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Remember a server and an application",
		Long: `Remember a server and an application. With "--secret -" the secret is asked for,
or read from the standard input if that is no terminal: so it stands in no
history and in no list of processes.`,
		Example: "  thimble context add local --host 127.0.0.1:6001 --plaintext --app-id app-id --key app-key --secret -\n" +
			"  pass show pusher | thimble context add prod --cluster eu --app-id 1 --key 278d425bdf160c739803 --secret -",
		Args:              exactly("NAME"),
		ValidArgsFunction: words(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := contexts.CheckName(args[0]); err != nil {
				return usage(cmd, err)
			}
			if err := t.check(cmd, []string{"place"}); err != nil {
				return err
			}
			if err := checkEndpoint(cmd, t.endpoint); err != nil {
				return err
			}
			if err := t.trust(cmd); err != nil {
				return err
			}
			if t.ca != "" {
				whole, err := filepath.Abs(t.ca)
				if err != nil {
					return err
				}
				t.ca = whole
			}
			c := contexts.Context{
				Cluster: t.cluster, Host: t.host, Plaintext: t.plaintext, CA: t.ca,
				AppID: t.appID, Key: t.key, Secret: t.secret, AuthEndpoint: t.endpoint,
			}
			if err := c.Check(); err != nil {
				return usage(cmd, err)
			}
			free := func(file *contexts.File) error {
				if _, there := file.Contexts[args[0]]; there && !replace {
					return usage(cmd, fmt.Errorf("there is a context %s already: add --replace, or take another name", args[0]))
				}
				return nil
			}
			_, file, err := loadContexts(cmd)
			if err != nil {
				return err
			}
			if err := free(file); err != nil {
				return err // before anybody types a secret
			}
			if c.Secret == "-" {
				if c.Secret, err = readSecret(cmd); err != nil {
					return err
				}
			}
			if err := changeContexts(cmd, func(file *contexts.File) error {
				if err := free(file); err != nil {
					return err // somebody else has taken it meanwhile
				}
				file.Contexts[args[0]] = c
				return nil
			}); err != nil {
				return err
			}
			return say(cmd, "remembered "+args[0]+": use it once with --context "+args[0]+", or from now on with: thimble context use "+args[0])
		},
	}
	t.own(cmd)
	f := cmd.Flags()
	f.Lookup("secret").Usage = "application `secret`; - to be asked for it, or to read it from the standard input"
	f.StringVar(&t.endpoint, "auth-endpoint", "", "`URL` of an authorization endpoint")
	f.BoolVar(&replace, "replace", false, "in place of one of that name")
	complete(cmd, "auth-endpoint", words())
	return cmd
}

func newContextList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "list",
		Short:             "List what is remembered",
		Example:           "  thimble context list",
		Args:              cobra.NoArgs,
		ValidArgsFunction: words(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, file, err := loadContexts(cmd)
			if err != nil {
				return err
			}
			p := &printer{out: cmd.OutOrStdout(), json: asJSON}
			if len(file.Contexts) == 0 {
				p.text("none yet; thimble context add --help shows how to add one")
			}
			rows := table{{"", "NAME", "SERVER", "KEY", "SECRET"}}
			for _, name := range file.Names() {
				shown := showContext(file, name)
				p.object(shown)
				mark := ""
				if shown.Current {
					mark = "*"
				}
				c := file.Contexts[name]
				rows = append(rows, []string{mark, name, cmp.Or(c.Server(), "-"), cmp.Or(c.Key, "-"), cmp.Or(shown.Secret, "-")})
			}
			if len(file.Contexts) > 0 {
				p.table(rows)
			}
			return p.failed()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "output as JSON, a line for each context")
	return cmd
}

func newContextUse() *cobra.Command {
	var none bool
	cmd := &cobra.Command{
		Use:     "use NAME",
		Short:   "Have a context count when none is named",
		Example: "  thimble context use local\n  thimble context use --none",
		Args: func(cmd *cobra.Command, args []string) error {
			if none && len(args) == 0 {
				return nil
			}
			if none {
				return errors.New("--none goes without a NAME")
			}
			return exactly("NAME")(cmd, args)
		},
		ValidArgsFunction: first(contextNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, current := "no context is in use any more", ""
			if err := changeContexts(cmd, func(file *contexts.File) error {
				if !none {
					c, err := file.Find(args[0])
					if err != nil {
						return usage(cmd, err)
					}
					current = args[0]
					text = "in use from now on: " + current + ", " + cmp.Or(c.Server(), "no server")
				}
				file.Current = current
				return nil
			}); err != nil {
				return err
			}
			if name := os.Getenv("THIMBLE_CONTEXT"); name != "" && name != current {
				text += "; but THIMBLE_CONTEXT names " + name + ", and wins here"
			}
			return say(cmd, text)
		},
	}
	cmd.Flags().BoolVar(&none, "none", false, "none at all")
	return cmd
}

func newContextShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "show [NAME]",
		Short:             "Show a context, or the one that counts",
		Example:           "  thimble context show local",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: first(contextNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, file, err := loadContexts(cmd)
			if err != nil {
				return err
			}
			name := cmp.Or(os.Getenv("THIMBLE_CONTEXT"), file.Current)
			if len(args) == 1 {
				name = args[0]
			}
			if name == "" {
				return usage(cmd, errors.New("no context is in use: name one, or choose it with thimble context use"))
			}
			c, err := file.Find(name)
			if err != nil {
				return usage(cmd, err)
			}
			shown := showContext(file, name)
			p := &printer{out: cmd.OutOrStdout(), json: asJSON}
			p.object(shown)
			p.table(table{
				{"name", name},
				{"server", cmp.Or(c.Server(), "not set")},
				{"authorities", cmp.Or(c.CA, "the system's")},
				{"app id", cmp.Or(c.AppID, "not set")},
				{"key", cmp.Or(c.Key, "not set")},
				{"secret", cmp.Or(shown.Secret, "not set")},
				{"authorization endpoint", cmp.Or(c.AuthEndpoint, "not set")},
			})
			return p.failed()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "output as a line of JSON")
	return cmd
}

func newContextRemove() *cobra.Command {
	return &cobra.Command{
		Use:               "remove NAME",
		Short:             "Forget a context",
		Example:           "  thimble context remove local",
		Args:              exactly("NAME"),
		ValidArgsFunction: first(contextNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := changeContexts(cmd, func(file *contexts.File) error {
				if _, err := file.Find(args[0]); err != nil {
					return usage(cmd, err)
				}
				delete(file.Contexts, args[0])
				if file.Current == args[0] {
					file.Current = ""
				}
				return nil
			}); err != nil {
				return err
			}
			return say(cmd, "forgotten: "+args[0])
		},
	}
}

// loadContexts reads the user's file.
func loadContexts(cmd *cobra.Command) (path string, file *contexts.File, err error) {
	if path, err = contexts.Path(); err != nil {
		return "", nil, err
	}
	if file, err = contexts.Load(path); err != nil {
		return "", nil, usage(cmd, err)
	}
	return path, file, nil
}

// changeContexts changes the user's file, as contexts.Change does. What is wrong
// with the file is wrong usage, as for those who only read it.
func changeContexts(cmd *cobra.Command, change func(*contexts.File) error) error {
	path, _, err := loadContexts(cmd)
	if err != nil {
		return err
	}
	return contexts.Change(path, change)
}

// shownContext is a context as --json shows it.
type shownContext struct {
	Name         string `json:"name"`
	Current      bool   `json:"current"`
	Cluster      string `json:"cluster,omitempty"`
	Host         string `json:"host,omitempty"`
	Plaintext    bool   `json:"plaintext,omitempty"`
	CA           string `json:"ca,omitempty"`
	AppID        string `json:"app_id,omitempty"`
	Key          string `json:"key,omitempty"`
	Secret       string `json:"secret,omitempty"` // "set", never what it is
	AuthEndpoint string `json:"auth_endpoint,omitempty"`
}

func showContext(file *contexts.File, name string) shownContext {
	c := file.Contexts[name]
	shown := shownContext{
		Name: name, Current: name == file.Current,
		Cluster: c.Cluster, Host: c.Host, Plaintext: c.Plaintext, CA: c.CA,
		AppID: c.AppID, Key: c.Key, AuthEndpoint: c.AuthEndpoint,
	}
	if c.Secret != "" {
		shown.Secret = "set"
	}
	return shown
}
