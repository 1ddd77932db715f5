// Package figures has what the programs that measure share: processes of their
// own, numbers as they stand in tables, and the section of a file that is
// written anew.
package figures
