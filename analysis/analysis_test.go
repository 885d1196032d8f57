package analysis

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func story(records ...results.Exchange) input {
	return input{name: "run", experiment: &profiles.Experiment{}, run: results.Run{End: 10e9, Profiles: []string{"casual"}},
		exchanges: func(yield func(results.Exchange, error) bool) {
			for _, e := range records {
				if !yield(e, nil) {
					return
				}
			}
		}, serves: told(nil), patience: forever}
}

func answer(seq int) results.Exchange {
	return results.Exchange{Due: 1e9, Sent: 1e9, Done: 1e9 + 1e6, Status: 200, Seq: uint32(seq)}
}

func mustJudge(t *testing.T, in input) *results.Report {
	t.Helper()
	r, err := analyze(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNothingToJudgeIsInconclusive(t *testing.T) {
	r := mustJudge(t, story(answer(1)))
	if r.Verdict != results.Inconclusive {
		t.Errorf("got %s %q", r.Verdict, r.Reasons)
	}
	if _, ok := r.Find("affinity.broken_ratio", nil); ok {
		t.Error("a metric that nothing measured is reported")
	}
}

func TestWarmupAndGivenUpRequestsDoNotCount(t *testing.T) {
	warm, canceled, broken := answer(1), answer(2), answer(3)
	warm.Flags, canceled.Failure, broken.Status = results.Warmup, results.Canceled, 502
	r := mustJudge(t, story(warm, canceled, broken, answer(4)))
	if m, _ := r.Find("errors.ratio", nil); m.Value != 0.5 || m.N != 2 {
		t.Errorf("errors.ratio %v of %d, want 0.5 of 2", m.Value, m.N)
	}
}

func TestEqualRunsGiveEqualBytes(t *testing.T) {
	a, _ := mustJudge(t, story(answer(1), answer(2))).Encode()
	b, _ := mustJudge(t, story(answer(2), answer(1))).Encode()
	if !bytes.Equal(a, b) {
		t.Errorf("the order of records shows:\n%s\n%s", a, b)
	}
}

func TestLatenessNamesItsCause(t *testing.T) {
	for want, g := range map[string]results.Generator{
		"the collector":  {GCLongest: 2 * time.Millisecond},
		"the disk":       {RecordingLongest: 2 * time.Millisecond},
		"--shards":       {Shards: 1, CPU: 10 * time.Second},
		"something else": {Shards: 1, CPU: time.Second},
	} {
		if got := lateness(results.Run{End: 10e9, Generator: g}); !strings.Contains(got, want) {
			t.Errorf("%+v: %q, want %q", g, got, want)
		}
	}
}

func TestLateGeneratorMakesTheRunInvalid(t *testing.T) {
	in := story(answer(1))
	in.run.Generator = results.Generator{Offered: 100, Sent: 90, LagP99: 2 * time.Millisecond}
	if r := mustJudge(t, in); r.Verdict != results.Invalid || len(r.Reasons) != 3 {
		t.Errorf("got %s %q", r.Verdict, r.Reasons)
	}
}
