package results

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shard is a run of the users from up to to.
func shard(t *testing.T, from, to int) *Dir {
	t.Helper()
	d := created(t)
	log, err := d.ExchangeLog()
	if err != nil {
		t.Fatal(err)
	}
	buffer := log.Buffer()
	for i := from; i < to; i++ {
		e := sample(i)
		if err := buffer.Append(&e); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{buffer.Flush(), log.Close(), d.WriteExperiment([]byte("seed: 1\n")), d.WriteSample(Sample{Process: "b1"}),
		d.WriteRun(Run{Schema: RunSchema, End: 9, Generator: Generator{Shards: 1, Offered: 10, Sent: uint64(to - from), LagP99: 5}}), d.Seal()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func TestMergeMakesOneRunOfShards(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	if err := Merge(out, []*Dir{shard(t, 0, 300), shard(t, 300, 700)}); err != nil {
		t.Fatal(err)
	}
	d, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	run, err := d.Run()
	samples, _ := d.Samples()
	if err != nil || run.Generator.Sent != 700 || run.Generator.Shards != 2 || len(samples) != 2 || len(d.Damage()) != 0 {
		t.Errorf("%+v, %d samples, %v, damage %q", run.Generator, len(samples), err, d.Damage())
	}
	if n := len(read(t, d)); n != 700 || len(d.Warnings()) != 0 {
		t.Errorf("%d exchanges, %q", n, d.Warnings())
	}
}

func TestMergeRefusesRunsOfTheirOwn(t *testing.T) {
	a, b, other := shard(t, 0, 10), shard(t, 5, 15), shard(t, 20, 30)
	if err := other.WriteExperiment([]byte("seed: 2\n")); err != nil {
		t.Fatal(err)
	}
	for want, parts := range map[string][]*Dir{"two runs": {a, b}, "not shards": {a, other}} {
		if err := Merge(filepath.Join(t.TempDir(), "out"), parts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestTagsNameAResult(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := SetTags(dir, []string{"v1.2", "main", "main"}); err != nil {
		t.Fatal(err)
	}
	if tags, err := Tags(dir); err != nil || !slices.Equal(tags, []string{"main", "v1.2"}) || !slices.Equal(Tagged(root, "main"), []string{dir}) {
		t.Errorf("%q, %v, %q", tags, err, Tagged(root, "main"))
	}
	if err := SetTags(dir, []string{"a b"}); err == nil {
		t.Error("a tag with a space is accepted")
	}
	if err := os.WriteFile(filepath.Join(dir, tagsFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Tags(dir); err == nil {
		t.Error("damaged tags are none")
	}
}

func TestDiffMarksWhatIsApart(t *testing.T) {
	of := func(v, lo, hi float64) *Report {
		return &Report{Verdict: Pass, Metrics: []Metric{{Name: "affinity.broken_ratio", Unit: Ratio, Value: v, Lo: &lo, Hi: &hi, N: 9}, {Name: "same", Value: 1}, {Name: "only", Labels: map[string]string{"run": hex(uint64(v * 1e6))}}}}
	}
	for want, b := range map[string]*Report{"+400%  │ * \n": of(0.05, 0.04, 0.06), "+400%  │  \n": of(0.05, 0.005, 0.06)} {
		var text strings.Builder
		if err := Diff(&text, of(0.01, 0, 0.02), b, 100, false); err != nil {
			t.Fatal(err)
		}
		if marked := strings.Contains(text.String(), "│ *"); marked != strings.Contains(want, "*") || !strings.Contains(text.String(), "+400%") || !strings.Contains(text.String(), "1 are equal") {
			t.Errorf("want %q:\n%s", want, text.String())
		}
	}
	if err := Diff(io.Discard, &Report{}, &Report{}, 60, true); err != nil {
		t.Error(err)
	}
}
