package targets

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const (
	lowestPort = 10000
	// The usual bound where the kernel does not tell.
	ephemeralPort = 32768
	portTries     = 100
	clashTries    = 5
)

// freePort picks a free loopback port below the ephemeral range: from inside the range an
// outgoing connection could take it while its instance is down.
func freePort() (string, error) {
	for range portTries {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowestPort+rand.IntN(firstEphemeral()-lowestPort)))
		if portFree(address) == nil {
			return address, nil
		}
	}
	return "", fmt.Errorf("no free loopback port found between %d and %d", lowestPort, firstEphemeral())
}

func firstEphemeral() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return ephemeralPort
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\t")
	if n, err := strconv.Atoi(first); err == nil && n > lowestPort+portTries {
		return n
	}
	return ephemeralPort
}

func portFree(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return l.Close()
}

// onFreePort tries start on fresh ports while another process is faster to take them.
func onFreePort(start func(address string) error) error {
	var err error
	for range clashTries {
		var address string
		if address, err = freePort(); err != nil {
			return err
		}
		if err = start(address); err == nil || !clash(err) {
			return err
		}
	}
	return err
}

// clash tells from a child's words that its port was taken; only its text crosses the pipe.
func clash(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || strings.Contains(strings.ToLower(err.Error()), "address already in use")
}
