package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thimble-go/thimble/server/internal/figures"
)

// roles are what this program is when it has started itself.
var roles = map[string]func([]string) error{"hub": hubRole, "loop": bareRole}

const (
	// ahead is how many events may be on their way when all that can be is
	// published: queues stay short.
	ahead = 32
	// settle is how long a process is left alone before its memory is read.
	settle = 2 * time.Second
)

// measure runs all contenders in every round.
func (p *plan) measure() (*measured, error) {
	files, err := figures.Files()
	if err != nil {
		return nil, err
	}
	if p.dir, err = os.MkdirTemp("", "brokerbench"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(p.dir)
	m := &measured{plan: p}
	if m.contenders, err = p.contenders(); err != nil {
		return nil, err
	}
	for i := range p.rounds {
		for at := range m.contenders {
			c := m.contenders[(at+i)%len(m.contenders)]
			r, err := p.round(c)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			c.rounds = append(c.rounds, r)
			fmt.Fprintf(os.Stderr, "round %d: %s: %s\n", i+1, c.name, r)
		}
	}
	if first := m.contenders[0]; first.name == nameThimble {
		if m.slow, err = p.slowReaders(first); err != nil {
			return nil, fmt.Errorf("slow readers: %w", err)
		}
		if m.joins, err = p.joining(first); err != nil {
			return nil, fmt.Errorf("subscribing: %w", err)
		}
		// The broker keeps a sixteenth for itself, and so does this process.
		if n := min(p.most, files-files/8); n > p.idle {
			if m.crowd, err = p.crowd(first, n); err != nil {
				return nil, fmt.Errorf("%d connections: %w", n, err)
			}
			if n < p.most {
				m.crowd.Files = files
			}
		}
	}
	return m, nil
}

// on runs a contender and a swarm of clients for it.
func on(c *contender, f func(*process, *swarm) error) error {
	p, err := start(c)
	if err != nil {
		return err
	}
	defer p.stop()
	s, err := newSwarm(c.dialect, p.address)
	if err != nil {
		return err
	}
	defer s.close()
	if err := f(p, s); err != nil {
		return fmt.Errorf("%w\n%s", err, strings.TrimSpace(p.output.String()))
	}
	return nil
}

// round is everything that is compared, once.
func (p *plan) round(c *contender) (r round, err error) {
	err = on(c, func(proc *process, s *swarm) error {
		time.Sleep(settle / 2)
		before, cpu := proc.resident(), proc.cpu()
		if err := s.connect(p.idle, false, false); err != nil {
			return err
		}
		r.Connect = (proc.cpu() - cpu).Seconds() / float64(p.idle)
		time.Sleep(settle)
		r.Idle = (proc.resident() - before) / float64(p.idle)
		if err := s.subscribe(); err != nil {
			return err
		}
		time.Sleep(settle)
		r.Subscribed = (proc.resident() - before) / float64(p.idle)
		return nil
	})
	if err != nil {
		return r, err
	}
	err = on(c, func(proc *process, s *swarm) error {
		if err := s.connect(p.subscribers, true, false); err != nil {
			return err
		}
		if r.Saturated, err = p.saturate(c.publish(proc.address), s); err != nil {
			return err
		}
		r.paced, err = p.pace(c.publish(proc.address), proc, s)
		return err
	})
	return r, err
}

// event is the data of an event that is sent now.
func event(size int) string {
	text := fmt.Sprintf("%s%d;", mark, time.Since(started).Nanoseconds())
	return text + strings.Repeat("x", max(size-len(text), 0))
}

// saturate publishes as much as is delivered, and returns how many deliveries
// that is in a second.
func (p *plan) saturate(publish publisher, s *swarm) (float64, error) {
	var stop atomic.Bool
	var published atomic.Int64
	var failure atomic.Pointer[error]
	var group sync.WaitGroup
	base := s.received.Load()
	for range publishers {
		group.Go(func() {
			for !stop.Load() {
				if published.Add(1)*int64(p.subscribers)-(s.received.Load()-base) > ahead*int64(p.subscribers) {
					published.Add(-1)
					time.Sleep(200 * time.Microsecond)
					continue
				}
				if err := publish(event(dataSize)); err != nil {
					failure.Store(&err)
					return
				}
			}
		})
	}
	time.Sleep(p.warm)
	begin, from := time.Now(), s.received.Load()
	time.Sleep(p.span)
	rate := float64(s.received.Load()-from) / time.Since(begin).Seconds()
	stop.Store(true)
	group.Wait()
	if err := failure.Load(); err != nil {
		return 0, *err
	}
	return rate, s.quiet(base + published.Load()*int64(p.subscribers))
}

// quiet waits until so many events have come.
func (s *swarm) quiet(received int64) error {
	for deadline := time.Now().Add(20 * time.Second); s.received.Load() < received; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d deliveries are missing", received-s.received.Load())
		}
	}
	return nil
}

// pace publishes at a fixed rate, and tells what a delivery costs and how long
// it takes.
func (p *plan) pace(publish publisher, proc *process, s *swarm) (paced, error) {
	interval := time.Second * time.Duration(p.subscribers) / time.Duration(p.rate)
	events := int64((p.warm + p.span) / interval)
	warm := int64(p.warm / interval)
	base := s.received.Load()
	var cpu time.Duration
	begin := time.Now()
	for i := range events {
		if i == warm {
			s.do(func() { s.delays = make([]int32, 0, p.rate*int(p.span/time.Second+1)) })
			cpu = proc.cpu()
		}
		time.Sleep(time.Until(begin.Add(time.Duration(i) * interval)))
		if err := publish(event(dataSize)); err != nil {
			return paced{}, err
		}
	}
	if err := s.quiet(base + events*int64(p.subscribers)); err != nil {
		return paced{}, err
	}
	cost := (proc.cpu() - cpu).Seconds() / float64((events-warm)*int64(p.subscribers))
	var delays []int32
	s.do(func() { delays, s.delays = s.delays, nil })
	slices.Sort(delays)
	return paced{Cost: cost, P50: delay(delays, 50), P99: delay(delays, 99)}, nil
}

// delay is a percentile, in seconds.
func delay(sorted []int32, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[(len(sorted)-1)*percent/100]) / 1e6
}

// slowReaders measures delays beside subscribers that read nothing, and without
// these, by turns: without, with, with, without. So what else the machine does
// meets both alike. All that they could still take is sent to them before, as
// taking it costs what it costs for any subscriber.
func (p *plan) slowReaders(c *contender) (*slow, error) {
	r := &slow{}
	for i := range p.rounds {
		err := on(c, func(proc *process, s *swarm) error {
			if err := s.connect(p.subscribers, true, false); err != nil {
				return err
			}
			publish, before := c.publish(proc.address), takes{proc.resident(), kernelTCP()}
			for _, beside := range []bool{false, true, true, false} {
				if beside {
					if err := p.beside(r, before, publish, proc, s); err != nil {
						return err
					}
					continue
				}
				without, err := p.pace(publish, proc, s)
				if err != nil {
					return err
				}
				r.Without = append(r.Without, without)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "round %d: %s\n", i+1, r)
	}
	return r, nil
}

// beside measures delays beside slow readers, which end then.
func (p *plan) beside(r *slow, before takes, publish publisher, proc *process, s *swarm) error {
	if err := s.connect(p.subscribers, true, true); err != nil {
		return err
	}
	begin, err := p.fill(publish, proc, s)
	if err != nil {
		return err
	}
	with, err := p.pace(publish, proc, s)
	if err != nil {
		return err
	}
	end, err := proc.counts()
	if err != nil {
		return err
	}
	r.With = append(r.With, with)
	r.Memory = append(r.Memory, (proc.resident()-before.process)/float64(p.subscribers))
	r.Kernel = append(r.Kernel, (kernelTCP()-before.kernel)/float64(p.subscribers))
	r.Closed += end.slow - begin.slow
	s.dismiss()
	for deadline := time.Now().Add(timeout); ; time.Sleep(10 * time.Millisecond) {
		now, err := proc.counts()
		if err != nil || now.connected == p.subscribers {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d connections are left of %d", now.connected, p.subscribers)
		}
	}
}

// takes is the memory of a process, and of all connections in the kernel.
type takes struct{ process, kernel float64 }

// fill publishes what is too much for those who read nothing, until slowWaits
// waits in the broker for each: their sockets take no more.
func (p *plan) fill(publish publisher, proc *process, s *swarm) (counts, error) {
	for base, i := s.received.Load(), 1; i <= slowEvents; i++ {
		if err := publish(event(slowSize)); err != nil {
			return counts{}, err
		}
		if err := s.quiet(base + int64(i)*int64(p.subscribers)); err != nil {
			return counts{}, err
		}
		now, err := proc.counts()
		if err != nil || now.waiting >= p.subscribers*slowWaits {
			return now, err
		}
	}
	return counts{}, errors.New("nothing waits for those who read nothing")
}

// slowEvents bounds how many events of slowSize it takes until slowWaits waits
// for each slow reader, which is well below what it is closed for.
const (
	slowEvents = 1000
	slowSize   = 9000
	slowWaits  = 64 << 10
)

// joining measures what a subscription costs among few, and among many.
func (p *plan) joining(c *contender) (*joins, error) {
	r := &joins{}
	for range p.rounds {
		for _, among := range []int{0, p.idle - p.subscribers} {
			err := on(c, func(proc *process, s *swarm) error {
				if err := s.connect(among, true, false); err != nil {
					return err
				}
				if err := s.connect(p.subscribers, false, false); err != nil {
					return err
				}
				cpu := proc.cpu()
				if err := s.subscribe(); err != nil {
					return err
				}
				cost := (proc.cpu() - cpu).Seconds() / float64(p.subscribers)
				if among == 0 {
					r.Few = append(r.Few, cost)
				} else {
					r.Many = append(r.Many, cost)
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// crowd has as many connections as can be, which then all come back at once.
func (p *plan) crowd(c *contender, n int) (*crowd, error) {
	r := &crowd{Connections: n}
	err := on(c, func(proc *process, s *swarm) error {
		before := proc.resident()
		if err := s.connect(n, true, false); err != nil {
			return err
		}
		time.Sleep(settle)
		r.Memory = (proc.resident() - before) / float64(n)
		cpu, begin := proc.cpu(), time.Now()
		s.reset()
		if err := s.connect(n, true, false); err != nil {
			return err
		}
		r.Took = time.Since(begin).Seconds()
		r.Cost = (proc.cpu() - cpu).Seconds() / float64(n)
		time.Sleep(settle)
		r.After = (proc.resident() - before) / float64(n)
		return nil
	})
	return r, err
}
