package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/thimble-go/thimble/server/internal/contexts"
)

// clusters are those of the hosted service, to be offered; any other name is
// taken as well.
var clusters = []string{"mt1", "us2", "us3", "eu", "ap1", "ap2", "ap3", "ap4", "sa1"}

// complete says what the shell offers for a flag's value. Files are offered
// where it is not called.
func complete(cmd *cobra.Command, flag string, fn cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, fn); err != nil {
		panic(err) // a flag that there is not: each call of the tool would notice
	}
}

// words offers these, and no files.
func words(all ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return matching(all, begun), cobra.ShellCompDirectiveNoFileComp
	}
}

// contextNames offers the contexts that there are.
func contextNames(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []string
	if path, err := contexts.Path(); err == nil {
		if file, err := contexts.Load(path); err == nil {
			names = file.Names()
		}
	}
	return matching(names, begun), cobra.ShellCompDirectiveNoFileComp
}

// first offers something for the first argument only.
func first(fn cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return fn(cmd, args, begun)
	}
}

func matching(all []string, begun string) (found []string) {
	for _, word := range all {
		if strings.HasPrefix(word, begun) {
			found = append(found, word)
		}
	}
	return found
}
