package profiles

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func decodeFaults(t *testing.T, lines ...string) *Experiment {
	t.Helper()
	e, err := Decode("e.yaml", []byte("duration: 60s\nbackends: {count: 3}\nfaults:\n  - {"+strings.Join(lines, "}\n  - {")+"}\nlb: {replicas: 2}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// told writes events as "2s freeze b1; 5s freeze ended b1".
func told(events []Event) string {
	var all []string
	for _, e := range events {
		all = append(all, fmt.Sprintf("%v %s %s", e.At, e, e.Target))
	}
	return strings.Join(all, "; ")
}

func TestFaultsExpandIntoPrimitives(t *testing.T) {
	for fault, want := range map[string]string{
		"at: 2s, kill: b1":                                 "2s kill b1",
		"at: 2s, kill: all":                                "2s kill b1; 2s kill b2; 2s kill b3",
		"at: 2s, freeze: b1, for: 3s":                      "2s freeze b1; 5s freeze ended b1",
		"at: 2s, slow: b1, delay: 200ms, for: 1s":          "2s slow by 200ms b1; 3s slow ended b1",
		"at: 1s, restart: b2, for: 2s":                     "1s terminate b2; 3s start b2",
		"at: 1s, restart: b2, keep_memory: true":           "1s terminate, memory kept b2; 1s start b2",
		"at: 1s, restart: lb":                              "1s terminate lb; 1s start lb",
		"at: 1s, drain: b2, for: 4s":                       "1s drain b2; 5s undrain b2",
		"at: 1s, flap: b2, every: 2s, for: 4s":             "1s unhealthy b2; 2s unhealthy ended b2; 3s unhealthy b2; 4s unhealthy ended b2",
		"at: 1s, replace: b2, with: b4":                    "1s add b4; 1s remove b2; 1s terminate b2",
		"at: 0, rolling: all, for: 4s":                     "0s drain b1; 1s terminate b1; 2s start b1; 2s undrain b1; 4s drain b2; 5s terminate b2; 6s start b2; 6s undrain b2; 8s drain b3; 9s terminate b3; 10s start b3; 10s undrain b3",
		"at: 3s, add: b4":                                  "3s add b4",
		"at: 3s, blind: b2, replica: 2, for: 1s":           "3s blind in replica 2 b2; 4s blind in replica 2 ended b2",
		"at: 3s, reload: lb":                               "3s reload lb",
		"at: 3s, reload: lb2":                              "3s reload lb2",
		"at: 1s, restart: lb1, for: 2s":                    "1s terminate lb1; 3s start lb1",
		"at: 2s, kill: lb2}\n  - {at: 3s, start: lb2":      "2s kill lb2; 3s start lb2",
		"at: 3s, garble: clients":                          "3s garble clients",
		"at: 3s, double: clients":                          "3s double clients",
		"at: 3s, pause: clients, for: 2s":                  "3s pause clients; 5s pause ended clients",
		"at: 3s, remove: b3}\n  - {at: 5s, add: b3":        "3s remove b3; 5s add b3",
		"at: 5s, heal: b1}\n  - {at: 3s, unhealthy: b1":    "3s unhealthy b1; 5s heal b1",
		"at: 5s, add: b7}\n  - {at: 9s, error: b7, for: 0": "5s add b7; 9s error b7",
	} {
		if got := told(decodeFaults(t, fault).Events()); got != want {
			t.Errorf("%s:\n got %s\nwant %s", fault, got, want)
		}
	}
}

func TestFaultMistakesAreOneLine(t *testing.T) {
	for fault, want := range map[string]string{
		"at: 1s, kill: b1, drain: b2":                  "e.yaml:4:5: faults[0]: needs exactly one of kill, terminate, ",
		"at: 1s":                                       "needs exactly one of",
		"at: 1s, kil: b1":                              `e.yaml:4:14: unknown key "kil"; did you mean faults.kill?`,
		"at: 1s, kill: b1, for: 2s":                    "kill does not take for; remove it",
		"at: 1s, slow: b1":                             "slow needs delay",
		"at: 1s, slow: b1, delay: -1s":                 "must not be negative",
		"at: 1s, flap: b1, every: 2s, for: 1s":         "faults[0].every: 2s does not fit into for 1s",
		"at: 1s, flap: b1, every: 1ns, for: 59s":       "faults[0].every: 1ns does not fit",
		"at: 1s, reload: b1":                           "reload b1: use lb",
		"at: 1s, drain: all":                           "drain all: use an instance",
		"at: 1s, forget: b1":                           "forget b1: use clients",
		"at: 1s, kill: clients":                        "kill clients: use an instance, all, lb",
		"at: 1s, pause: clients":                       "pause needs for",
		"at: 1s, freeze: lb":                           "freeze lb: use an instance, all",
		"at: 1s, kill: b9":                             `kill: no instance "b9"; this experiment has b1 to b3`,
		"at: 1s, add: b2":                              "b2 is in the pool at 1s already; add another, such as b4",
		"at: 1s, add: b999":                            `no instance "b999"`,
		"at: 1s, replace: b1, with: web":               `faults[0].with: "web" is no instance's name`,
		"at: 1s, replace: b1, with: b2":                "b2 is in the pool",
		"at: 1s, restart: lb, keep_memory: true":       "keep_memory is about sessions",
		"at: 1s, blind: b1":                            "blind needs replica",
		"at: 1s, blind: all, replica: 1":               "blind all: use an instance",
		"at: 1s, blind: b1, replica: 3":                "e.yaml:4:34: faults[0].replica: 3; this experiment has replicas 1 to 2",
		"at: 1s, blind: b1, replica: -1":               "faults[0].replica: -1; this experiment has replicas 1 to 2",
		"at: 1s, kill: b1, replica: 1":                 "kill does not take replica; remove it",
		"at: 1s, rolling: b1, for: 4s":                 "rolling b1: use all",
		"at: 1s, kill: lb3":                            `e.yaml:4:5: faults[0]: kill: no replica "lb3"; this experiment has lb1 to lb2, and lb for all of them`,
		"at: 1s, reload: lb0":                          `reload: no replica "lb0"; this experiment has lb1 to lb2`,
		"at: 1s, reload: lbs":                          "reload lbs: use lb, a replica of it (lb1, …) or front",
		"at: 1s, freeze: lb1":                          "freeze lb1: use an instance, all",
		"at: 1s, blind: lb1, replica: 2":               "blind lb1: use an instance",
		"at: 1s, restart: lb2, keep_memory: true":      "keep_memory is about sessions in an instance; lb2 keeps none",
		"at: 99s, kill: b1":                            "faults[0].at: 1m39s is outside the run",
		"at: 1s, remove: b1}\n  - {at: 2s, remove: b1": "faults[1]: b1 is not in the pool at 2s",
	} {
		_, err := Decode("e.yaml", []byte("duration: 60s\nbackends: {count: 3}\nfaults:\n  - {"+fault+"}\nlb: {replicas: 2}\n"))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s:\n got %v\nwant %s", fault, err, want)
		}
	}
}

// A key that no row of the table reads would be accepted and do nothing.
func TestEveryActionHasItsRow(t *testing.T) {
	rows := map[string]bool{}
	for _, k := range faultKinds() {
		rows[k.name] = true
	}
	others := map[string]bool{"at": true, "for": true, "every": true, "delay": true, "with": true, "keep_memory": true, "replica": true}
	for i := range reflect.TypeFor[Fault]().NumField() {
		tag, _, _ := strings.Cut(reflect.TypeFor[Fault]().Field(i).Tag.Get("yaml"), ",")
		if rows[tag] == others[tag] {
			t.Errorf("key %s: in the table %v, beside the action %v", tag, rows[tag], others[tag])
		}
	}
}

func TestEveryFaultIsDescribed(t *testing.T) {
	text, err := os.ReadFile("../docs/experiment.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range faultKinds() {
		if !strings.Contains(string(text), "`"+k.name+"`") {
			t.Errorf("docs/experiment.md does not say what %s does", k.name)
		}
	}
}

func TestEventsAreInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		e := Default()
		e.Faults = rapid.SliceOf(rapid.Custom(func(r *rapid.T) Fault {
			f := Fault{At: Duration(rapid.Int64Range(0, 20e9).Draw(r, "at")), For: Duration(rapid.Int64Range(1e9, 9e9).Draw(r, "for")), Every: Duration(time.Second)}
			k := rapid.SampledFrom(faultKinds()).Draw(r, "kind")
			*k.target(&f) = rapid.SampledFrom([]string{"b1", EveryInstance}).Draw(r, "target")
			return f
		})).Draw(r, "faults")
		before := Event{}
		for _, now := range e.Events() {
			if now.At < before.At || now.At == before.At && now.Fault < before.Fault {
				r.Fatalf("%v after %v", now, before)
			}
			if now.Target == EveryInstance {
				r.Fatalf("%v is no primitive", now)
			}
			before = now
		}
	})
}
