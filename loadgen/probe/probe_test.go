package probe

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// balancer answers as one that routes by choose would; choose may set cookies.
func balancer(t *testing.T, choose func(http.ResponseWriter, *http.Request) int) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != "PRI" { // the opening of HTTP/2
			t.Errorf("a probe sent %s", r.Method)
		}
		w.Header().Set("X-Who", fmt.Sprintf("b%d", choose(w, r)))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func probed(t *testing.T, url string) results.Probe {
	t.Helper()
	seen, err := Run(t.Context(), Options{URL: url, Identify: profiles.Identify{Header: "X-Who"}, Headers: []string{"X-User"}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func count(seen results.Probe, test string) (n int) {
	for _, shot := range seen.Shots {
		if shot.Test == test {
			n++
		}
	}
	return n
}

// sticky is a cookie that names the instance; unknown values are balanced in turn and replaced.
func sticky(turn *atomic.Int64) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		if c, err := r.Cookie("SRV"); err == nil && len(c.Value) == 2 && c.Value[0] == 'b' && strings.Contains("0123", c.Value[1:]) {
			return int(c.Value[1] - '0')
		}
		n := int(turn.Add(1)) % 4
		http.SetCookie(w, &http.Cookie{Name: "SRV", Value: fmt.Sprintf("b%d", n)})
		return n
	}
}

func TestEveryTestIsMade(t *testing.T) {
	var turn atomic.Int64
	seen := probed(t, balancer(t, sticky(&turn)))
	for test, want := range map[string]int{
		results.TestFirst: 40, results.TestFollow: 160, results.TestKept: 36, results.TestCookies: 36, results.TestBare: 36,
		results.TestOnly: 36, results.TestWithout: 36, results.TestHeader: 36, results.TestHeaders: 48, results.TestOneConn: 36,
		results.TestNewConns: 36, results.TestBurst: 48, results.TestKnownBurst: 48, results.TestKnownHeader: 48, results.TestInvented: 36, results.TestInvention: 48,
		results.TestGarbage: 12, results.TestEmpty: 6, results.TestDuplicate: 24, results.TestBeside: 24, results.TestForged: 12,
	} {
		if got := count(seen, test); got != want {
			t.Errorf("%d shots of test %q, want %d", got, test, want)
		}
	}
}

func TestPartsAreSentAlone(t *testing.T) {
	var turn atomic.Int64
	seen := probed(t, balancer(t, sticky(&turn)))
	sources := map[int]string{}
	for _, shot := range seen.Shots {
		switch shot.Test {
		case results.TestFirst:
			sources[shot.Client] = shot.Source
			if shot.Sent != "" {
				t.Errorf("a first request sent %q", shot.Sent)
			}
		case results.TestBare:
			if shot.Sent != "" || shot.Source != sources[shot.Client] {
				t.Errorf("bare: %+v, the client is at %s", shot, sources[shot.Client])
			}
		case results.TestCookies, results.TestOnly:
			if !strings.HasPrefix(shot.Sent, "SRV=b") || shot.Source == sources[shot.Client] {
				t.Errorf("cookies from elsewhere: %+v, the client is at %s", shot, sources[shot.Client])
			}
		case results.TestWithout:
			if shot.Sent != "" {
				t.Errorf("without its only cookie: %+v", shot)
			}
		case results.TestForged:
			if shot.Sent != "SRV="+shot.Wanted {
				t.Errorf("forged: %+v", shot)
			}
		}
	}
	if len(sources) != 40 {
		t.Errorf("%d clients", len(sources))
	}
}

func TestHeaderValuesAreSent(t *testing.T) {
	seen := probed(t, balancer(t, func(_ http.ResponseWriter, r *http.Request) int {
		h := fnv.New32a()
		h.Write([]byte(r.Header.Get("X-User")))
		return int(h.Sum32() % 4)
	}))
	homes := map[string]string{}
	for _, shot := range seen.Shots {
		if shot.Test != results.TestHeader {
			continue
		}
		if was := homes[shot.Group]; was != "" && was != shot.Instance {
			t.Errorf("value %s reached %s and %s", shot.Group, was, shot.Instance)
		}
		homes[shot.Group] = shot.Instance
	}
	if len(homes) != groups {
		t.Errorf("%d values", len(homes))
	}
}

func TestOneConnectionIsOne(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Who", fmt.Sprint(r.RemoteAddr))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	seen := probed(t, server.URL)
	peers := map[string]map[string]bool{}
	for _, shot := range seen.Shots {
		if shot.Test == results.TestOneConn {
			if peers[shot.Group] == nil {
				peers[shot.Group] = map[string]bool{}
			}
			peers[shot.Group][shot.Instance] = true
		}
	}
	for group, seen := range peers {
		if len(seen) != 1 {
			t.Errorf("group %s used the connections %v", group, seen)
		}
	}
	if n := int(connections.Load()); n >= len(seen.Shots) || len(peers) != groups {
		t.Errorf("%d connections for %d requests, %d groups", n, len(seen.Shots), len(peers))
	}
}

// speaker is a server of HTTP/1.1, HTTP/2 with prior knowledge and WebSockets up to their opening.
func speaker(t *testing.T) string {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Who", r.Proto)
		if r.Header.Get("Upgrade") == "websocket" {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "websocket")
			w.WriteHeader(http.StatusSwitchingProtocols)
		}
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func TestOtherProtocolsAreTried(t *testing.T) {
	seen := probed(t, speaker(t))
	for test, want := range map[string]int{results.TestSocket: 12, results.TestFirstSocket: 6, results.TestStream: 36, results.TestFirstStream: 48} {
		if got := count(seen, test); got != want {
			t.Errorf("%d shots of test %q, want %d", got, test, want)
		}
	}
	for _, shot := range seen.Shots {
		stream := shot.Test == results.TestStream || shot.Test == results.TestFirstStream
		socket := shot.Test == results.TestSocket || shot.Test == results.TestFirstSocket
		if stream != (shot.Instance == "HTTP/2.0") || socket != (shot.Status == http.StatusSwitchingProtocols) {
			t.Fatalf("shot %+v", shot)
		}
	}
}

func TestWhatIsNotSpokenIsTriedOnce(t *testing.T) {
	var turn atomic.Int64
	seen := probed(t, balancer(t, sticky(&turn)))
	for test, want := range map[string]int{results.TestSocket: 1, results.TestFirstSocket: 0, results.TestStream: 1, results.TestFirstStream: 0} {
		if got := count(seen, test); got != want {
			t.Errorf("%d shots of test %q, want %d", got, test, want)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	if _, err := Run(t.Context(), Options{URL: "http://127.0.0.1:1"}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

func TestInventedValuesKeepTheirShape(t *testing.T) {
	random := profiles.NewRand(7)
	for range 100 {
		got := invent("b1~0Ff-zZ", random)
		if len(got) != 9 || got[2] != '~' || got[6] != '-' {
			t.Errorf("invented %q", got)
		}
	}
}
