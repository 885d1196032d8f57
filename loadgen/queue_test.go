package loadgen

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"github.com/stickybench/stickybench/internal/clock"
)

func TestQueueGivesDuesInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var q queue
	defer q.free()
	var want []due
	for slot := range uint32(5 * fewest) {
		d := due{clock.Time(random.Int64N(1000)) << 31, slot} // equal times, and both halves of the number
		want = append(want, d)
		q.push(d)
	}
	slices.SortFunc(want, func(a, b due) int {
		if pack(a).before(pack(b)) {
			return -1
		}
		return 1
	})
	for i, w := range want {
		if at := q.next(); at != w.at {
			t.Fatalf("next %d at %d, want %d", i, at, w.at)
		}
		if d := q.pop(); d != w {
			t.Fatalf("pop %d gave %+v, want %+v", i, d, w)
		}
	}
	if q.len() != 0 {
		t.Errorf("%d are left", q.len())
	}
}

// What a thinking user takes: a field more is a million times that.
func TestUsersAreSmall(t *testing.T) {
	if n := unsafe.Sizeof(user{}); n > 56 {
		t.Errorf("a user takes %d bytes, want 56 at most", n)
	}
	if n := unsafe.Sizeof(entry{}); n > 12 {
		t.Errorf("a place in the queue takes %d bytes, want 12 at most", n)
	}
}

// TestThinkingUsersAreOutsideTheHeap: what grows with the users is outside the heap.
func TestThinkingUsersAreOutsideTheHeap(t *testing.T) {
	js := newJars(site{host: "h", path: "/"})
	var users slab[user]
	var q queue
	defer func() { users.free(); q.free(); js.arena.release() }()
	const n = 100_000
	number, _ := js.number(trait{identity: identity{name: "mark", path: "/"}})
	mark := cookie{kind: &js.kinds[number], value: []byte("b1")}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range uint32(n) {
		slot := users.add()
		js.add(&users.at(slot).jar, number, mark)
		q.push(due{clock.Time(i), slot})
	}
	runtime.ReadMemStats(&after)
	if size := arenaUnit * int(users.at(0).jar.units); size > 16 {
		t.Errorf("a cookie without a date takes %d bytes, want 16 at most", size)
	}
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 16*n {
		t.Errorf("%d users take %d bytes of the heap", n, bytes)
	}
}
