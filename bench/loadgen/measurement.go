package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// measurement is one round of one operation on one target. Latencies in milliseconds.
type measurement struct {
	Operation  string  `json:"operation"`
	Target     string  `json:"target"`
	Round      int     `json:"round"`
	Operations int     `json:"operations"`
	Bytes      int64   `json:"bytes"`
	Seconds    float64 `json:"seconds"`
	P50        float64 `json:"p50"`
	P90        float64 `json:"p90"`
	P99        float64 `json:"p99"`
	Slowest    float64 `json:"slowest"`
	// ClientCPU and ServerCPU are seconds of all threads of both processes.
	ClientCPU float64 `json:"clientCpu"`
	ServerCPU float64 `json:"serverCpu"`
	Errors    int     `json:"errors"`
	LastError string  `json:"lastError,omitempty"`
}

func (m measurement) String() string {
	if m.Seconds == 0 {
		return fmt.Sprintf("%-40s %-16s %s", m.Operation, m.Target, m.LastError)
	}
	return fmt.Sprintf("%-40s %-16s round %d %10.1f op/s %9.1f MB/s  p50 %.2f p99 %.2f max %.1f ms  CPU %.2f+%.2f s in %.2f s  errors %d %s",
		m.Operation, m.Target, m.Round, float64(m.Operations)/m.Seconds, float64(m.Bytes)/1e6/m.Seconds,
		m.P50, m.P99, m.Slowest, m.ClientCPU, m.ServerCPU, m.Seconds, m.Errors, m.LastError)
}

// tally is what one client counts.
type tally struct {
	latencies []time.Duration
	bytes     int64
	errors    int
	lastError string
}

func (t *tally) add(latency time.Duration, bytes int64, err error) {
	if err != nil {
		t.errors++
		t.lastError = err.Error()
		return
	}
	t.latencies = append(t.latencies, latency)
	t.bytes += bytes
}

func summarize(tallies []tally, elapsed time.Duration) measurement {
	m := measurement{Seconds: elapsed.Seconds()}
	var all []time.Duration
	for _, t := range tallies {
		all = append(all, t.latencies...)
		m.Bytes += t.bytes
		m.Errors += t.errors
		if t.lastError != "" {
			m.LastError = t.lastError
		}
	}
	m.Operations = len(all)
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	m.P50, m.P90, m.P99, m.Slowest = percentile(all, 50), percentile(all, 90), percentile(all, 99), percentile(all, 100)
	return m
}

// percentile is the latency in milliseconds that so many of a hundred operations did not exceed.
func percentile(sorted []time.Duration, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := len(sorted)*percent/100 - 1
	if i < 0 {
		i = 0
	}
	return sorted[i].Seconds() * 1e3
}

// cpu is CPU time in seconds since each process began.
type cpu struct{ client, server float64 }

func cpuTimes(t *target) cpu { return cpu{ownCPU(), processCPU(t.pid)} }

func (m *measurement) addCPU(before, after cpu) {
	m.ClientCPU, m.ServerCPU = after.client-before.client, after.server-before.server
}

func ownCPU() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// processCPU reads utime and stime, which /proc/PID/stat counts in hundredths of a second.
func processCPU(pid int) float64 {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}
