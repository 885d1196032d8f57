package results

// Charts is what the HTML page draws beside the report: sampled and of bounded size, whatever the run.
// Times are seconds since the run's start.
type Charts struct {
	Length     float64 // of the run
	Warmup     float64 // end of the warm-up
	Run        Run
	Experiment string // YAML
	Outages    []Span
	Windows    []Window
	Curves     []Curve
	Sessions   []SessionRow
	Total      int // sessions of which Sessions is a sample
}

// Span is a time on an instance.
type Span struct {
	From, To float64
	Instance string
}

// Window is one slice of the run.
type Window struct {
	At, Length       float64
	Requests, Errors int
	InFlight         float64 // mean
}

// Curve is the quantiles of one latency.
type Curve struct {
	Name   string
	Group  string // "clock", "profile" or "arm": the chart it belongs to
	Points []CurvePoint
}

// CurvePoint says which latency the share Below of the answers stayed below.
type CurvePoint struct{ Below, Seconds float64 }

// SessionRow is one session of the timeline.
type SessionRow struct {
	ID, Profile string
	From, To    float64
	Requests    int
	Spans       []Span
	Violations  []Violation
	Steps       []Step // the first ones, and those around violations
}

// Step is one exchange of a session, as its list shows it.
type Step struct {
	Seq             uint32
	At, Took        float64
	Write           bool
	Instance, State string // State: the status, or why there was no answer
}

// String says in a word why an exchange has no answer.
func (f Failure) String() string {
	names := [...]string{"answered", "connection refused", "connecting failed", "reset", "timed out", "malformed", "canceled", "dropped"}
	if int(f) >= len(names) {
		return "unknown"
	}
	return names[f]
}
