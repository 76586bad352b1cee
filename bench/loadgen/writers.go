package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// writers push small manifests, each with a tag of its own, over connections of their own.
type writers struct {
	log         *pushLog
	repository  string
	blob        content
	connections []*connection
}

func openWriters(t *target, count int, l *pushLog) (*writers, error) {
	w := &writers{log: l, repository: "bench/" + string(l.marker[:len(l.marker)-1]), blob: whole([]byte("{}"))}
	for len(w.connections) < count {
		c, err := dial(t)
		if err != nil {
			return nil, err
		}
		w.connections = append(w.connections, c)
	}
	return w, w.connections[0].pushBlob(w.repository, w.blob)
}

func (w *writers) close() {
	for _, c := range w.connections {
		c.close()
	}
}

// pace says how fast to write and when to stop, whichever comes first.
type pace struct {
	// rate: pushes a second; 0: as many as can be.
	rate float64
	// duration and limit: 0 means no end.
	duration time.Duration
	limit    int
}

// write pushes until it is time to stop. The tally has how long the answers took.
func (w *writers) write(p pace) []tally {
	first := int(atomic.LoadInt64(&w.log.count))
	begin := time.Now()
	next := int64(first - 1)
	tallies := make([]tally, len(w.connections))
	var all sync.WaitGroup
	for i, c := range w.connections {
		all.Add(1)
		go func(t *tally, c *connection) {
			defer all.Done()
			for {
				number := int(atomic.AddInt64(&next, 1))
				if !p.wait(begin, number-first) || number >= maxPushes {
					return
				}
				atomic.AddInt64(&w.log.count, 1)
				w.push(number, t, c)
			}
		}(&tallies[i], c)
	}
	all.Wait()
	return tallies
}

// wait returns when the push with this number from the beginning is due; false: it is not to be done any more.
func (p pace) wait(begin time.Time, number int) bool {
	if p.limit > 0 && number >= p.limit {
		return false
	}
	if p.rate > 0 {
		due := time.Duration(float64(number) / p.rate * float64(time.Second))
		if p.duration > 0 && due >= p.duration {
			return false
		}
		time.Sleep(time.Until(begin.Add(due)))
	}
	return p.duration == 0 || time.Since(begin) < p.duration
}

func (w *writers) push(number int, t *tally, c *connection) {
	manifest := fmt.Sprintf(
		`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":%d},"layers":[],"annotations":{"push":%q}}`,
		manifestType, w.blob.digest, w.blob.size, w.log.tag(number))
	sent := w.log.now()
	w.log.sent[number] = sent
	err := c.pushManifest(w.repository, w.log.tag(number), []byte(manifest))
	answered := w.log.now()
	w.log.answered[number] = answered
	t.add(time.Duration(answered-sent), 0, err)
}
