package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// The most pushes of one run.
const maxPushes = 1 << 22

// pushNumberDigits is the length of a push's number in its tag.
const pushNumberDigits = 8

// pushLog knows when each push was sent and answered, in nanoseconds since the
// run began. A push's number stands in its tag, and so in each of its events:
// who receives one finds it there and needs to understand nothing else.
type pushLog struct {
	begin    time.Time
	marker   []byte
	count    int64
	sent     [maxPushes]int64
	answered [maxPushes]int64
}

func newPushLog() *pushLog {
	id := make([]byte, 4)
	rand.Read(id)
	return &pushLog{begin: time.Now(), marker: []byte("p" + hex.EncodeToString(id) + "-")}
}

func (l *pushLog) now() int64 { return int64(time.Since(l.begin)) }

func (l *pushLog) tag(number int) string {
	return fmt.Sprintf("%s%0*d", l.marker, pushNumberDigits, number)
}

// find returns the number of the first push that the text names, and what is behind it.
func (l *pushLog) find(text []byte) (number int, rest []byte, ok bool) {
	at := bytes.Index(text, l.marker)
	if at < 0 {
		return 0, nil, false
	}
	end := at + len(l.marker) + pushNumberDigits
	if end > len(text) {
		return 0, nil, false
	}
	number, err := strconv.Atoi(string(text[at+len(l.marker) : end]))
	return number, text[end:], err == nil
}

// arrival is one event of a push at one who listens.
type arrival struct {
	push int32
	at   int64
}

// arrivals are what one who listens received.
type arrivals struct {
	all  []arrival
	seen int64
	lock sync.Mutex
}

func (a *arrivals) add(push int, at int64) {
	a.lock.Lock()
	a.all = append(a.all, arrival{int32(push), at})
	a.lock.Unlock()
	atomic.AddInt64(&a.seen, 1)
}

func (a *arrivals) count() int { return int(atomic.LoadInt64(&a.seen)) }
