// Package tomlfile reads the TOML files that people write for this project, so
// that each mistake is told with its line and with what may have been meant,
// and keeps files that hold secrets: readable for their owner alone, and never
// half written.
package tomlfile
