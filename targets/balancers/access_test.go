package balancers

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// TestLinesAreUnderstood has lines of every shape; the first three were written by nginx 1.22, HAProxy 2.6 and Apache 2.4,
// those of Caddy by 2.6, that of Traefik follows its documentation.
func TestLinesAreUnderstood(t *testing.T) {
	const at = 1795728329
	end := clock.Time(at * time.Second)
	for name, c := range map[string]struct {
		balancer, lines string
		want            results.Access
	}{
		"nginx, two tries": {"nginx",
			`{"end_s":1795728329.000,"client":"127.1.2.3","method":"GET","path":"/item","status":200,"took_s":0.005,"upstream":"127.0.0.1:9002, 127.0.0.1:9001","upstream_status":"502, 200","upstream_s":"0.001, 0.003","session":"7.0","seq":"3"}`,
			results.Access{Time: end, Client: "127.1.2.3", Method: "GET", Path: "/item", Status: 200, Session: "7.0", Seq: 3, Retries: 1, Took: 5 * time.Millisecond,
				Tries: []results.Try{{Upstream: "127.0.0.1:9002", Status: 502, Took: time.Millisecond}, {Upstream: "127.0.0.1:9001", Status: 200, Took: 3 * time.Millisecond}}}},
		"nginx, nobody left": {"nginx",
			`{"end_s":1795728329.000,"client":"127.1.2.3","method":"GET","path":"/","status":502,"took_s":0.000,"upstream":"backends","upstream_status":"502","upstream_s":"0.000","session":"","seq":""}`,
			results.Access{Time: end, Client: "127.1.2.3", Method: "GET", Path: "/", Status: 502}},
		"haproxy, redispatched": {"haproxy",
			`{"end_us":1795728329000000,"client":"127.1.2.3","method":"POST","path":"/a","status":200,"took_ms":9,"upstream":"127.0.0.1:9003","connect_ms":1,"response_ms":6,"data_ms":1,"retries":"+3","session":"7.0","seq":"0"}`,
			results.Access{Time: end, Client: "127.1.2.3", Method: "POST", Path: "/a", Status: 200, Session: "7.0", Retries: 3, Took: 9 * time.Millisecond,
				Tries: []results.Try{{Upstream: "127.0.0.1:9003", Took: 8 * time.Millisecond}}}},
		"haproxy, no server": {"haproxy",
			`{"end_us":1795728329000000,"client":"127.1.2.3","method":"GET","path":"/a","status":503,"took_ms":0,"upstream":"-:-","connect_ms":-1,"response_ms":-1,"data_ms":0,"retries":"0","session":"7.0","seq":"0"}`,
			results.Access{Time: end, Client: "127.1.2.3", Method: "GET", Path: "/a", Status: 503, Session: "7.0"}},
		"apache": {"apache",
			`{"end_us":1795728329000000,"client":"127.1.2.3","method":"GET","path":"/item","status":200,"took_us":1500,"upstream":"http://127.0.0.1:9001","session":"-","seq":"-"}`,
			results.Access{Time: end, Client: "127.1.2.3", Method: "GET", Path: "/item", Status: 200, Took: 1500 * time.Microsecond, Tries: []results.Try{{Upstream: "127.0.0.1:9001"}}}},
		"envoy": {"envoy",
			`{"start_s":"1795728328.000000","client":"127.1.2.3","method":"GET","path":"/item","status":200,"took_ms":1000,"upstream":"127.0.0.1:9001","attempts":2,"session":"7.0","seq":"1"}`,
			results.Access{Time: end, Client: "127.1.2.3", Method: "GET", Path: "/item", Status: 200, Session: "7.0", Seq: 1, Retries: 1, Took: time.Second, Tries: []results.Try{{Upstream: "127.0.0.1:9001"}}}},
		"nghttpx": {"nghttpx",
			`{"start":"2026-11-26T21:25:28.000Z","client":"127.1.2.3","method":"GET","path":"/item","status":200,"took_s":1.000,"upstream":"127.0.0.1:9001","session":"7.0","seq":"1"}`,
			results.Access{Time: end, Client: "127.1.2.3", Method: "GET", Path: "/item", Status: 200, Session: "7.0", Seq: 1, Took: time.Second, Tries: []results.Try{{Upstream: "127.0.0.1:9001"}}}},
		"nghttpx, nobody left": {"nghttpx",
			`{"start":"2026-11-26T21:25:29.000Z","client":"127.1.2.3","method":"GET","path":"/item","status":502,"took_s":0.000,"upstream":"-:-","session":"-","seq":"-"}`,
			results.Access{Time: end, Client: "127.1.2.3", Method: "GET", Path: "/item", Status: 502}},
		"caddy, two tries": {"caddy",
			`{"level":"debug","ts":1795728328.9,"logger":"http.handlers.reverse_proxy","msg":"upstream roundtrip","upstream":"127.0.0.1:9002","duration":0.25,"request":{"headers":{"Stickybench-Session":["7.0"],"Stickybench-Seq":["2"]}},"error":"dial tcp: refused"}
{"level":"debug","ts":1795728328.9,"logger":"http.handlers.reverse_proxy","msg":"selected upstream","dial":"127.0.0.1:9001"}
{"level":"debug","ts":1795728329,"logger":"http.handlers.reverse_proxy","msg":"upstream roundtrip","upstream":"127.0.0.1:9001","duration":0.5,"request":{"headers":{"Stickybench-Session":["7.0"],"Stickybench-Seq":["2"]}},"status":200}
{"level":"info","ts":1795728329,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"127.1.2.3","method":"GET","uri":"/item?x=1","headers":{"Stickybench-Session":["7.0"],"Stickybench-Seq":["2"]}},"duration":1,"status":200}`,
			results.Access{Time: end, Client: "127.1.2.3", Method: "GET", Path: "/item", Status: 200, Session: "7.0", Seq: 2, Retries: 1, Took: time.Second,
				Tries: []results.Try{{Upstream: "127.0.0.1:9002", Took: time.Second / 4}, {Upstream: "127.0.0.1:9001", Status: 200, Took: time.Second / 2}}}},
		"traefik": {"traefik",
			`{"ClientHost":"127.1.2.3","RequestMethod":"GET","RequestPath":"/item","DownstreamStatus":200,"OriginStatus":200,"Duration":1000000000,"OriginDuration":600000000,"ServiceAddr":"127.0.0.1:9001","RetryAttempts":1,"StartUTC":"2026-11-26T21:25:28Z","request_Stickybench-Session":"7.0","request_Stickybench-Seq":"4"}`,
			results.Access{Time: end, Client: "127.1.2.3", Method: "GET", Path: "/item", Status: 200, Session: "7.0", Seq: 4, Retries: 1, Took: time.Second,
				Tries: []results.Try{{Upstream: "127.0.0.1:9001", Status: 200, Took: 600 * time.Millisecond}}}},
		"cut short":         {"nginx", `{"end_s":1795728329.000,"client":"127.1`, results.Access{Unreadable: `{"end_s":1795728329.000,"client":"127.1`}},
		"something else":    {"haproxy", `Proxy be started.`, results.Access{Unreadable: `Proxy be started.`}},
		"the form of all":   {"builtin", `{"time":1795728329000000000,"client":"127.1.2.3","status":200,"seq":0,"took":5}`, results.Access{Time: end, Client: "127.1.2.3", Status: 200, Took: 5}},
		"time out of sorts": {"apache", `{"client":"127.1.2.3"}`, results.Access{Unreadable: `{"client":"127.1.2.3"}`}},
	} {
		var got []results.Access
		if err := ReadAccess(c.balancer, strings.NewReader(c.lines), func(a results.Access) error { got = append(got, a); return nil }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]results.Access{c.want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatNobodyCanReadIsRefused(t *testing.T) {
	p := sample()
	p.AccessLog = true
	const want = "lb.access_log: what exec logs is not known here; remove it, or use a balancer that has a name"
	if _, err := Render("exec:x", p); err != nil {
		t.Error(err) // the command line can be shown all the same
	}
	row, m, err := Lookup("exec:x")
	if err != nil {
		t.Fatal(err)
	}
	if err := row.Refuse(m, p); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	const unset = "lb.access_log: varnish is not set up here to write one; remove it, or use haproxy:cookie, nginx:ip-hash or builtin:cookie"
	if _, err := Render("varnish:cookie", p); err == nil || err.Error() != unset {
		t.Errorf("got %v\nwant %s", err, unset)
	}
}
