// Package contexts remembers servers and applications under names, so that the
// tool need not be told them each time. They stand in one file in the user's
// configuration directory, with their secrets, readable for the user alone.
package contexts
