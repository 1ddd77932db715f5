// Command brokerbench measures the broker beside others and puts the figures
// into the README: what idle connections take, how fast events fan out, and what
// slow readers cost the others.
//
//	go run ./server/internal/brokerbench                   # prints the tables
//	go run ./server/internal/brokerbench -write README.md  # writes them, too
//
// Absolute figures are those of the machine and the minute. So every contender
// runs in each of several rounds, and the median counts. Each is a process of
// its own, started afresh, under the same load: one epoll loop in this process,
// which shares the machine's cores with it. Memory and CPU time are the
// kernel's account of the contender's process.
package main
