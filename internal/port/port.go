// Package port reserves loopback ports that children serve on, be taken down on and come back on.
//
// A port that was merely found free is a guess: while its server is down, another process may take it,
// and after the run nobody can tell a server left behind from a stranger. A reservation stays bound, not
// listening, for as long as it is held. Servers that set SO_REUSEADDR, as nearly all do, can listen
// beside it; whoever looks for a free port by Reserve passes it by.
//
//	p, err := port.Reserve()
//	defer p.Close()
//	start(p.Address) // may end and start again
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
)

const (
	lowest = 10000
	// The usual bound where the kernel does not tell.
	ephemeral = 32768
	tries     = 100
)

// How a reservation takes an address: where no socket is bound at all, or beside those that do not listen.
const (
	alone  = false
	beside = true
)

// Port is a loopback port that is this process's until Close.
type Port struct {
	Address string // HOST:PORT
	hold    hold
}

// Reserve picks a free loopback port below the ephemeral range: from inside the range an outgoing
// connection could take it.
func Reserve() (*Port, error) {
	var err error
	for range tries {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowest+rand.IntN(firstEphemeral()-lowest)))
		var held hold
		if held, err = bind(address, alone); err == nil {
			return &Port{Address: address, hold: held}, nil
		}
	}
	return nil, fmt.Errorf("no free loopback port found between %d and %d: %w", lowest, firstEphemeral(), err)
}

// Claim reserves that address, HOST:PORT, for which old connections may still linger. Its error is the
// kernel's: EADDRINUSE when a process listens there.
func Claim(address string) (*Port, error) {
	held, err := bind(address, beside)
	if err != nil {
		return nil, err
	}
	return &Port{Address: address, hold: held}, nil
}

// Served says that a process listens on the port.
func (p *Port) Served() bool {
	l, err := net.Listen("tcp", p.Address)
	if err != nil {
		return true
	}
	l.Close()
	return false
}

// Close ends the reservation; what Served says stays true. A second Close does nothing.
func (p *Port) Close() error { return p.hold.release() }

func firstEphemeral() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return ephemeral
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\t")
	if n, err := strconv.Atoi(first); err == nil && n > lowest+tries {
		return n
	}
	return ephemeral
}
