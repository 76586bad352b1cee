package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync/atomic"
)

// How many of a content's last bytes make it unique.
const suffixSize = 16

// source makes contents of one size that nobody sent before. They share all
// bytes but the last ones, so neither memory nor hashing limits the load.
type source struct {
	base   []byte
	state  []byte
	random [suffixSize - 8]byte
	count  uint64
}

// content is a blob: its parts in order, and the digest of them all.
type content struct {
	parts  [][]byte
	digest string
	size   int
}

func newSource(size int) *source {
	if size < suffixSize {
		size = suffixSize
	}
	s := &source{base: make([]byte, size-suffixSize)}
	rand.Read(s.base)
	rand.Read(s.random[:])
	h := sha256.New()
	h.Write(s.base)
	s.state, _ = h.(encoding.BinaryMarshaler).MarshalBinary()
	return s
}

func (s *source) next() content {
	suffix := make([]byte, suffixSize)
	copy(suffix, s.random[:])
	binary.LittleEndian.PutUint64(suffix[len(s.random):], atomic.AddUint64(&s.count, 1))
	h := sha256.New()
	h.(encoding.BinaryUnmarshaler).UnmarshalBinary(s.state)
	h.Write(suffix)
	return content{[][]byte{s.base, suffix}, digestOf(h), len(s.base) + suffixSize}
}

func whole(bytes []byte) content {
	h := sha256.New()
	h.Write(bytes)
	return content{[][]byte{bytes}, digestOf(h), len(bytes)}
}

func digestOf(h hash.Hash) string { return "sha256:" + hex.EncodeToString(h.Sum(nil)) }
