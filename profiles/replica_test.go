package profiles

import (
	"strings"
	"testing"
)

func TestReplicaMistakesAreOneLine(t *testing.T) {
	const running = "lb: {url: http://127.0.0.1:81/a, other_urls: "
	for text, want := range map[string]string{
		"lb: {replicas: 0}":                            "e.yaml:1:16: lb.replicas: 0; use 1 to 8",
		"lb: {replicas: -2}":                           "lb.replicas: -2; use 1 to 8",
		"lb: {replicas: 9}":                            "lb.replicas: 9; use 1 to 8",
		"lb: {replicas: 2, url: http://127.0.0.1:81}":  "e.yaml:1:16: lb.replicas: the run does not start lb.url",
		`lb: {other_urls: ["http://127.0.0.1:81"]}`:    "lb.other_urls: only lb.url has other replicas elsewhere",
		running + `["http://127.0.0.1:82"]}`:           `e.yaml:1:47: lb.other_urls[0]: "http://127.0.0.1:82" differs from "http://127.0.0.1:81/a" in more than host and port`,
		running + `["https://127.0.0.1:82/a"]}`:        "differs from",
		running + `["http://127.0.0.1:81/a"]}`:         "127.0.0.1:81 stands there twice",
		running + "[127.0.0.1]}":                       `lb.other_urls[0]: "127.0.0.1" cannot be driven`,
		"faults: [{at: 1s, blind: b1, replica: 1}]":    "faults[0]: blind needs several replicas of the balancer, and there is only one; set lb.replicas (--lb-replicas) to 2 or more",
		"faults: [{at: 1s, blind: b1, replica: true}]": "e.yaml:1:",
		"faults: [{at: 1s, kill: lb1}]":                `e.yaml:1:10: faults[0]: kill: no replica "lb1": there is only one balancer; use lb, or set lb.replicas (--lb-replicas) to 2 or more`,
	} {
		oneLine(t, text, want)
	}
}

func TestReplicasAreCountedAndNamed(t *testing.T) {
	for text, want := range map[string]string{
		"seed: 1":           "lb",
		"lb: {replicas: 3}": "lb1 lb2 lb3",
		`lb: {url: http://127.0.0.1:81/a, other_urls: ["http://127.0.0.1:82/a"]}`: "lb1 lb2",
	} {
		e, err := Decode("e.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for n := range e.Balancer.Count() {
			names = append(names, ReplicaName(n, e.Balancer.Count()))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// oneLine wants a file to be refused in one line that says so.
func oneLine(t *testing.T, text, want string) {
	t.Helper()
	_, err := Decode("e.yaml", []byte(text+"\n"))
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s:\n got %v\nwant %s", text, err, want)
	}
}
