// Package settings reads what "thimble serve" is told: a TOML file, then the
// environment, each over what came before it. Flags come last, and are the
// tool's own business.
//
// A mistake in the file is an error with its line: a field that does not exist
// is one, since whoever wrote it believes that it counts.
package settings
