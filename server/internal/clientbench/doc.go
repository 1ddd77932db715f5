// Command clientbench measures the client and puts the figures into the README:
// receiving beside other ways to receive, what ten thousand idle clients take,
// and the round trips until a private channel is there.
//
//	go run ./server/internal/clientbench                   # prints the table
//	go run ./server/internal/clientbench -write README.md  # writes it, too
//
// Absolute figures are those of the machine and the minute. So every contender
// runs in each of several rounds, beside the same sender, and the median of
// each round's ratio is what counts. Every contender, and the sender, is a
// process of its own: CPU time is the kernel's account of that process.
package main
