package main

import (
	"os"
	"regexp"
	"sort"
	"strconv"
	"time"
)

// eventsMeasurement is what `loadgen events` prints. Delays in milliseconds.
type eventsMeasurement struct {
	Target string `json:"target"`
	Pushes int    `json:"pushes"`
	// Seconds: how long was pushed. Drain: how much longer the last event took to the last who listens.
	Seconds float64 `json:"seconds"`
	Drain   float64 `json:"drain"`
	// Deliveries: events that arrived, at all who listen together. Posts: how many POSTs they came in.
	Deliveries int `json:"deliveries"`
	Posts      int `json:"posts"`
	// Answer: from just before a push's request is sent to its answer. Delay: to the arrival of each of its events
	// at each who listens. Behind: from the answer to that arrival; negative where the event comes first.
	Answer delays `json:"answer"`
	Delay  delays `json:"delay"`
	Behind delays `json:"behind"`
	// ClientCPU and ServerCPU are seconds of all threads of both processes, from the first push to the last arrival.
	ClientCPU       float64 `json:"clientCpu"`
	ServerCPU       float64 `json:"serverCpu"`
	MemoryBefore    memory  `json:"memoryBefore"`
	MemoryListening memory  `json:"memoryListening"`
	MemoryAfter     memory  `json:"memoryAfter"`
	Errors          int     `json:"errors"`
	LastError       string  `json:"lastError,omitempty"`
}

// delays are in milliseconds.
type delays struct {
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	Slowest float64 `json:"slowest"`
}

func delaysOf(all []time.Duration) delays {
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	return delays{percentile(all, 50), percentile(all, 99), percentile(all, 100)}
}

func (m *eventsMeasurement) addAnswers(tallies []tally) {
	var all []time.Duration
	for _, t := range tallies {
		all = append(all, t.latencies...)
		m.Errors += t.errors
		if t.lastError != "" {
			m.LastError = t.lastError
		}
	}
	m.Answer = delaysOf(all)
}

// addArrivals takes what arrived of the pushes from the first on, which began at that time.
func (m *eventsMeasurement) addArrivals(a *audience, first int, begin int64) {
	var delay, behind []time.Duration
	last := begin
	a.each(func(some *arrivals) {
		some.lock.Lock()
		defer some.lock.Unlock()
		for _, one := range some.all {
			if int(one.push) < first {
				continue
			}
			delay = append(delay, time.Duration(one.at-a.log.sent[one.push]))
			behind = append(behind, time.Duration(one.at-a.log.answered[one.push]))
			if one.at > last {
				last = one.at
			}
		}
	})
	m.Deliveries = len(delay)
	if drain := time.Duration(last-begin).Seconds() - m.Seconds; drain > 0 {
		m.Drain = drain
	}
	m.Delay, m.Behind = delaysOf(delay), delaysOf(behind)
}

// memory is a process's resident memory, in megabytes (10^6 bytes): now, and the most it ever was.
type memory struct {
	Now  float64 `json:"now"`
	Peak float64 `json:"peak"`
}

var resident = regexp.MustCompile(`(?m)^Vm(HWM|RSS):\s+(\d+) kB$`)

// memoryOf is zero when the process is not known.
func memoryOf(pid int) (m memory) {
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	for _, found := range resident.FindAllSubmatch(status, -1) {
		kibibytes, _ := strconv.ParseFloat(string(found[2]), 64)
		if string(found[1]) == "RSS" {
			m.Now = kibibytes * 1024 / 1e6
		} else {
			m.Peak = kibibytes * 1024 / 1e6
		}
	}
	return m
}
