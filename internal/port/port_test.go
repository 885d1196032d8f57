package port

import (
	"errors"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
)

func TestAReservationKeepsOthersAway(t *testing.T) {
	if runtime.GOOS != "linux" {
		if os.Getenv("STICKYBENCH_REQUIRE_REAL") == "1" {
			t.Fatal("only Linux holds a port")
		}
		t.Skip("only Linux holds a port")
	}
	p := reserved(t)
	if _, err := bind(p.Address, alone); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second reservation of %s: %v, want EADDRINUSE", p.Address, err)
	}
	if p.Served() {
		t.Error("served before anyone listens")
	}
	for range 2 { // a server ends and comes back
		l, err := net.Listen("tcp", p.Address)
		if err != nil {
			t.Fatal("a server beside the reservation: ", err)
		}
		if !p.Served() {
			t.Error("not served while a server listens")
		}
		l.Close()
		if _, err := bind(p.Address, alone); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a reservation while the server is down: %v, want EADDRINUSE", err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := bind(p.Address, alone)
	if err != nil {
		t.Fatal("after Close: ", err)
	}
	after.release()
}

func TestClaimOfATakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Claim(l.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v, want EADDRINUSE", err)
	}
}

// A server that closed connections leaves them in TIME_WAIT: the user's address can be claimed all the same.
func TestClaimWhereConnectionsLinger(t *testing.T) {
	p := reserved(t)
	l, err := net.Listen("tcp", p.Address)
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp", p.Address)
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	client.Close()
	l.Close()
	p.Close()
	again, err := Claim(p.Address)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestClaimOfEveryAddress(t *testing.T) {
	p := reserved(t)
	_, number, _ := net.SplitHostPort(p.Address)
	p.Close()
	for _, address := range []string{":" + number, "[::1]:" + number, "localhost:" + number} {
		p, err := Claim(address)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("%s: a server beside the reservation: %v", address, err)
		} else {
			l.Close()
		}
		p.Close()
	}
}

func reserved(t *testing.T) *Port {
	t.Helper()
	p, err := Reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}
