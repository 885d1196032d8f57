package loadgen

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stickybench/stickybench/results"
)

// BenchmarkRecording gives what recording costs of the client's CPU time: the histograms and the log,
// system calls included, over everything that the epoll engine's thread does for a request. Both are
// taken in turns, by the thread's own clock, so that the server beside it does not count.
func BenchmarkRecording(b *testing.B) {
	s := benchShard(b, "auto")
	e := s.record
	var whole, recording time.Duration
	b.ResetTimer()
	for left := b.N; left > 0; left -= turnLength {
		n := min(left, turnLength)
		whole += threadTime(b, func() { s.exchange(b, n) })
		recording += threadTime(b, func() { s.recordAgain(b, &e, n) })
	}
	b.StopTimer()
	b.ReportMetric(float64(whole.Nanoseconds())/float64(b.N), "cpu-ns/request")
	b.ReportMetric(float64(recording.Nanoseconds())/float64(b.N), "cpu-ns/record")
	b.ReportMetric(100*float64(recording)/float64(whole), "share-%")
}

// turnLength is many blocks of the log.
const turnLength = 10_000

func (s *shard) recordAgain(b *testing.B, e *results.Exchange, n int) {
	for range n {
		s.count(e, 0)
		if err := s.log.Append(e); err != nil {
			b.Fatal(err)
		}
	}
}

// threadTime runs f on the engine's thread and gives the CPU time that the thread used.
func threadTime(b *testing.B, f func()) time.Duration {
	var before, after unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &before); err != nil {
		b.Fatal(err)
	}
	f()
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &after); err != nil {
		b.Fatal(err)
	}
	return time.Duration(after.Nano() - before.Nano())
}
