package analysis

import (
	"bytes"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/results"
)

// What the sweep leaves out in calm times changes no report.
func TestCalmStretchesChangeNothing(t *testing.T) {
	paths, _ := filepath.Glob("testdata/stories/*.txt")
	inputs := map[string]func() input{"synthetic": func() input { return newSynthetic(100_000).input(forever) }}
	for _, path := range paths {
		inputs[filepath.Base(path)] = func() input { return read(t, path) }
	}
	skipped := 0
	for name, in := range inputs {
		quick, slow := newJudge(in()), newJudge(in())
		for i := range slow.stretches {
			slow.stretches[i].calm = false
		}
		if slices.ContainsFunc(quick.stretches[1:], func(s stretch) bool { return s.calm }) {
			skipped++
		}
		if got, want := judged(t, in(), quick), judged(t, in(), slow); !bytes.Equal(got, want) {
			t.Errorf("%s: what was skipped shows:\n%s\nwant:\n%s", name, got, want)
		}
	}
	if skipped < 5 {
		t.Errorf("only %d inputs have a calm stretch after a change of the pool", skipped)
	}
}

// Records that come from files, decoded in batches, give the report that they give one by one.
func TestBatchesChangeNothing(t *testing.T) {
	s, path := newSynthetic(20_000), t.TempDir()+"/run"
	must(t, s.write(path))
	d, err := results.Open(path)
	must(t, err)
	in, err := open(d)
	must(t, err)
	got := judged(t, in, newJudge(in))
	in.batches = nil
	if want := judged(t, in, newJudge(in)); !bytes.Equal(got, want) {
		t.Errorf("batches show:\n%s\nwant:\n%s", got, want)
	}
	memory := s.input(in.patience)
	memory.name = in.name
	if want := judged(t, memory, newJudge(memory)); !bytes.Equal(got, want) {
		t.Errorf("files show:\n%s\nwant:\n%s", got, want)
	}
}

// The speed of the sweep rests on it: each line more is one more wait for memory.
func TestWhatAnExchangeTouchesLiesInTwoCacheLines(t *testing.T) {
	var s session
	const line = 64
	if end := unsafe.Offsetof(s.memory) + unsafe.Offsetof(s.memory.old); end > 2*line {
		t.Errorf("it takes %d bytes", end)
	}
	if size := unsafe.Sizeof(s); size <= 288 || size > 320 { // allocated in 320, a multiple of a line: neighbours share none
		t.Errorf("a session takes %d bytes, want 289 to 320", size)
	}
}

func TestHistogramIsTheLibrarys(t *testing.T) {
	ours, merged, want := newHistogram(), newHistogram(), hdrhistogram.New(1, longest, 3)
	r := rand.New(rand.NewPCG(1, 2))
	add := func(v int64) {
		ours.record(time.Duration(v))
		must(t, want.RecordValue(min(max(v, 0), longest)))
	}
	for _, v := range []int64{-1, 0, 1, 2047, 2048, 2049, longest - 1, longest, math.MaxInt64} {
		add(v)
	}
	for range 100_000 {
		add(int64(math.Exp(r.Float64() * math.Log(float64(longest)))))
	}
	merged.merge(ours)
	for _, h := range []*histogram{ours, merged} {
		if !h.hdr().Equals(want) || h.total != want.TotalCount() {
			t.Errorf("%d counts, the library has %d", h.total, want.TotalCount())
		}
	}
}

// A count that does not fit into 32 bits is carried.
func TestHistogramCountsBeyondFourBillion(t *testing.T) {
	h, merged := newHistogram(), newHistogram()
	h.record(5)
	h.counts[5], h.total = math.MaxUint32, math.MaxUint32
	merged.merge(h)
	merged.merge(h)
	h.record(5)
	if n := h.hdr().TotalCount(); n != 1<<32 || n != h.total {
		t.Errorf("%d recorded, total %d", n, h.total)
	}
	if n := merged.hdr().TotalCount(); n != 2*math.MaxUint32 {
		t.Errorf("%d merged", n)
	}
}

func TestNonceSetIsASet(t *testing.T) {
	s, want := newNonceSet(), map[uint64]bool{}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 100_000 {
		nonce := r.Uint64N(1<<16) << (48 * (i % 2)) // alike in the low bits, alike in the high ones, and 0
		if s.has(nonce) != want[nonce] {
			t.Fatalf("nonce %x: %v", nonce, s.has(nonce))
		}
		if !want[nonce] {
			s.add(nonce)
		}
		if want[nonce] = true; s.count != len(want) {
			t.Fatalf("%d of %d", s.count, len(want))
		}
	}
	if s.clear(); s.has(0) || s.has(7) || s.count != 0 {
		t.Error("something is left")
	}
}
