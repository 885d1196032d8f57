package store

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/profiles"
)

// BenchmarkDistance reports how late injected round trips of a same-zone distance are; the budget on
// an idle machine is 150 µs at p99.
func BenchmarkDistance(b *testing.B) {
	here, there := net.Pipe()
	defer here.Close()
	go func() { _, _ = io.Copy(there, there) }() // ends with the pipe
	d, err := profiles.ParseDistance("same-zone")
	if err != nil {
		b.Fatal(err)
	}
	l := &line{Conn: here, trip: d.Trips(profiles.NewRand(1))}
	var late []time.Duration
	word := make([]byte, 4)
	for b.Loop() {
		l.begin(context.Background())
		if _, err := l.Write(word); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(l, word); err != nil {
			b.Fatal(err)
		}
		_, lateness := l.end()
		late = append(late, lateness)
	}
	slices.Sort(late)
	b.ReportMetric(float64(late[len(late)/2].Microseconds()), "late-p50-µs")
	b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "late-p99-µs")
}

// BenchmarkCodecs tells what encoding and decoding a session of 4 KB costs.
func BenchmarkCodecs(b *testing.B) {
	record := Record{Epoch: 1 << 60, Version: 9, Data: strings.Repeat("session.", 512)}
	for _, name := range []string{"json", "gob", "msgpack"} {
		c, err := lookupCodec(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				text, err := c.encode(record)
				if err != nil {
					b.Fatal(err)
				}
				if err := c.decode(text, new(Record)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
