package backend

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// childVariable makes the test binary play a backend that can be killed.
const childVariable = "STICKYBENCH_TEST_BACKEND"

func TestMain(m *testing.M) {
	if config := os.Getenv(childVariable); config != "" {
		var o Options
		if json.Unmarshal([]byte(config), &o) != nil || Run(context.Background(), o, func(traffic, _ string) { fmt.Println(traffic) }) != nil {
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// started runs a backend until the test ends.
func started(t *testing.T, o Options) (traffic, control string) {
	t.Helper()
	o.Name = "b1"
	ctx, stop := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan [2]string, 1)
	go func() { ended <- Run(ctx, o, func(traffic, control string) { ready <- [2]string{traffic, control} }) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	urls := <-ready
	return urls[0], urls[1]
}

type client struct {
	t      *testing.T
	url    string
	cookie string
	seq    int
}

func (c *client) do(method string) http.Header {
	c.t.Helper()
	r, _ := http.NewRequest(method, c.url+"/", nil)
	r.Header.Set(wire.HeaderSession, "5.0")
	r.Header.Set(wire.HeaderSeq, strconv.Itoa(c.seq))
	r.Header.Set(wire.HeaderNonce, fmt.Sprintf("%016x", c.seq+100))
	c.seq++
	if c.cookie != "" {
		r.Header.Set("Cookie", c.cookie)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	if set := answer.Header.Get("Set-Cookie"); set != "" {
		c.cookie, _, _ = strings.Cut(set, ";")
	}
	return answer.Header
}

func TestStateCarriesItsHistory(t *testing.T) {
	url, _ := started(t, Options{})
	c := &client{t: t, url: url}
	first := c.do("GET")
	if c.cookie == "" || first.Get(wire.HeaderVersion) != "0" || first.Get(wire.HeaderSession) != "5.0" {
		t.Fatalf("first answer %v", first)
	}
	second := c.do("POST")
	if second.Get(wire.HeaderEpoch) != first.Get(wire.HeaderEpoch) || second.Get(wire.HeaderVersion) != "1" {
		t.Fatalf("after a write: %v", second)
	}
	if want := hex64(wire.Head(0, 1, 101)); second.Get(wire.HeaderHead) != want {
		t.Fatalf("head %s, want %s", second.Get(wire.HeaderHead), want)
	}
}

func TestUnknownSessionGetsANewEpochUnderItsID(t *testing.T) {
	url, _ := started(t, Options{})
	c := &client{t: t, url: url, cookie: wire.SessionCookie + "=elsewhere"}
	answer := c.do("GET")
	if answer.Get("Set-Cookie") != "" || answer.Get(wire.HeaderVersion) != "0" || answer.Get(wire.HeaderEpoch) == "" {
		t.Fatalf("got %v", answer)
	}
}

func TestHealthObeysOrdersAndDrainKeepsServing(t *testing.T) {
	url, control := started(t, Options{})
	order := func(path string) {
		answer, err := http.Post(control+path, "", nil)
		if err != nil || answer.StatusCode != http.StatusNoContent {
			t.Fatalf("%s: %v %v", path, answer, err)
		}
		answer.Body.Close()
	}
	health := func() int {
		answer, err := http.Get(url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	order("/fail")
	if health() != 503 {
		t.Fatal("healthy after fail")
	}
	order("/heal")
	order("/drain")
	if health() != 200 {
		t.Fatal("drain failed the health check")
	}
}

func TestBurnUsesWhatItSays(t *testing.T) {
	for _, cost := range []time.Duration{100 * time.Microsecond, 2 * time.Millisecond} {
		total := time.Duration(0)
		for range 50 {
			total += burn(cost)
		}
		if ratio := float64(total) / float64(50*cost); ratio < 1 || ratio > 1.2 {
			t.Errorf("burnt %.3f of %v", ratio, cost)
		}
	}
}

// A ledger must hold every acknowledged request after SIGKILL.
func TestLedgerSurvivesKill(t *testing.T) {
	d, err := results.Create(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	config, _ := json.Marshal(Options{Name: "b1", Ledger: d.ServePath("b1"), CPU: profiles.Constant(0.0001)})
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+string(config))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var url string
	if _, err := fmt.Fscan(out, &url); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, url: url}
	for range 50 {
		c.do("POST")
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	http.DefaultClient.CloseIdleConnections()
	next := uint32(0)
	for s, err := range d.Serves() {
		if err != nil || s.Seq != next || s.Version != next+1 || s.CPU < 100*time.Microsecond {
			t.Fatalf("%+v, %v; want sequence number %d", s, err, next)
		}
		next++
	}
	if next != 50 {
		t.Fatalf("%d records of 50 acknowledged requests", next)
	}
}
