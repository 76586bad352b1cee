package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// plan is one operation with its numbers, as given by OP[:key=value…].
type plan struct {
	text      string
	operation operation
	duration  time.Duration
	// cold: servers are not warmed up.
	cold bool
	// clients (c): how many connections work at once.
	clients int
	// limit (n): at most this many operations a round; 0 means until the time is over.
	limit int
	// size: bytes of a blob.
	size int
	// layers, repositories, tags: how large an image, a catalog, a repository is.
	layers, repositories, tags int
	// repository (repo): where the operation works.
	repository string
	// filled: the repository is there already, with tags tagName(0) … tagName(tags-1).
	filled int
	// variety: how many different requests are made of a filled repository.
	variety int
}

func parsePlan(text string) (plan, error) {
	name, rest, _ := strings.Cut(text, ":")
	operation, ok := operations[name]
	if !ok {
		return plan{}, fmt.Errorf("no operation %q", name)
	}
	p := plan{text: text, operation: operation, clients: 16, size: 1024, layers: 3, repositories: 300, tags: 1000, repository: "bench/" + name, variety: 1 << 16}
	numbers := map[string]*int{
		"c": &p.clients, "n": &p.limit, "size": &p.size, "layers": &p.layers,
		"repositories": &p.repositories, "tags": &p.tags, "filled": &p.filled, "variety": &p.variety,
	}
	for _, option := range strings.FieldsFunc(rest, func(r rune) bool { return r == ':' }) {
		key, value, _ := strings.Cut(option, "=")
		if key == "repo" {
			p.repository = value
			continue
		}
		number, ok := numbers[key]
		if !ok {
			return plan{}, fmt.Errorf("%s: no key %q", text, key)
		}
		parsed, err := strconv.Atoi(value)
		if err != nil {
			return plan{}, fmt.Errorf("%s: %s is not a number", text, option)
		}
		*number = parsed
	}
	return p, nil
}
