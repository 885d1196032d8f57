package analysis

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// histogram counts times in the buckets of an HdrHistogram of three digits. It takes half the memory and
// is recorded into for every request, of which several have to fit into the processor's cache.
type histogram struct {
	counts []uint32
	more   map[int]int64 // what does not fit into counts
	total  int64
}

const (
	// longest is the largest time the histograms tell apart; longer ones count as this.
	longest = int64(time.Hour)
	// halfBucket is how many counts each power of two has beyond 2*halfBucket, below which every value has its own.
	halfBucket     = 1 << halfBucketBits
	halfBucketBits = 10
)

func newHistogram() *histogram {
	return &histogram{counts: make([]uint32, bucket(longest)+1), more: map[int]int64{}}
}

// bucket is the number of the value's count.
func bucket(v int64) int {
	shift := bits.Len64(uint64(v)|(2*halfBucket-1)) - halfBucketBits - 1
	return shift<<halfBucketBits + int(v>>shift)
}

// least is the smallest value of a bucket.
func least(bucket int) int64 {
	shift := max(0, bucket>>halfBucketBits-1)
	return int64(bucket-shift<<halfBucketBits) << shift
}

func (h *histogram) record(d time.Duration) {
	h.total++
	i := bucket(min(max(int64(d), 0), longest))
	if h.counts[i]++; h.counts[i] == 0 {
		h.more[i] += 1 << 32
	}
}

func (h *histogram) merge(from *histogram) {
	h.total += from.total
	for i, n := range from.counts {
		if sum := uint64(h.counts[i]) + uint64(n); sum > 0 {
			h.counts[i] = uint32(sum)
			h.more[i] += int64(sum>>32<<32) + from.more[i]
		}
	}
}

// hdr is the same as the library's, which knows quantiles.
func (h *histogram) hdr() *hdrhistogram.Histogram {
	full := hdrhistogram.New(1, longest, 3)
	for i, n := range h.counts {
		if n := int64(n) + h.more[i]; n > 0 {
			_ = full.RecordValues(least(i), n) // of equal range: cannot fail
		}
	}
	return full
}
