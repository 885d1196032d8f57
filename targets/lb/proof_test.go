package lb

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/results"
)

var update = flag.Bool("update", false, "rewrite docs/proof.md")

// significance is the level of the findings that are statistical.
const significance = 0.001

// findings are the columns of the matrix.
var findings = []string{"switch", "lost", "stale", "fork", "duplicate", "leak", "zombie", "overstay", "churn", "drain", "flap", "skew", "excess", "starved"}

// found says what a report holds against the balancer.
func found(r *results.Report) map[string]bool {
	all := map[string]bool{}
	unexcused := map[string]string{"excused": "false"}
	counted := func(finding, metric string, labels map[string]string) {
		if m, ok := r.Find(metric, labels); ok && m.Value > 0 {
			all[finding] = true
		}
	}
	counted("switch", "affinity.broken_sessions", nil)
	for _, kind := range []string{"lost", "stale", "fork", "duplicate", "leak"} {
		counted(kind, "consistency."+kind, unexcused)
	}
	counted("zombie", "affinity.zombie_sessions", nil)
	counted("churn", "affinity.churned_sessions", nil)
	counted("drain", "failover.drain_admissions", nil)
	counted("flap", "failover.flapped_sessions", nil)
	for _, m := range r.Metrics {
		if m.Value >= significance || len(m.Warnings) > 0 {
			continue
		}
		switch m.Name {
		case "affinity.overstay_p":
			all["overstay"] = true
		case "skew.sessions.chi2_p":
			all["skew"] = true
		case "failover.starved_p":
			all["starved"] = true
		case "failover.excess_moves_p":
			all["excess"] = true
		}
	}
	return all
}

// statistical findings may be raised by chance, at the level of significance.
func statistical(finding string) bool {
	return finding == "overstay" || finding == "skew" || finding == "excess" || finding == "starved"
}

// consequences of a finding: state is local, so a session that is sent elsewhere loses it too.
func consequences(of string) []string {
	switch of {
	case "switch":
		return []string{"lost", "fork", "churn", "excess", "skew", "flap"}
	case "flap": // whoever flaps comes home too, which no mechanism promises that binds anew
		return []string{"switch", "lost", "fork", "churn", "excess", "skew"}
	case "leak":
		return []string{"switch", "lost", "fork", "stale", "churn", "skew"}
	case "drain":
		return []string{"skew"}
	}
	return nil
}

// Every seeded fault is found, by the right name and by no other, at the session count that docs/proof.md states.
func TestEverySeededFaultIsFound(t *testing.T) {
	faults := mistakes()
	if len(faults) < 30 {
		t.Fatalf("only %d faults", len(faults))
	}
	matrix := make([]map[string]bool, len(faults))
	for n, f := range faults {
		t.Run(strings.ReplaceAll(f.name, " ", "-"), func(t *testing.T) {
			matrix[n] = map[string]bool{}
			for seed := range seeds(f) {
				maps.Copy(matrix[n], expose(t, f, uint64(1000*n+seed)))
			}
		})
	}
	if *update && !t.Failed() {
		record(t, "matrix", confusion(faults, matrix))
	}
}

// seeds is how many runs each fault must be found in.
func seeds(f seeded) int {
	if *update && f.world.sessions <= 1000 {
		return 20
	}
	return 1
}

// expose runs the balancer with the fault and wants it found by its name and by no other.
func expose(t *testing.T, f seeded, seed uint64) map[string]bool {
	t.Helper()
	all := found(simulate(t, f.world, seed, f))
	if !all[f.want] {
		t.Errorf("seed %d: missed: %s should show as %s; found %v", seed, f.about, f.want, slices.Sorted(maps.Keys(all)))
	}
	for kind := range all {
		if kind != f.want && !slices.Contains(consequences(f.want), kind) {
			t.Errorf("seed %d: wrong kind: %s shows as %s, want %s", seed, f.about, kind, f.want)
		}
	}
	return all
}

func confusion(faults []seeded, matrix []map[string]bool) string {
	var out strings.Builder
	fmt.Fprintf(&out, "| fault | what the balancer does | mechanism | sessions | found in runs | %s |\n|---|---|---|---|---|%s\n", strings.Join(findings, " | "), strings.Repeat("---|", len(findings)))
	for n, f := range faults {
		fmt.Fprintf(&out, "| %s | %s | %s | %d | %d of %d |", f.name, f.about, f.world.mechanism, f.world.sessions, seeds(f), seeds(f))
		for _, kind := range findings {
			switch {
			case kind == f.want:
				out.WriteString(" **found** |")
			case matrix[n][kind]:
				out.WriteString(" follows |")
			default:
				out.WriteString(" · |")
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}

// right is a mechanism that keeps its promise.
type right struct {
	world
	made seeded // how it comes about; zero = the reference balancer as it is
}

// promised are the findings that are no surprise.
var promised = map[results.Family]string{results.Flap: "flap", results.Stuck: "zombie"}

// rights are the correct mechanisms.
func rights() map[string]right {
	ordinary := func(mechanism string) world { return steady(mechanism, 40) }
	flapping, stuck := ordinary("cookie"), ordinary("cookie")
	flapping.family, stuck.family = results.Flap, results.Stuck
	ring := ordinary("consistent-hash")
	ring.points = 40
	aging := lasting(ordinary("cookie"), 8*time.Second, 0)
	aging.absolute = true
	all := map[string]right{
		"cookie, never written anew": {flapping, seeded{affinity: writtenOnce}},
		"cookie, never given up":     {stuck, seeded{blind: true, dial: func(i *instance) http.RoundTripper { return unretried{i} }}},
	}
	for name, w := range map[string]world{"cookie": ordinary("cookie"), "cookie, sliding lifetime": lasting(ordinary("cookie"), 6*time.Second, 0), "cookie, absolute lifetime": aging,
		"table": ordinary("table"), "table, sliding lifetime": lasting(ordinary("table"), 6*time.Second, 0), "address hash": ordinary("ip-hash"),
		"rendezvous": ordinary("consistent-hash"), "ring of 40 points": ring} {
		all[name] = right{world: w}
	}
	return all
}

// trials are the worlds that a correct balancer must come through without a finding.
func trials() []func(world) world {
	events := func(events ...event) func(world) world {
		return func(w world) world { return w.with(events...) }
	}
	second := time.Second
	return []func(world) world{
		func(w world) world { return w },
		crowded,
		reconnecting,
		func(w world) world { w.idle = 9 * second; return w },
		events(outage("kill", "start")...),
		events(outage("freeze", "thaw")...),
		events(outage("unhealthy", "heal")...),
		events(event{4 * second, "kill", "b2"}, event{5 * second, "freeze", "b3"}, event{8 * second, "thaw", "b3"}, event{9 * second, "start", "b2"}),
		events(event{5 * second, "add", "b5"}),
		events(event{5 * second, "remove", "b2"}),
		events(event{5 * second, "reload", "b1"}),
		func(w world) world { // a hash cannot drain
			if w.mechanism != "cookie" && w.mechanism != "table" {
				return w
			}
			return w.with(event{4 * second, "drain", "b2"}, event{9 * second, "undrain", "b2"})
		},
	}
}

// Runs of each mechanism; all of them when docs/proof.md is written.
const (
	fullRuns  = 200
	quickRuns = 36
	raceRuns  = 12 // each trial once
)

// Correct mechanisms raise nothing in more than 200 seeded runs, and the statistical findings no more often than their
// level allows.
func TestCorrectMechanismsRaiseNothing(t *testing.T) {
	runs := quickRuns
	switch {
	case *update:
		runs = fullRuns
	case racing || testing.Short():
		runs = raceRuns
	}
	names := slices.Sorted(maps.Keys(rights()))
	alarms := map[string]map[string]int{}
	for _, name := range names {
		alarms[name] = map[string]int{}
	}
	for _, name := range names {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			for n := range runs {
				trial := n % len(trials())
				correct := rights()[name]
				report := simulate(t, trials()[trial](correct.world), uint64(1000+n), correct.made)
				for kind := range found(report) {
					if kind == promised[correct.family] {
						continue
					}
					alarms[name][kind]++
					if !statistical(kind) {
						t.Errorf("trial %d, seed %d: a false %s; violations %+v", trial, 1000+n, kind, report.Violations[:min(3, len(report.Violations))])
					}
				}
			}
		})
	}
	// Of 2000 runs, 2 are nominal; six or more happen once in sixty times.
	for _, kind := range findings {
		total, by := 0, map[string]int{}
		for _, name := range names {
			total += alarms[name][kind]
			by[name] = alarms[name][kind]
		}
		if statistical(kind) && total > 5 {
			t.Errorf("%s was raised in %d of %d runs, nominal %.1f: %v", kind, total, runs*len(names), significance*float64(runs*len(names)), by)
		}
	}
	if *update && !t.Failed() {
		record(t, "alarms", falseAlarms(names, alarms, runs))
	}
}

func falseAlarms(names []string, alarms map[string]map[string]int, runs int) string {
	var out strings.Builder
	fmt.Fprintf(&out, "| mechanism | runs | %s |\n|---|---|%s\n", strings.Join(findings, " | "), strings.Repeat("---|", len(findings)))
	for _, name := range names {
		fmt.Fprintf(&out, "| %s | %d |", name, runs)
		for _, kind := range findings {
			fmt.Fprintf(&out, " %d |", alarms[name][kind])
		}
		out.WriteString("\n")
	}
	return out.String()
}

// record puts a table into docs/proof.md between its marks.
func record(t *testing.T, mark, table string) {
	t.Helper()
	const path = "../../docs/proof.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := []byte("<!-- "+mark+" -->\n"), []byte("<!-- end "+mark+" -->")
	head, rest, ok := bytes.Cut(text, begin)
	_, tail, closed := bytes.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no marks %q", path, mark)
	}
	text = bytes.Join([][]byte{head, begin, []byte(table), end, tail}, nil)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
