package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// What one that does not read leaves the kernel to buffer for it, in bytes. The kernel doubles it.
const stalledBuffer = 4096

// The flag of the last frame of a Connect stream, which says how it ended.
const endOfStream = 2

// subscriber is one event stream: EventService.Subscribe over HTTP/1.1 with the
// Connect protocol, from now on, everything. It counts frames and understands
// nothing of them but the number of the push, so that it takes little CPU time.
type subscriber struct {
	arrivals
	tcp    net.Conn
	body   io.Reader
	buffer []byte
}

// subscribe opens a stream; when it returns, the stream's first message has arrived.
func subscribe(t *target, stalled bool) (*subscriber, error) {
	dialer := net.Dialer{Timeout: 30 * time.Second}
	if stalled {
		dialer.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, stalledBuffer)
			})
		}
	}
	tcp, err := dialer.Dial("tcp", t.address)
	if err != nil {
		return nil, err
	}
	s := &subscriber{tcp: tcp, buffer: make([]byte, 4096)}
	if err := s.open(t); err != nil {
		tcp.Close()
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return s, nil
}

func (s *subscriber) open(t *target) error {
	request := strings.Join([]string{
		"POST /stowage.v1.EventService/Subscribe HTTP/1.1", "Host: " + t.address,
		"Content-Type: application/connect+proto", "Connect-Protocol-Version: 1", "Content-Length: 5",
		"", "\x00\x00\x00\x00\x00",
	}, "\r\n")
	if _, err := io.WriteString(s.tcp, request); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(s.tcp, 4096), nil)
	if err != nil {
		return err
	}
	if response.StatusCode != 200 {
		return errors.New(response.Status)
	}
	s.body = response.Body
	_, err = s.frame()
	return err
}

// frame reads the next message of the stream.
func (s *subscriber) frame() ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(s.body, head[:]); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(head[1:]))
	if size > len(s.buffer) {
		s.buffer = make([]byte, size)
	}
	if _, err := io.ReadFull(s.body, s.buffer[:size]); err != nil {
		return nil, err
	}
	if head[0]&endOfStream != 0 {
		return nil, fmt.Errorf("the stream ended: %s", s.buffer[:size])
	}
	return s.buffer[:size], nil
}

// follow notes what arrives until the stream ends.
func (s *subscriber) follow(l *pushLog) error {
	for {
		message, err := s.frame()
		if err != nil {
			return err
		}
		if push, _, ok := l.find(message); ok {
			s.add(push, l.now())
		}
	}
}
