//go:build !race

// Damage is read by one goroutine: the race detector has nothing to find here and takes ten times as long.

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/results"
)

// outcome is what a command line left.
type outcome struct {
	code     int
	out, err string
}

// try runs a command line in this process, through the real root command.
func try(t *testing.T, ctx context.Context, args ...string) (o outcome) {
	t.Helper()
	var out, said bytes.Buffer
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("stickybench %s: panic: %v", strings.Join(args, " "), r)
		}
		o.out, o.err = out.String(), said.String()
	}()
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&said)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if message := describe(err); message != "" {
		fmt.Fprintln(&said, "stickybench: "+message)
	}
	return outcome{code: exitCode(err)}
}

// damages are what may have happened to a file. Nil: it is gone.
func damages(name string, whole []byte, r *rand.Rand) map[string][]byte {
	flipped := bytes.Clone(whole)
	for range 3 {
		flipped[r.IntN(len(flipped))] ^= 1 << r.IntN(8)
	}
	all := map[string][]byte{"missing": nil, "empty": {}, "cut": whole[:len(whole)/2], "flipped": flipped}
	if later := future(name, whole); later != nil {
		all["of a later version"] = later
	}
	return all
}

// future is the file as a later version might write it; nil where it carries none.
func future(name string, whole []byte) []byte {
	switch {
	case strings.HasSuffix(name, ".log"):
		log := bytes.Clone(whole)
		log[4]++
		total := 16 + int(binary.LittleEndian.Uint16(log[8:])) + int(binary.LittleEndian.Uint16(log[6:]))*int(binary.LittleEndian.Uint16(log[10:]))
		table := crc32.MakeTable(crc32.Castagnoli)
		binary.LittleEndian.PutUint32(log[12:], crc32.Update(crc32.Checksum(log[:12], table), table, log[16:total]))
		return log
	case strings.HasSuffix(name, ".yaml"):
		return append([]byte("from_the_future: 1\n"), whole...)
	case bytes.Contains(whole, []byte("/v1")):
		return bytes.Replace(whole, []byte("/v1"), []byte("/v2"), 1)
	case bytes.Contains(whole, []byte("version 1.3")):
		return bytes.Replace(whole, []byte("version 1.3"), []byte("version 9.1"), 1)
	}
	return nil
}

// eachDamage does something to every file below dir in turn, and then mends it.
func eachDamage(t *testing.T, dir string, skip func(name string) bool, do func(name, how string)) {
	t.Helper()
	r, files := rand.New(rand.NewPCG(31, 32)), 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, dir+"/")
		if err != nil || e.IsDir() || skip(name) {
			return err
		}
		whole, err := os.ReadFile(path)
		if err != nil || len(whole) == 0 {
			return err
		}
		files++
		for how, text := range damages(name, whole, r) {
			if text == nil {
				err = os.Remove(path)
			} else {
				err = os.WriteFile(path, text, 0o644)
			}
			fatal(t, err)
			do(name, how)
		}
		return os.WriteFile(path, whole, 0o644)
	})
	fatal(t, err)
	if files < 4 {
		t.Fatalf("only %d files were damaged", files)
	}
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// calm records a short real run and makes it one of an idle machine: a busy one would pass nothing anyway.
func calm(t *testing.T, path string) {
	t.Helper()
	if o := try(t, t.Context(), "run", "testdata/brief.yaml", "--out", path, "--quiet"); o.code != exitOK && o.code != exitInvalid {
		t.Fatalf("%+v", o)
	}
	dir, err := results.Open(path)
	fatal(t, err)
	run, err := dir.Run()
	fatal(t, err)
	run.Generator.LagP50, run.Generator.LagP99, run.Warnings = 1000, 2000, nil
	fatal(t, dir.WriteRun(run))
	fatal(t, os.Remove(filepath.Join(path, "samples.jsonl"))) // may tell of stolen time
	fatal(t, dir.WriteSample(results.Sample{Time: run.Start, Process: "b1", PID: 1}))
	fatal(t, dir.Seal())
	if o := try(t, t.Context(), "analyze", path); o.code != exitOK {
		t.Fatalf("the intact run does not pass: %+v", o)
	}
}

// unsealed files take no part in verdicts: the report is drawn from the others.
func unsealed(name string) bool {
	return slices.Contains([]string{"report.json", "tags.json"}, filepath.Base(name))
}

// oneClearLine wants a message on one line, whatever was printed besides.
func oneClearLine(t *testing.T, what string, o outcome) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(o.err), "\n")
	if o.code == exitUsage && (len(lines) != 1 || !strings.HasPrefix(lines[0], "stickybench: ")) || len(lines[len(lines)-1]) > 600 {
		t.Errorf("%s: exit code %d says %q", what, o.code, o.err)
	}
	if o.code != exitOK && o.err == "" && !strings.Contains(o.out, "damaged") && !strings.Contains(o.out, "INVALID") && !strings.Contains(o.out, "unreadable") {
		t.Errorf("%s: exit code %d says nothing: %q", what, o.code, o.out)
	}
}

// Whatever happened to a file of a run directory, no command panics, each says one clear line, and neither a gate
// nor a report passes.
func TestDamagedRunIsSaid(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir, intact := filepath.Join(root, "run"), filepath.Join(t.TempDir(), "intact")
	calm(t, intact)
	fatal(t, os.CopyFS(dir, os.DirFS(intact)))
	fatal(t, results.SetTags(dir, []string{"main"}))
	if o := try(t, t.Context(), "gate", dir, "--gate", "errors.ratio < 50%"); o.code != exitOK {
		t.Fatalf("the intact run does not pass its gate: %+v", o)
	}
	judging := [][]string{{"analyze", dir}, {"gate", dir, "--gate", "errors.ratio < 50%"},
		{"gate", intact, "--baseline", dir, "--gate", "affinity.broken_ratio < +90pp"}, {"gate", dir, "--baseline", intact, "--gate", "affinity.broken_ratio < +90pp"},
		{"results", "merge", filepath.Join(t.TempDir(), "merged"), dir, intact}}
	var reading [][]string
	for _, f := range formatsOf("") {
		reading = append(reading, []string{"report", dir, "--format", f.name})
	}
	for _, format := range []string{"parquet", "hlog"} {
		reading = append(reading, []string{"results", "export", dir, "--format", format, "-o", filepath.Join(t.TempDir(), format)})
	}
	reading = append(reading, []string{"results", "show", dir}, []string{"results", "diff", dir, intact}, []string{"results", "diff", intact, dir}, []string{"results", "list", root},
		[]string{"results", "trend", root}, []string{"results", "prune", root, "--older-than", "1ns", "--dry-run"}, []string{"gate", intact, "--baseline", "git:0123456", "--results", root, "--gate", "errors.ratio < +1pp"})
	eachDamage(t, dir, func(name string) bool { return name == "serves-b2.log" }, func(name, how string) {
		for _, args := range judging {
			what := fmt.Sprintf("%s %s: %s", name, how, strings.Join(args, " "))
			o := try(t, t.Context(), args...)
			oneClearLine(t, what, o)
			if o.code == exitOK && !unsealed(name) {
				t.Errorf("%s passes: %s%s", what, o.out, o.err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "report.json"), readFile(t, filepath.Join(intact, "report.json")), 0o644); err != nil || name == "report.json" {
			fatal(t, err)
		}
		for _, args := range reading {
			what := fmt.Sprintf("%s %s: %s", name, how, strings.Join(args, " "))
			o := try(t, t.Context(), args...)
			oneClearLine(t, what, o)
			if args[0] == "report" && !unsealed(name) && !(strings.HasSuffix(name, ".log") && (how == "flipped" || how == "of a later version")) && // only who reads the log sees that
				o.code == exitOK && !strings.Contains(strings.ToLower(o.out), "invalid") {
				t.Errorf("%s hides the damage", what)
			}
			if args[1] == "export" && !unsealed(name) && o.code == exitOK && o.err == "" {
				t.Errorf("%s says nothing of it", what)
			}
			if args[1] == "list" && !strings.Contains(o.out, "run") && !(name == "run.json" && how == "missing") {
				t.Errorf("%s leaves the result out", what)
			}
		}
	})
}

// The same for a comparison: its own files, and those of a run in one of its blocks.
func TestDamagedComparisonIsSaid(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir, intact := filepath.Join(root, "comparison"), filepath.Join(t.TempDir(), "intact")
	calm(t, intact)
	ended, end := context.WithCancel(t.Context())
	end()
	again := []string{"compare", "testdata/brief.yaml", "--blocks", "6", "--out", dir, "--quiet", "--gate", "affinity.broken_ratio < +20pp"}
	if o := try(t, ended, again...); o.code != exitInterrupted {
		t.Fatalf("%+v", o)
	}
	for k := range 6 {
		for _, arm := range []string{"sticky+memory", "spread+store"} {
			fatal(t, os.CopyFS(filepath.Join(dir, fmt.Sprintf("block-%d", k+1), arm), os.DirFS(intact)))
		}
	}
	if o := try(t, t.Context(), "gate", dir); o.code != exitOK {
		t.Fatalf("the intact comparison does not pass: %+v", o)
	}
	judging := [][]string{{"gate", dir}, {"analyze", dir}}
	others := [][]string{again, {"gate", dir, "--self-test", "--gate", "latency.response.p50 < +5%"}, {"report", dir, "--format", "junit"}, {"report", dir, "--format", "html"},
		{"results", "show", dir}, {"results", "list", root}, {"results", "prune", root, "--older-than", "1ns", "--dry-run"}}
	elsewhere := func(name string) bool { // one run of twelve stands for all
		return strings.HasPrefix(name, "block-") && !strings.HasPrefix(name, "block-4/sticky+memory/") || strings.HasSuffix(name, "samples.jsonl") || strings.Contains(name, "serves-b2")
	}
	eachDamage(t, dir, elsewhere, func(name, how string) {
		if strings.HasPrefix(name, "block-") && (how == "empty" || unsealed(name)) {
			return
		}
		for _, args := range judging {
			what := fmt.Sprintf("%s %s: %s", name, how, strings.Join(args, " "))
			o := try(t, t.Context(), args...)
			oneClearLine(t, what, o)
			if o.code == exitOK && !unsealed(name) {
				t.Errorf("%s passes: %s%s", what, o.out, o.err)
			}
		}
		rest := others
		if strings.HasPrefix(name, "block-") {
			rest = others[:1]
		}
		for _, args := range rest {
			ctx := t.Context()
			if args[0] == "compare" {
				ctx = ended // plays nothing, but reads what it would continue
			}
			oneClearLine(t, fmt.Sprintf("%s %s: %s", name, how, strings.Join(args, " ")), try(t, ctx, args...))
		}
	})
}
