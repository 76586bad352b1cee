package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// run is a plan on one target.
type run struct {
	plan     plan
	target   *target
	source   *source
	requests []request
	counter  int64
}

// How many connections set up what an operation needs.
const preparers = 8

// prepare sets the target up, then warms it unless it shall stay cold.
func prepare(p plan, t *target) (*run, error) {
	r := &run{plan: p, target: t, source: newSource(p.size)}
	c, err := dial(t)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := p.operation.prepare(r, c); err != nil || p.cold {
		return r, err
	}
	m := r.drive(warmUp(p.duration), p.clients*warmUps(p))
	if m.Errors > 0 {
		return nil, errorText(m.LastError)
	}
	return r, nil
}

// warmUp is how long a server runs before it is measured, so that its code is compiled.
func warmUp(round time.Duration) time.Duration {
	if round > 2*time.Second {
		return 2 * time.Second
	}
	return round
}

// warmUps is how many operations each client may do to warm a server: one where blobs are large.
func warmUps(p plan) int {
	if p.limit > 0 {
		return 1
	}
	return 1 << 20
}

func (r *run) layers() []content {
	layers := make([]content, r.plan.layers)
	for i := range layers {
		layers[i] = r.source.next()
	}
	return layers
}

func (r *run) unique() int64 { return atomic.AddInt64(&r.counter, 1) }

// together does the numbers 0 … n-1 on several connections and returns an error if there was one.
func (r *run) together(n int, do func(c *connection, i int) error) error {
	m := r.work(preparers, func(i int) bool { return i < n }, func(c *connection, i int) (int64, error) { return 0, do(c, i) })
	if m.Errors > 0 {
		return errorText(m.LastError)
	}
	return nil
}

// drive repeats the operation until the time is over or the limit, if there is one, is reached.
func (r *run) drive(d time.Duration, limit int) measurement {
	stop := time.Now().Add(d)
	more := func(i int) bool { return (limit == 0 || i < limit) && (i < r.plan.clients || time.Now().Before(stop)) }
	before := cpuTimes(r.target)
	m := r.work(r.plan.clients, more, func(c *connection, i int) (int64, error) { return r.plan.operation.do(r, c, i) })
	m.addCPU(before, cpuTimes(r.target))
	m.Operation, m.Target = r.plan.text, r.target.name
	return m
}

// work lets so many clients take numbers from 0 upwards while there are more.
// Connections are made before the clock starts.
func (r *run) work(clients int, more func(i int) bool, do func(c *connection, i int) (int64, error)) measurement {
	connections := make([]*connection, 0, clients)
	for len(connections) < clients {
		c, err := dial(r.target)
		if err != nil {
			return measurement{Errors: 1, LastError: err.Error()}
		}
		defer c.close()
		connections = append(connections, c)
	}
	next := int64(-1)
	tallies := make([]tally, clients)
	var all sync.WaitGroup
	start := time.Now()
	for w, c := range connections {
		all.Add(1)
		go func(t *tally, c *connection) {
			defer all.Done()
			for i := int(atomic.AddInt64(&next, 1)); more(i); i = int(atomic.AddInt64(&next, 1)) {
				begin := time.Now()
				bytes, err := do(c, i)
				t.add(time.Since(begin), bytes, err)
			}
		}(&tallies[w], c)
	}
	all.Wait()
	return summarize(tallies, time.Since(start))
}

type errorText string

func (e errorText) Error() string { return string(e) }
