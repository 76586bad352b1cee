package main

import (
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// receiver is where a registry's webhook delivers to. It answers 200 at once, except while it is held.
type receiver struct {
	arrivals
	posts  int64
	server *http.Server
	held   sync.RWMutex
}

func receive(address string, l *pushLog) (*receiver, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	r := &receiver{}
	r.server = &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		r.held.RLock()
		defer r.held.RUnlock()
		atomic.AddInt64(&r.posts, 1)
		r.note(l, body)
	})}
	go r.server.Serve(listener)
	return r, nil
}

// note finds the events of pushes in a body. Each of them names its tag once.
func (r *receiver) note(l *pushLog, body []byte) {
	at := l.now()
	for push, rest, ok := l.find(body); ok; push, rest, ok = l.find(rest) {
		r.add(push, at)
	}
}
