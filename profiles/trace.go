package profiles

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// ReadTrace reads the arrival times that Load.Trace names: seconds since the run's start, one a line,
// never decreasing; empty lines and lines from # on say nothing. An error names the line.
func (e *Experiment) ReadTrace(r io.Reader) error {
	var list []time.Duration
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		at, err := strconv.ParseFloat(text, 64)
		if err != nil || !(at >= 0 && at < longestThink.Seconds()) {
			return wrong("load.trace", "%s:%d: %q is no time; write seconds since the start, such as 1.25", e.Load.Trace, number, text)
		}
		if n := len(list); n > 0 && seconds(at) < list[n-1] {
			return wrong("load.trace", "%s:%d: %s comes before the arrival above it; sort the file", e.Load.Trace, number, text)
		}
		list = append(list, seconds(at))
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("load.trace: %w", err)
	}
	if len(list) == 0 {
		return wrong("load.trace", "%s holds no arrival; write at least one time", e.Load.Trace)
	}
	e.Load.TraceTimes = list
	return nil
}

// TraceText is what ReadTrace reads back equal.
func (l *Load) TraceText() []byte {
	var b []byte
	for _, at := range l.TraceTimes {
		b = append(strconv.AppendFloat(b, at.Seconds(), 'f', 9, 64), '\n')
	}
	return b
}
