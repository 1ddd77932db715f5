package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/internal/figures"
)

// idleResult is what clients take that are subscribed and wait, for each.
type idleResult struct {
	Clients    int     `json:"clients"`
	RSS        float64 `json:"rss"`   // bytes resident in memory, before any forced collection
	Heap       float64 `json:"heap"`  // bytes of live objects
	Stack      float64 `json:"stack"` // bytes of goroutines' stacks
	Goroutines float64 `json:"goroutines"`
	Kernel     float64 `json:"kernel"` // bytes that the kernel took meanwhile, for both ends of the connection; 0: unknown
}

// idleRole is a process of many clients.
func idleRole(args []string) error {
	flags := flag.NewFlagSet("idle", flag.ExitOnError)
	address := flags.String("address", "", "of the server")
	clients := flags.Int("clients", 1000, "how many")
	profile := flags.String("profile", "", "where to write a profile of the heap")
	_ = flags.Parse(args)
	if err := figures.AllowFiles(*clients + 100); err != nil {
		return err
	}

	rss, kernel := resident(), kernelMemory()
	// The runtime's records of goroutines are no client's memory: they are made
	// now, and used again.
	var wg sync.WaitGroup
	hold := make(chan struct{})
	for range *clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-hold
		}()
	}
	close(hold)
	wg.Wait()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	// So many connect at a time: more would overflow the server's backlog.
	connecting := make(chan struct{}, 64)
	failed := make(chan error, *clients)
	kept := make([]*thimble.Client, 0, *clients)
	for range *clients {
		select {
		case connecting <- struct{}{}:
		case err := <-failed:
			return err
		}
		client, err := thimble.New(thimble.Config{Key: appKey, Host: *address, Plaintext: true, ReadBuffer: 4096})
		if err != nil {
			return err
		}
		client.Subscribe(idleName).Bind(thimble.EventSubscribed, func(thimble.Event) { <-connecting })
		client.OnError(func(err error) { failed <- err })
		go func() { failed <- client.Run(context.Background()) }()
		kept = append(kept, client)
	}
	for range cap(connecting) { // until the last is subscribed
		select {
		case connecting <- struct{}{}:
		case err := <-failed:
			return err
		}
	}
	n := float64(*clients)
	r := idleResult{Clients: *clients, RSS: float64(resident()-rss) / n, Kernel: float64(kernelMemory()-kernel) / n}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	r.Heap = (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / n
	r.Stack = (float64(after.StackInuse) - float64(before.StackInuse)) / n
	r.Goroutines = float64(runtime.NumGoroutine()-goroutines) / n
	for _, client := range kept {
		if client.State() != thimble.StateConnected {
			return fmt.Errorf("a client is %s in place of idle", client.State())
		}
	}
	if *profile != "" {
		file, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.WriteHeapProfile(file); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// resident is this process's memory, in bytes.
func resident() int {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}

// kernelMemory is what the kernel has in use for sockets and all other objects
// of its own, in bytes.
func kernelMemory() int {
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(info)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "Slab:" {
			kib, _ := strconv.Atoi(fields[1])
			return kib << 10
		}
	}
	return 0
}
