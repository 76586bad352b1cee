package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// audience is all who listen during a run.
type audience struct {
	log         *pushLog
	subscribers []*subscriber
	stalled     []*subscriber
	receiver    *receiver
	closing     int32
	failures    chan error
}

// How many connections are opened at once.
const openers = 16

// listen opens everything that the plan asks for.
func (p eventsPlan) listen(l *pushLog) (*audience, error) {
	a := &audience{log: l, failures: make(chan error, 1)}
	var err error
	if p.receiver != "" {
		if a.receiver, err = receive(p.receiver, l); err != nil {
			return nil, err
		}
	}
	if a.subscribers, err = openAll(p.target, p.subscribers, false); err == nil {
		a.stalled, err = openAll(p.target, p.stalled, true)
	}
	if err != nil {
		a.close()
		return nil, err
	}
	for _, s := range a.subscribers {
		go func(s *subscriber) { a.fail(s.follow(l)) }(s)
	}
	return a, nil
}

func openAll(t *target, count int, stalled bool) ([]*subscriber, error) {
	opened := make([]*subscriber, count)
	errors := make([]error, openers)
	next := int64(-1)
	var all sync.WaitGroup
	for o := 0; o < openers; o++ {
		all.Add(1)
		go func(o int) {
			defer all.Done()
			for i := int(atomic.AddInt64(&next, 1)); i < count && errors[o] == nil; i = int(atomic.AddInt64(&next, 1)) {
				opened[i], errors[o] = subscribe(t, stalled)
			}
		}(o)
	}
	all.Wait()
	for _, err := range errors {
		if err != nil {
			return nil, err
		}
	}
	return opened, nil
}

func (a *audience) close() {
	atomic.StoreInt32(&a.closing, 1)
	for _, s := range append(a.subscribers, a.stalled...) {
		s.tcp.Close()
	}
	if a.receiver != nil {
		a.receiver.server.Close()
	}
}

// fail keeps the first error of a stream that nobody closed.
func (a *audience) fail(err error) {
	if atomic.LoadInt32(&a.closing) != 0 {
		return
	}
	select {
	case a.failures <- err:
	default:
	}
}

// wait returns when everybody has received the events of so many pushes.
func (a *audience) wait(pushes int, patience time.Duration) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		missing := 0
		for _, s := range a.subscribers {
			if s.count() < pushes*eventsOfPush {
				missing += pushes*eventsOfPush - s.count()
			}
		}
		if a.receiver != nil {
			missing += pushes - a.receiver.count()
		}
		select {
		case err := <-a.failures:
			return err
		default:
		}
		if missing <= 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d events did not come", missing)
		}
	}
}

// posts is how many POSTs the webhook has made.
func (a *audience) posts() int {
	if a.receiver == nil {
		return 0
	}
	return int(atomic.LoadInt64(&a.receiver.posts))
}

// each calls back with what everybody received.
func (a *audience) each(take func(*arrivals)) {
	for _, s := range a.subscribers {
		take(&s.arrivals)
	}
	if a.receiver != nil {
		take(&a.receiver.arrivals)
	}
}
