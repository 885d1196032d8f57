package balancers

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// asked is what a user knows of one request.
type asked struct {
	session  string
	seq      uint32
	instance string // who answered; empty for an error
	status   int
}

// TestLiveAccessLog compares what a balancer logged with what its users saw, while an instance dies: the same requests,
// each with the instance that answered last.
func TestLiveAccessLog(t *testing.T) {
	one := only("nginx:ip-hash", "haproxy:cookie", "apache:cookie", "caddy:cookie", "nghttpx:cookie", "traefik:cookie", "envoy:cookie")
	unchecked := func(p *Params) { p.AccessLog, p.Health.Interval = true, 5*time.Second } // so that a request finds b2 dead, not a check
	eachWith(t, 3, unchecked, one, func(t *testing.T, f *fixture) {
		var all []asked
		for n := range 12 {
			client, session := visitor(t, n), fmt.Sprintf("%d.0", n)
			for seq := range uint32(6) {
				if n == 6 && seq == 3 {
					f.instances[all[len(all)-1].instance].stop() // the next request of this client goes there first
				}
				all = append(all, request(t, f, client, session, seq))
			}
		}
		Settle(t.Context(), f.running.Params.AccessFile())
		f.end()
		logged := map[string]results.Access{}
		for _, a := range readLog(t, f) {
			if a.Unreadable != "" {
				t.Errorf("unreadable: %q", a.Unreadable)
			}
			if a.Session != "" {
				logged[a.Session+"/"+strconv.Itoa(int(a.Seq))] = a
			}
		}
		if len(logged) != len(all) {
			t.Errorf("%d requests were logged, %d sent", len(logged), len(all))
		}
		compare(t, f, all, logged)
	})
}

func compare(t *testing.T, f *fixture, all []asked, logged map[string]results.Access) {
	names, retried := map[string]string{}, 0
	for _, i := range f.running.Params.Instances {
		names[i.Address] = i.Name
	}
	for n, saw := range all {
		a := logged[saw.session+"/"+strconv.Itoa(int(saw.seq))]
		retried += a.Retries
		last := ""
		if len(a.Tries) > 0 {
			last = names[a.Tries[len(a.Tries)-1].Upstream]
		}
		if a.Status != saw.status || saw.instance != "" && last != saw.instance {
			t.Errorf("request %d: logged %+v, seen %+v", n, a, saw)
		}
		if a.Method != http.MethodGet || a.Path != "/item" || a.Client != source(n/6) || a.Time == 0 || a.Took < 0 {
			t.Errorf("request %d: logged %+v", n, a)
		}
	}
	t.Logf("%d requests, %d retries logged", len(all), retried)
	if name := f.running.Row.Name; retried == 0 && name != "apache" && name != "nghttpx" && name != "traefik" { // which do not say that they tried again
		t.Errorf("%s logged no retry although a home refused connections", name)
	}
}

func request(t *testing.T, f *fixture, client *http.Client, session string, seq uint32) asked {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, f.url+"/item?quote=%22", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(wire.HeaderSession, session)
	r.Header.Set(wire.HeaderSeq, strconv.Itoa(int(seq)))
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	a, name := asked{session: session, seq: seq, status: answer.StatusCode}, make([]byte, 2)
	if _, err := answer.Body.Read(name); (err == nil || string(name) != "") && answer.StatusCode == http.StatusOK {
		a.instance = string(name)
	}
	return a
}

func readLog(t *testing.T, f *fixture) (all []results.Access) {
	t.Helper()
	log, err := os.Open(f.running.Params.AccessFile())
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	err = ReadAccess(f.running.Row.Name, log, func(a results.Access) error { all = append(all, a); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all
}
