// Package publish makes events of texts, templates and lines, and publishes
// them in as few requests as it can: for the command-line tool.
package publish
