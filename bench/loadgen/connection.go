package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How long an exchange may take before it fails. A large blob among many others,
// on a busy disk, takes minutes.
const exchangeTimeout = 10 * time.Minute

// connection is one client: one TCP connection with one exchange at a time.
// It costs far less CPU than http.Client, which passes every exchange through
// two goroutines, so that the server stays the bottleneck.
type connection struct {
	target *target
	tcp    net.Conn
	reader *bufio.Reader
	buffer []byte
}

func dial(t *target) (*connection, error) {
	c := &connection{target: t, buffer: make([]byte, 1<<18)}
	return c, c.open()
}

func (c *connection) open() error {
	tcp, err := net.DialTimeout("tcp", c.target.address, 5*time.Second)
	if err != nil {
		return err
	}
	c.tcp, c.reader = tcp, bufio.NewReaderSize(tcp, 1<<14)
	return nil
}

func (c *connection) close() {
	if c.tcp != nil {
		c.tcp.Close()
	}
}

// request is an exchange, ready to be sent any number of times.
type request struct {
	method string
	head   []byte
	body   [][]byte
	want   int
	// shape is what ReadResponse has to know of the request.
	shape *http.Request
}

// newRequest writes the head of a request. Headers are "Name: value" lines.
func newRequest(t *target, method, path string, want int, headers []string, body ...[]byte) request {
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: loadgen\r\n", method, path, t.address)
	if t.authorization != "" {
		head.WriteString("Authorization: " + t.authorization + "\r\n")
	}
	for _, h := range headers {
		head.WriteString(h + "\r\n")
	}
	if method != "GET" && method != "HEAD" {
		size := 0
		for _, b := range body {
			size += len(b)
		}
		head.WriteString("Content-Length: " + strconv.Itoa(size) + "\r\n")
	}
	head.WriteString("\r\n")
	return request{method, []byte(head.String()), body, want, &http.Request{Method: method}}
}

// reply is what is kept of an answer.
type reply struct {
	header http.Header
	size   int64
	// body is kept only by fetch.
	body []byte
}

// do exchanges and throws the body away.
func (c *connection) do(r request) (reply, error) {
	return c.exchange(r, func(body io.Reader) (reply, error) {
		size, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, body, c.buffer)
		return reply{size: size}, err
	})
}

// fetch exchanges and keeps the body.
func (c *connection) fetch(r request) (reply, error) {
	return c.exchange(r, func(body io.Reader) (reply, error) {
		content, err := io.ReadAll(body)
		return reply{size: int64(len(content)), body: content}, err
	})
}

func (c *connection) exchange(r request, consume func(io.Reader) (reply, error)) (reply, error) {
	c.tcp.SetDeadline(time.Now().Add(exchangeTimeout))
	response, err := c.send(r)
	if err != nil {
		c.reopen()
		return reply{}, fmt.Errorf("%s: %w", firstLine(r), err)
	}
	defer response.Body.Close()
	got, err := consume(response.Body)
	got.header = response.Header
	if err == nil && response.StatusCode != r.want {
		err = fmt.Errorf("%s: got %d, want %d", firstLine(r), response.StatusCode, r.want)
	}
	if err != nil || response.Close {
		c.reopen()
	}
	return got, err
}

func (c *connection) send(r request) (*http.Response, error) {
	buffers := append(net.Buffers{r.head}, r.body...)
	if _, err := buffers.WriteTo(c.tcp); err != nil {
		return nil, err
	}
	return http.ReadResponse(c.reader, r.shape)
}

// reopen replaces a connection whose state is unknown; a failure shows in the next exchange.
func (c *connection) reopen() {
	c.tcp.Close()
	if err := c.open(); err != nil {
		time.Sleep(10 * time.Millisecond)
	}
}

func firstLine(r request) string {
	line, _, _ := strings.Cut(string(r.head), " HTTP/1.1")
	return line
}
