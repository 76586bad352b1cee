package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// target is one registry under load.
type target struct {
	name string
	// address is host:port.
	address string
	// pid is the server's process, or 0 when its CPU time is not wanted.
	pid int
	// authorization is the header of that name in every request, or empty.
	authorization string
}

// parseTarget reads NAME=URL[@PID].
func parseTarget(text string) (*target, error) {
	name, rest, ok := strings.Cut(text, "=")
	if !ok {
		return nil, fmt.Errorf("%q is not NAME=URL[@PID]", text)
	}
	pid := 0
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		n, err := strconv.Atoi(rest[at+1:])
		if err != nil {
			return nil, fmt.Errorf("%q has no number behind the @", text)
		}
		pid, rest = n, rest[:at]
	}
	u, err := url.Parse(rest)
	if err != nil || u.Scheme != "http" || u.Port() == "" {
		return nil, fmt.Errorf("%q is not a URL of the form http://HOST:PORT", rest)
	}
	return &target{name: name, address: u.Host, pid: pid}, nil
}

// The names of targets and the Authorization headers for them, as a JSON object. Here, and not
// in the arguments, because every user of a machine can read those.
const authorizationVariable = "LOADGEN_AUTHORIZATION"

// authorize gives the targets the headers that the environment names.
func authorize(targets []*target) error {
	text, ok := os.LookupEnv(authorizationVariable)
	if !ok {
		return nil
	}
	headers := map[string]string{}
	if err := json.Unmarshal([]byte(text), &headers); err != nil {
		return fmt.Errorf("%s is no JSON object of texts: %w", authorizationVariable, err)
	}
	for _, t := range targets {
		t.authorization = headers[t.name]
	}
	return nil
}
