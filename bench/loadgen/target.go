package main

import (
	"fmt"
	"net/url"
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
