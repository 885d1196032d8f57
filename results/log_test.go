package results

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
)

func sample(i int) Exchange {
	return Exchange{
		ID: wire.SessionID{User: uint32(i), Session: 1}, Seq: uint32(i), Nonce: uint64(i) << 40, Profile: 3,
		Failure: Reset, Flags: Write | Warmup, Status: 503, Due: clock.Time(i + 1), Done: clock.Time(i + 9),
		Instance: []string{"b1", "b2", ""}[i%3], Boot: 7, MarkerSent: 8, MarkerReceived: 9,
		Owner: wire.SessionID{User: 5, Session: 6}, Epoch: 10, Version: 11, Head: 12, Lookups: 13,
		StoreTime: 14, HandlerTime: 15, Source: netip.MustParseAddr("127.3.2.1"), Conn: 16, Shard: 17, Replica: 18,
	}
}

func created(t *testing.T) *Dir {
	t.Helper()
	d, err := Create(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func write(t *testing.T, d *Dir, n int) []Exchange {
	t.Helper()
	log, err := d.ExchangeLog()
	if err != nil {
		t.Fatal(err)
	}
	buffer := log.Buffer()
	var want []Exchange
	for i := range n {
		e := sample(i)
		want = append(want, e)
		if err := buffer.Append(&e); err != nil {
			t.Fatal(err)
		}
	}
	if err := buffer.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return want
}

func read(t *testing.T, d *Dir) (got []Exchange) {
	t.Helper()
	for e, err := range d.Exchanges() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	return got
}

var addresses = cmpopts.EquateComparable(netip.Addr{})

func TestExchangesComeBack(t *testing.T) {
	d := created(t)
	want := write(t, d, 10_000) // many times the reader's window
	if diff := cmp.Diff(want, read(t, d), addresses); diff != "" {
		t.Fatal(diff)
	}
	if len(d.Warnings()) != 0 {
		t.Fatalf("warnings: %q", d.Warnings())
	}
}

func TestTruncationAnywhereLosesOnlyTheTail(t *testing.T) {
	d := created(t)
	want := write(t, d, 3)
	whole, _ := os.ReadFile(d.file("exchanges.log"))
	for cut := 1; cut < len(whole); cut++ {
		if err := os.WriteFile(d.file("exchanges.log"), whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		d.warnings = nil
		if got := read(t, d); len(got) != 0 || len(d.Warnings()) != 1 {
			t.Fatalf("cut at %d: %d records, warnings %q (want %d records whole or none)", cut, len(got), d.Warnings(), len(want))
		}
	}
}

// A block of long names is larger than what is usually read at once.
func TestBlocksOfAnySizeAreRead(t *testing.T) {
	d := created(t)
	log, _ := d.ExchangeLog()
	buffer := log.Buffer()
	var want []Exchange
	for i := range 3*maxRecords + 5 {
		e := sample(i)
		e.Instance = strings.Repeat("x", maxName-3) + fmt.Sprintf("%03d", i%maxRecords)
		want = append(want, e)
		if err := buffer.Append(&e); err != nil {
			t.Fatal(err)
		}
	}
	if err := buffer.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, d); !cmp.Equal(got, want, addresses) || len(d.Warnings()) != 0 {
		t.Fatalf("%d records of %d, warnings %q", len(got), len(want), d.Warnings())
	}
}

func TestCorruptionAnywhereIsNeverBelieved(t *testing.T) {
	d := created(t)
	want := write(t, d, maxRecords+2) // two blocks
	whole, _ := os.ReadFile(d.file("exchanges.log"))
	rapid.Check(t, func(r *rapid.T) {
		at := rapid.IntRange(0, len(whole)-1).Draw(r, "at")
		broken := append([]byte(nil), whole...)
		broken[at] ^= byte(rapid.IntRange(1, 255).Draw(r, "bits"))
		if err := os.WriteFile(d.file("exchanges.log"), broken, 0o644); err != nil {
			r.Fatal(err)
		}
		for e, err := range d.Exchanges() {
			if err == nil && !cmp.Equal(e, want[e.Seq], addresses) {
				r.Fatalf("byte %d: believed %+v", at, e)
			}
		}
	})
}

func TestServeLogContinuesBehindATornTail(t *testing.T) {
	d := created(t)
	for i := range 2 {
		log, err := OpenServeLog(d.ServePath("b1"))
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Append(&Serve{Seq: uint32(i), Instance: "b1", CPU: 5, Origin: Store, Write: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := log.file.Write([]byte("SBLKtorn")); err != nil {
			t.Fatal(err)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var seqs []uint32
	for s, err := range d.Serves() {
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, s.Seq)
	}
	if !cmp.Equal(seqs, []uint32{0, 1}) || len(d.Warnings()) != 2 { // one for each torn place
		t.Fatalf("got %v, warnings %q", seqs, d.Warnings())
	}
}

func TestFullDiskIsSaid(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		if os.Getenv("STICKYBENCH_REQUIRE_REAL") == "1" {
			t.Fatal(err)
		}
		t.Skip("no /dev/full on this system")
	}
	b := (&ExchangeLog{file: f}).Buffer()
	e := sample(1)
	if err := b.Append(&e); err != nil {
		t.Fatal(err)
	}
	want := "writing /dev/full: no space left on device; free space or choose another --out"
	if err := b.Flush(); err == nil || err.Error() != want {
		t.Fatalf("got %v", err)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	d := created(t)
	log, _ := d.ExchangeLog()
	buffer, e := log.Buffer(), sample(1)
	for range 2 * maxRecords { // grow everything once
		_ = buffer.Append(&e)
	}
	if n := testing.AllocsPerRun(1000, func() { _ = buffer.Append(&e) }); n != 0 {
		t.Fatalf("%v allocations per record", n)
	}
}

func FuzzBlocks(f *testing.F) {
	e := sample(1)
	var n names
	f.Add(sealBlock(nil, kindExchange, exchangeWidth, 1, &n, appendExchange(nil, &e, &n)))
	f.Add([]byte("SBLKSBLK"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := t.TempDir() + "/exchanges.log"
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := newCursor(&Dir{}, path, kindExchange, exchangeWidth, decodeExchange)
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		var e Exchange
		for more := true; more && err == nil; {
			more, err = c.next(&e)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	f, err := os.OpenFile("/dev/null", os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	buffer, e := (&ExchangeLog{file: f}).Buffer(), sample(1)
	b.ReportAllocs()
	for b.Loop() {
		_ = buffer.Append(&e)
	}
}

func TestLongLineOfSamplesIsNotFatal(t *testing.T) {
	d := created(t)
	want := []Sample{{Process: "b1"}, {Process: strings.Repeat("x", 100_000)}, {Process: "b2"}}
	for _, s := range want {
		if err := d.WriteSample(s); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.Samples()
	if err != nil || !cmp.Equal(got, want) || len(d.Warnings()) != 0 {
		t.Fatalf("%d samples, %v, warnings %q", len(got), err, d.Warnings())
	}
}

func TestBarOfAnyShare(t *testing.T) {
	for share, want := range map[float64]int{math.NaN(): 0, -1: 0, 0: 0, 0.5: 5, 1: 10, math.Inf(1): 10} {
		if got := len([]rune(bar(share, 10))); got != want {
			t.Errorf("share %v: %d columns, want %d", share, got, want)
		}
	}
}
