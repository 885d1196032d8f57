package results

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/internal/clock"
)

// Interval is the response times, in nanoseconds, of the requests that ended in one interval.
type Interval struct {
	Start     clock.Time
	Length    time.Duration
	Histogram *hdrhistogram.Histogram
}

// WriteLatencyLog writes latency.hlog in the HdrHistogram interval log format, which the tools of
// the Java library read.
func (d *Dir) WriteLatencyLog(intervals []Interval) error {
	if len(intervals) == 0 {
		return nil
	}
	f, err := os.Create(d.file("latency.hlog"))
	if err != nil {
		return fmt.Errorf("writing latency.hlog: %w", cause(err))
	}
	return writeError(f.Name(), errors.Join(writeIntervals(hdrhistogram.NewHistogramLogWriter(f), intervals), f.Close()))
}

func writeIntervals(w *hdrhistogram.HistogramLogWriter, intervals []Interval) error {
	base := int64(intervals[0].Start) / int64(time.Second) * 1000 // the format keeps whole seconds
	w.SetBaseTime(base)
	err := errors.Join(w.OutputLogFormatVersion(), w.OutputBaseTime(base), w.OutputStartTime(base), w.OutputLegend())
	for _, i := range intervals {
		h := i.Histogram
		h.SetStartTimeMs(int64(i.Start) / int64(time.Millisecond))
		h.SetEndTimeMs(int64(i.Start.Add(i.Length)) / int64(time.Millisecond))
		err = errors.Join(err, w.OutputIntervalHistogram(h))
	}
	return err
}
