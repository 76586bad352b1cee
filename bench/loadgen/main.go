// loadgen loads OCI registries with the same work in turn (A B C A B C …), so
// that their ratios hold when the machine's speed drifts, and says what the
// work cost in CPU time on both sides. Standard library only.
//
//	loadgen -target NAME=URL[@PID] … [-rounds 3] [-seconds 3] [-cold] [-json] OP[:key=value…] …
//	loadgen events -target NAME=URL[@PID] [-subscribers N] [-receiver HOST:PORT] [-rate R] [-for 5s] …
//
// LOADGEN_AUTHORIZATION in the environment says as whom each target is called;
// see target.go.
//
// The operations and their keys are in operations.go and plan.go. With -json
// each round is one line of JSON on standard output, errors included; see
// measurement.go. Without it, errors make the exit status 1. The second form
// pushes while others listen for the events; see events.go.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "events" {
		runEvents(os.Args[2:])
		return
	}
	var targets []*target
	flag.Func("target", "a registry, as NAME=URL[@PID]; repeatable; the PID is of the server, for its CPU time", func(text string) error {
		t, err := parseTarget(text)
		targets = append(targets, t)
		return err
	})
	rounds := flag.Int("rounds", 3, "rounds of each operation on each target")
	seconds := flag.Float64("seconds", 3, "how long a round may take")
	cold := flag.Bool("cold", false, "measure at once, without warming the registries up")
	asJSON := flag.Bool("json", false, "print a line of JSON for each round")
	flag.Parse()
	if len(targets) == 0 || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := authorize(targets); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	failed := false
	for _, text := range flag.Args() {
		plan, err := parsePlan(text)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		plan.cold = *cold
		plan.duration = time.Duration(*seconds * float64(time.Second))
		failed = measure(plan, targets, *rounds, printer(*asJSON)) || failed
	}
	if failed && !*asJSON {
		os.Exit(1)
	}
}

// measure prepares every target, then takes the rounds in turn. It tells whether anything failed.
func measure(p plan, targets []*target, rounds int, print func(measurement)) bool {
	failed := false
	runs := map[*target]*run{}
	for _, t := range targets {
		r, err := prepare(p, t)
		if err != nil {
			failed = true
			print(measurement{Operation: p.text, Target: t.name, Errors: 1, LastError: "set-up: " + err.Error()})
			continue
		}
		runs[t] = r
	}
	for round := 0; round < rounds; round++ {
		for i := range targets {
			// Each is the first in some round: what the one before leaves behind, such as memory to be freed, hits all.
			r := runs[targets[(i+round)%len(targets)]]
			if r == nil {
				continue
			}
			m := r.drive(p.duration, p.limit)
			m.Round = round
			failed = failed || m.Errors > 0
			print(m)
		}
	}
	return failed
}

func printer(asJSON bool) func(measurement) {
	if !asJSON {
		return func(m measurement) { fmt.Println(m) }
	}
	encoder := json.NewEncoder(os.Stdout)
	return func(m measurement) { encoder.Encode(m) }
}
