package analysis

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// recorded writes a run directory in which forty sessions make ten requests each and none breaks.
func recorded(t testing.TB) string { return recordedBreaking(t, 0) }

// recordedBreaking moves every so many sessions to another instance halfway.
func recordedBreaking(t testing.TB, every uint32) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run")
	recordAt(t, path, every)
	return path
}

func recordAt(t testing.TB, path string, every uint32) {
	t.Helper()
	dir, err := results.Create(path)
	must(t, err)
	exp := profiles.Default()
	exp.Gates = []string{"affinity.broken_ratio < 10%"}
	text, err := exp.Encode()
	must(t, err)
	must(t, dir.WriteExperiment(text))
	run := results.Run{Schema: results.RunSchema, Name: "recorded", LB: "builtin", Mechanism: results.Mechanism{Name: "cookie", Family: results.MoveAndStay, Key: "cookie"},
		Mix: "default", Seed: 7, Profiles: []string{"casual", "bot"}, Start: start, Measured: start, End: start.Add(10 * time.Second),
		Host: results.Host{OS: "linux", Arch: "amd64", Cores: 2, CPU: "x"}, Generator: results.Generator{Offered: 400, Sent: 400, LagP99: 1000}}
	for i := range 4 {
		run.Instances = append(run.Instances, results.Instance{Name: fmt.Sprintf("b%d", i+1), Cores: 1, Weight: 1})
	}
	must(t, dir.WriteRun(run))
	recordTraffic(t, dir, every)
	for i := range 4 {
		name := fmt.Sprintf("b%d", i+1)
		must(t, dir.WriteChange(results.Change{Time: start - 5, Instance: name, From: results.Starting, To: results.Up, Why: "start"}))
		for s := range 10 {
			must(t, dir.WriteSample(results.Sample{Time: start.Add(time.Duration(s) * time.Second), Process: name, PID: 10 + i, CPU: time.Duration(s*(i+1)) * 1e7, InFlight: i}))
		}
	}
	must(t, dir.Seal())
}

func recordTraffic(t testing.TB, dir *results.Dir, every uint32) {
	log, err := dir.ExchangeLog()
	must(t, err)
	buffer, h := log.Buffer(), hdrhistogram.New(1, int64(time.Hour), 2)
	ledgers := map[string]*results.ServeLog{}
	for seq := range uint32(10) {
		for u := range uint32(40) {
			due := start.Add(time.Duration(seq)*time.Second + time.Duration(u)*time.Millisecond)
			e := results.Exchange{ID: wire.SessionID{User: u}, Owner: wire.SessionID{User: u}, Seq: seq, Profile: uint8(u % 2), Due: due, Sent: due + 10, FirstByte: due + 1e6,
				Done: due + clock.Time(1e6+u*1000), Status: 200, Instance: fmt.Sprintf("b%d", u%4+1), Boot: 1, Epoch: uint64(u) + 1, Nonce: uint64(seq*40 + u), HandlerTime: 5e5}
			if every > 0 && u%every == 0 && seq >= 5 {
				e.Instance = fmt.Sprintf("b%d", (u+1)%4+1)
			}
			must(t, buffer.Append(&e))
			must(t, h.RecordValue(int64(e.Done.Sub(e.Due))))
			if ledgers[e.Instance] == nil {
				ledgers[e.Instance], err = results.OpenServeLog(dir.ServePath(e.Instance))
				must(t, err)
			}
			must(t, ledgers[e.Instance].Append(&results.Serve{ID: e.ID, Seq: seq, Nonce: e.Nonce, Instance: e.Instance, Start: due, End: e.Done, Status: 200, Origin: results.Local, Epoch: e.Epoch}))
		}
	}
	must(t, buffer.Flush())
	must(t, log.Close())
	for _, l := range ledgers {
		must(t, l.Close())
	}
	must(t, dir.WriteLatencyLog([]results.Interval{{Start: start, Length: 10 * time.Second, Histogram: h}}))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// passes says whether every command that judges the directory would let it through.
func passes(t *testing.T, path string) bool {
	t.Helper()
	dir, err := results.Open(path)
	if err != nil {
		return false
	}
	report, err := Analyze(dir)
	if err != nil {
		return false
	}
	if _, err := report.Encode(); err != nil {
		t.Errorf("encoding: %v", err)
	}
	if err := results.Terminal(io.Discard, report, 80, false); err != nil {
		t.Errorf("printing: %v", err)
	}
	side, err := OpenRun(dir)
	if err != nil {
		return false
	}
	gated, err := GateSides(side, nil, side.Gates)
	if err != nil {
		return false
	}
	if gated.Verdict == results.Pass != (report.Verdict == results.Pass) {
		t.Errorf("analyze says %s, gate says %s", report.Verdict, gated.Verdict)
	}
	return gated.Verdict == results.Pass
}

// A result that was flipped, cut or emptied anywhere never crashes and never passes.
func TestDamagedResultNeverPasses(t *testing.T) {
	path := recorded(t)
	if !passes(t, path) {
		t.Fatal("the intact run does not pass")
	}
	files, err := os.ReadDir(path)
	must(t, err)
	if len(files) < 10 {
		t.Fatalf("only %d files", len(files))
	}
	r := rand.New(rand.NewPCG(11, 12))
	for _, f := range files {
		name := filepath.Join(path, f.Name())
		whole, err := os.ReadFile(name)
		must(t, err)
		for range 12 {
			broken := append([]byte(nil), whole...)
			at := r.IntN(len(broken))
			broken[at] ^= 1 << r.IntN(8)
			must(t, os.WriteFile(name, broken, 0o644))
			if passes(t, path) {
				t.Errorf("%s: byte %d of %d flipped, and it passes", f.Name(), at, len(whole))
			}
			cut := r.IntN(len(whole))
			must(t, os.WriteFile(name, whole[:cut], 0o644))
			if passes(t, path) {
				t.Errorf("%s: cut to %d of %d bytes, and it passes", f.Name(), cut, len(whole))
			}
		}
		must(t, os.Remove(name))
		if passes(t, path) {
			t.Errorf("without %s it passes", f.Name())
		}
		must(t, os.WriteFile(name, whole, 0o644))
	}
	must(t, os.WriteFile(filepath.Join(path, "serves-b9.log"), nil, 0o644))
	if passes(t, path) {
		t.Error("with a ledger of nobody it passes")
	}
}

func TestFutureResultIsRefused(t *testing.T) {
	path := recorded(t)
	dir, err := results.Open(path)
	must(t, err)
	run, err := dir.Run()
	must(t, err)
	run.Schema = "stickybench/run/v2"
	must(t, dir.WriteRun(run))
	if passes(t, path) {
		t.Error("a later version passes")
	}
}

// comparisonPasses says whether a comparison's report or a gate on it would let it through.
func comparisonPasses(t *testing.T, path string) bool {
	t.Helper()
	dir, err := results.OpenComparison(path)
	if err != nil {
		return false
	}
	report, err := Compare(dir)
	if err != nil {
		return false
	}
	side, err := OpenArm(dir, "")
	if err != nil {
		return false
	}
	baseline, err := side.Against("")
	must(t, err)
	gated, err := GateSides(side, baseline, side.Gates)
	if err != nil {
		return false
	}
	return report.Verdict == results.Pass || gated.Verdict == results.Pass
}

// One damaged run among many blocks, or a damaged plan, and the comparison passes nothing.
func TestDamagedComparisonNeverPasses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	exp, err := profiles.Default().Encode()
	must(t, err)
	plan := results.Plan{Name: "c", Seed: 7, Blocks: 6, Gates: []string{"affinity.broken_ratio < +5pp", "latency.response.p50 < +5%"},
		Arms: []results.Arm{{Name: "a", LB: "builtin:cookie", Store: "memory"}, {Name: "b", LB: "builtin:cookie", Store: "memory"}}}
	dir, err := results.ResumeComparison(path, plan, exp)
	must(t, err)
	for k := 1; k <= plan.Blocks; k++ {
		for _, arm := range plan.Arms {
			recordAt(t, dir.RunPath(k, arm.Name), 0)
		}
	}
	if !comparisonPasses(t, path) {
		t.Fatal("the intact comparison does not pass")
	}
	r := rand.New(rand.NewPCG(21, 22))
	for _, name := range []string{"compare.json", "experiment.yaml", "manifest.txt", "block-3/a/run.json", "block-1/b/exchanges.log", "block-6/a/serves-b2.log", "block-2/b/manifest.txt", "block-4/a/changes.jsonl"} {
		file := filepath.Join(path, name)
		whole, err := os.ReadFile(file)
		must(t, err)
		broken := append([]byte(nil), whole...)
		broken[r.IntN(len(broken))] ^= 1 << r.IntN(8)
		for what, text := range map[string][]byte{"flipped": broken, "cut": whole[:r.IntN(len(whole))]} {
			must(t, os.WriteFile(file, text, 0o644))
			if comparisonPasses(t, path) {
				t.Errorf("%s %s, and it passes", name, what)
			}
		}
		must(t, os.WriteFile(file, whole, 0o644))
	}
}
