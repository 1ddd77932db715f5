package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/server/internal/apiclient"
)

// attributes are what can be asked about channels.
var attributes = []string{"user_count", "subscription_count", "cache"}

func newChannels() *cobra.Command {
	var t target
	var prefix string
	var info []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "channels [NAME]",
		Short: "List the channels that have subscribers, or show one",
		Long: `List the channels that have subscribers, or show one, through the HTTP API.

--info asks for more: user_count, for presence channels, so in a list it takes a
--prefix that begins with presence-; subscription_count, which the hosted service
has only if it is enabled for the application; cache, the last event of one cache
channel. Without it the users of presence channels are counted.`,
		Example: "  thimble channels --context local\n" +
			"  thimble channels --context local --prefix presence- --info user_count\n" +
			"  thimble channels --context local cache-prices --info cache,subscription_count",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: words(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := t.fill(cmd, "place", "app-id", "key", "secret"); err != nil {
				return err
			}
			for _, name := range info {
				if !slices.Contains(attributes, name) {
					return usage(cmd, fmt.Errorf("--info %q is not one of %s", name, strings.Join(attributes, ", ")))
				}
			}
			client, err := t.api(cmd)
			if err != nil {
				return err
			}
			p := &printer{out: cmd.OutOrStdout(), json: asJSON}
			if len(args) == 1 {
				if prefix != "" {
					return usage(cmd, errors.New("--prefix is for the list: leave out either it or NAME"))
				}
				return showChannel(cmd, client, p, args[0], info)
			}
			return listChannels(cmd, client, p, prefix, info)
		},
	}
	t.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&prefix, "prefix", "", "only channels whose names begin with this `text`")
	f.StringSliceVar(&info, "info", nil, "`attributes` to show: "+strings.Join(attributes, ", "))
	f.BoolVar(&asJSON, "json", false, "output as JSON, a line for each channel")
	complete(cmd, "prefix", words("private-", "presence-", "private-encrypted-", "cache-"))
	complete(cmd, "info", words(attributes...))
	return cmd
}

// shownChannel is a channel as --json shows it.
type shownChannel struct {
	Name              string           `json:"name"`
	Occupied          bool             `json:"occupied"`
	UserCount         *int             `json:"user_count,omitempty"`
	SubscriptionCount *int             `json:"subscription_count,omitempty"`
	Cache             *apiclient.Cache `json:"cache,omitempty"`
}

func listChannels(cmd *cobra.Command, client *apiclient.Client, p *printer, prefix string, info []string) error {
	presence := channelauth.KindOf(prefix) == channelauth.Presence
	switch {
	case info == nil && presence:
		info = []string{"user_count"}
	case slices.Contains(info, "user_count") && !presence:
		return usage(cmd, errors.New("user_count takes a --prefix that begins with presence-"))
	case slices.Contains(info, "cache"):
		return usage(cmd, errors.New("cache is of one channel: give its NAME"))
	}
	channels, err := client.Channels(cmd.Context(), prefix, info...)
	if err != nil {
		return refused(err)
	}
	rows := table{{"CHANNEL", "USERS", "SUBSCRIPTIONS"}}
	for _, name := range slices.Sorted(maps.Keys(channels)) {
		c := channels[name]
		p.object(shownChannel{name, true, c.UserCount, c.SubscriptionCount, nil})
		rows = append(rows, []string{name, count(c.UserCount), count(c.SubscriptionCount)})
	}
	if len(channels) == 0 {
		p.text("no channel has subscribers" + map[bool]string{true: ", of those that begin with " + clean(prefix)}[prefix != ""])
		return p.failed()
	}
	p.table(rows.slim())
	return p.failed()
}

func showChannel(cmd *cobra.Command, client *apiclient.Client, p *printer, name string, info []string) error {
	presence := channelauth.KindOf(name) == channelauth.Presence
	switch {
	case info == nil && presence:
		info = []string{"user_count"}
	case slices.Contains(info, "user_count") && !presence:
		return usage(cmd, errors.New("user_count is for presence channels only"))
	}
	c, err := client.Channel(cmd.Context(), name, info...)
	if err != nil {
		return refused(err)
	}
	p.object(shownChannel{name, c.Occupied, c.UserCount, c.SubscriptionCount, c.Cache})
	rows := table{{"channel", name}, {"occupied", map[bool]string{true: "yes", false: "no"}[c.Occupied]}}
	if c.UserCount != nil {
		rows = append(rows, []string{"users", count(c.UserCount)})
	}
	if c.SubscriptionCount != nil {
		rows = append(rows, []string{"subscriptions", count(c.SubscriptionCount)})
	}
	switch {
	case c.Cache != nil:
		rows = append(rows, []string{"cached event", c.Cache.Data}, []string{"kept for", fmt.Sprintf("%d s", c.Cache.TTL)})
	case slices.Contains(info, "cache"):
		rows = append(rows, []string{"cached event", "none"})
	}
	p.table(rows)
	return p.failed()
}

func count(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func newUsers() *cobra.Command {
	var t target
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "users CHANNEL",
		Short:             "List the users on a presence channel",
		Long:              "List the users on a presence channel, through the HTTP API: their ids, one a line.",
		Example:           "  thimble users --context local presence-room",
		Args:              exactly("CHANNEL"),
		ValidArgsFunction: words(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := t.fill(cmd, "place", "app-id", "key", "secret"); err != nil {
				return err
			}
			if channelauth.KindOf(args[0]) != channelauth.Presence {
				return usage(cmd, fmt.Errorf("only presence channels have users, and their names begin with presence-; %q does not", args[0]))
			}
			client, err := t.api(cmd)
			if err != nil {
				return err
			}
			ids, err := client.Users(cmd.Context(), args[0])
			if err != nil {
				return refused(err)
			}
			p := &printer{out: cmd.OutOrStdout(), json: asJSON}
			slices.Sort(ids)
			for _, id := range ids {
				p.object(map[string]string{"id": id})
				p.text(clean(id))
			}
			if len(ids) == 0 && !asJSON {
				fmt.Fprintln(cmd.ErrOrStderr(), "nobody is on "+clean(args[0]))
			}
			return p.failed()
		},
	}
	t.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "output as JSON, a line for each user")
	return cmd
}

func newTerminate() *cobra.Command {
	var t target
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "terminate USER",
		Short: "Close all connections of a user who has signed in",
		Long: `Close all connections of a user who has signed in, through the HTTP API. Being
on a presence channel is no sign-in. The user's clients are told 4009 and do not
come back by themselves; nothing keeps them from being started again.`,
		Example:           "  thimble terminate --context local user-17",
		Args:              exactly("USER"),
		ValidArgsFunction: words(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := t.fill(cmd, "place", "app-id", "key", "secret"); err != nil {
				return err
			}
			client, err := t.api(cmd)
			if err != nil {
				return err
			}
			if err := client.Terminate(cmd.Context(), args[0]); err != nil {
				return refused(err)
			}
			p := &printer{out: cmd.OutOrStdout(), json: asJSON}
			p.object(map[string]string{"terminated": args[0]})
			p.text("told the server to close the connections of " + clean(args[0]))
			return p.failed()
		},
	}
	t.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "output as a line of JSON")
	return cmd
}
