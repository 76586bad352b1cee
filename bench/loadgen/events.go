package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

// eventsPlan is what `loadgen events` does: pushes, while others listen for their events.
type eventsPlan struct {
	target *target
	// subscribers follow the event stream; those that stall open it and read nothing.
	subscribers, stalled int
	// receiver: where the registry's webhook delivers to, as host:port. Empty: it has none.
	receiver string
	// hold: nothing is received until everything was pushed.
	hold    bool
	writers int
	pace    pace
	// warmUp: as fast as it goes, before it is measured.
	warmUp time.Duration
	// settle: how long nothing is done before memory is looked at.
	settle time.Duration
}

// How many events a push makes for a subscriber: the manifest's and the tag's.
const eventsOfPush = 2

// How long to wait for events that do not come.
const patience = 5 * time.Minute

// runEvents is the command `loadgen events [flags]`; it prints one line of JSON.
func runEvents(args []string) {
	p := eventsPlan{}
	flags := flag.NewFlagSet("events", flag.ExitOnError)
	flags.Func("target", "the registry, as NAME=URL[@PID]", func(text string) (err error) {
		p.target, err = parseTarget(text)
		return err
	})
	flags.IntVar(&p.subscribers, "subscribers", 0, "how many follow the event stream")
	flags.IntVar(&p.stalled, "stalled", 0, "how many more open it and do not read")
	flags.StringVar(&p.receiver, "receiver", "", "listen here, as host:port, for the registry's webhook")
	flags.BoolVar(&p.hold, "hold", false, "the webhook waits for its answer until all is pushed")
	flags.IntVar(&p.writers, "writers", 8, "how many connections push")
	flags.Float64Var(&p.pace.rate, "rate", 0, "pushes a second; 0: as many as can be")
	flags.IntVar(&p.pace.limit, "pushes", 0, "end after so many pushes; 0: when the time is over")
	flags.DurationVar(&p.pace.duration, "for", 0, "how long to push; 0: until all are done")
	flags.DurationVar(&p.warmUp, "warm-up", 0, "push as fast as it goes for so long before")
	flags.DurationVar(&p.settle, "settle", 0, "do nothing for so long before memory is looked at")
	flags.Parse(args)
	if p.target == nil || p.hold && p.receiver == "" {
		flags.Usage()
		os.Exit(2)
	}
	m, err := p.run()
	if err != nil {
		m.Errors, m.LastError = m.Errors+1, err.Error()
	}
	m.Target = p.target.name
	json.NewEncoder(os.Stdout).Encode(m)
}

func (p eventsPlan) run() (m eventsMeasurement, err error) {
	log := newPushLog()
	w, err := openWriters(p.target, p.writers, log)
	if err != nil {
		return m, err
	}
	defer w.close()
	m.MemoryBefore = p.memory()
	a, err := p.listen(log)
	if err != nil {
		return m, err
	}
	defer a.close()
	m.MemoryListening = p.memory()
	if p.warmUp > 0 {
		w.write(pace{duration: p.warmUp})
		if err := a.wait(int(log.count), patience); err != nil {
			return m, fmt.Errorf("warming up: %w", err)
		}
	}
	if p.pace.duration == 0 && p.pace.limit == 0 {
		return m, nil
	}
	first, posts := int(log.count), a.posts()
	begin, before := log.now(), cpuTimes(p.target)
	if p.hold {
		a.receiver.held.Lock()
	}
	m.addAnswers(w.write(p.pace))
	if p.hold {
		a.receiver.held.Unlock()
	}
	m.Seconds = time.Duration(log.now() - begin).Seconds()
	m.Pushes = int(log.count) - first
	err = a.wait(int(log.count), patience)
	after := cpuTimes(p.target)
	m.addArrivals(a, first, begin)
	m.Posts = a.posts() - posts
	m.ClientCPU, m.ServerCPU = after.client-before.client, after.server-before.server
	m.MemoryAfter = p.memory()
	return m, err
}

// memory waits until the server has settled and looks at its memory.
func (p eventsPlan) memory() memory {
	time.Sleep(p.settle)
	return memoryOf(p.target.pid)
}
