package balancers

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// plainLine is a line of the balancers whose configuration says what they log: nginx, HAProxy, Apache, nghttpx, Envoy. Each gives
// times in the unit it knows. Numbers may stand in quotes.
type plainLine struct {
	Start     figure    `json:"start_s"` // either the start
	Began     time.Time `json:"start"`   // which may be a date
	End       figure    `json:"end_s"`   // or the end
	EndMicro  figure    `json:"end_us"`
	Client    string    `json:"client"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Status    figure    `json:"status"`
	Took      figure    `json:"took_s"`
	TookMilli figure    `json:"took_ms"`
	TookMicro figure    `json:"took_us"`
	Upstream  string    `json:"upstream"`        // addresses; several where it retried
	Statuses  string    `json:"upstream_status"` // of each
	Times     string    `json:"upstream_s"`      // of each
	Connect   figure    `json:"connect_ms"`      // or of the last one, in parts
	Response  figure    `json:"response_ms"`
	Data      figure    `json:"data_ms"`
	Retries   figure    `json:"retries"`
	Attempts  figure    `json:"attempts"`
	Session   string    `json:"session"`
	Seq       figure    `json:"seq"`
}

// figure is a number that may stand in quotes, or a dash for none.
type figure float64

func (f *figure) UnmarshalJSON(text []byte) error {
	*f = figure(number(strings.Trim(string(text), `"`)))
	return nil
}

// number is 0 for what is none.
func number(text string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return 0
	}
	return v
}

func (f figure) of(unit time.Duration) time.Duration {
	return time.Duration(float64(f) * float64(unit))
}

// plain is the parser of such lines: each is one request.
func plain() parser {
	return func(text []byte, hand func(results.Access)) error {
		var l plainLine
		if err := json.Unmarshal(text, &l); err != nil {
			return err
		}
		if l.Start == 0 && l.Began.IsZero() && l.End == 0 && l.EndMicro == 0 {
			return errors.New("a line without a time")
		}
		hand(l.access())
		return nil
	}
}

func (l plainLine) access() results.Access {
	a := results.Access{Client: l.Client, Method: l.Method, Path: l.Path, Status: int(l.Status), Session: dash(l.Session), Seq: uint32(l.Seq),
		Took: l.Took.of(time.Second) + l.TookMilli.of(time.Millisecond) + l.TookMicro.of(time.Microsecond), Tries: l.tries()}
	a.Time = clock.Time(l.End.of(time.Second) + l.EndMicro.of(time.Microsecond))
	if l.Start > 0 {
		a.Time = clock.Time(l.Start.of(time.Second) + a.Took)
	}
	if !l.Began.IsZero() {
		a.Time = clock.Time(l.Began.UnixNano()) + clock.Time(a.Took)
	}
	a.Retries = max(0, len(a.Tries)-1, int(l.Retries), int(l.Attempts)-1)
	return a
}

// tries takes apart what nginx says of each: "127.0.0.1:1, 127.0.0.1:2". A colon parts what belongs to an internal
// redirection.
func (l plainLine) tries() (list []results.Try) {
	of := func(text string) []string { return strings.Split(strings.ReplaceAll(text, " : ", ", "), ", ") }
	statuses, times := of(l.Statuses), of(l.Times)
	for n, upstream := range of(l.Upstream) {
		upstream = strings.TrimPrefix(upstream, "http://")
		if !addressed(upstream) {
			continue
		}
		t := results.Try{Upstream: upstream}
		if n < len(statuses) {
			t.Status = int(number(statuses[n]))
		}
		if n < len(times) {
			t.Took = time.Duration(number(times[n]) * float64(time.Second))
		}
		if l.Connect >= 0 && l.Response >= 0 && l.Data >= 0 {
			t.Took += (l.Connect + l.Response + l.Data).of(time.Millisecond)
		}
		list = append(list, t)
	}
	return list
}

// addressed tells an address from the name of a group or a dash, which balancers write when they reached nobody.
func addressed(upstream string) bool {
	at := strings.LastIndexByte(upstream, ':')
	if at <= 0 {
		return false
	}
	port, err := strconv.ParseUint(upstream[at+1:], 10, 16)
	return err == nil && port > 0
}

// dash is text, but nothing for the dash that stands for none.
func dash(text string) string {
	if text == "-" {
		return ""
	}
	return text
}
