package broker_test

import (
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/broker"
)

// BenchmarkSockets publishes to 1,000 subscribers over loopback, as fast as
// they take it; both ends are in this process.
func BenchmarkSockets(b *testing.B) {
	const subscribers = 1000
	br, address := serve(b, broker.Config{})
	received := make(chan int, subscribers)
	for range subscribers {
		c, err := quickDial(address)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c.conn.Close() })
		if err := c.trySubscribe("room"); err != nil {
			b.Fatal(err)
		}
		c.conn.SetReadDeadline(time.Time{})
		go func() {
			buf := make([]byte, 4096)
			for {
				n, err := c.conn.Read(buf)
				if err != nil {
					return
				}
				received <- n
			}
		}()
	}
	event := broker.Event{Name: "event", Channels: []string{"room"}, Data: `{"some":"data"}`}
	frame := 0
	b.ReportAllocs()
	for b.Loop() {
		if err := br.Publish(b.Context(), appID, event); err != nil {
			b.Fatal(err)
		}
		if frame == 0 {
			frame = <-received
			for got := frame; got < subscribers*frame; {
				got += <-received
			}
			continue
		}
		for got := 0; got < subscribers*frame; {
			got += <-received
		}
	}
	b.ReportMetric(float64(b.N)*subscribers/b.Elapsed().Seconds(), "deliveries/s")
}

// BenchmarkIdleMemory tells what 1,000 connections hold, the test's ends of
// them included.
func BenchmarkIdleMemory(b *testing.B) {
	const connections = 1000
	br, address := serve(b, broker.Config{})
	for b.Loop() {
		eventually(b, "none is there", func() bool { return br.Stats().Connections == 0 })
		before := inUse()
		var ends []io.Closer
		for range connections {
			c, err := quickDial(address)
			if err != nil {
				b.Fatal(err)
			}
			c.buffer = nil
			ends = append(ends, c.conn)
		}
		b.ReportMetric((inUse()-before)/connections, "B/connection")
		for _, end := range ends {
			end.Close()
		}
	}
}

func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}
