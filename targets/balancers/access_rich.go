package balancers

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// caddyLine is a line of Caddy's structured log: an access, or one try that its proxy made for it.
type caddyLine struct {
	Time     float64 `json:"ts"`
	Message  string  `json:"msg"`
	Upstream string  `json:"upstream"`
	Duration float64 `json:"duration"`
	Status   int     `json:"status"`
	Request  struct {
		RemoteIP string              `json:"remote_ip"`
		ClientIP string              `json:"client_ip"` // from 2.7 on
		Method   string              `json:"method"`
		URI      string              `json:"uri"`
		Headers  map[string][]string `json:"headers"`
	} `json:"request"`
}

// Messages of the lines that count.
const (
	caddyAccess = "handled request"
	caddyTry    = "upstream roundtrip"
)

// caddyParser gathers the tries of a request until its access comes, which is the last of its lines.
func caddyParser() parser {
	tries := map[string][]results.Try{}
	return func(text []byte, hand func(results.Access)) error {
		var l caddyLine
		if err := json.Unmarshal(text, &l); err != nil {
			return err
		}
		session, seq := l.header(wire.HeaderSession), l.header(wire.HeaderSeq)
		key := session + "/" + seq + "/" + l.header(wire.HeaderNonce)
		switch l.Message {
		case caddyTry:
			if session != "" {
				tries[key] = append(tries[key], results.Try{Upstream: l.Upstream, Status: l.Status, Took: seconds(l.Duration)})
			}
		case caddyAccess:
			a := results.Access{Time: clock.Time(seconds(l.Time)), Client: l.Request.ClientIP, Method: l.Request.Method, Path: path(l.Request.URI),
				Status: l.Status, Session: session, Seq: uint32(number(seq)), Tries: tries[key], Took: seconds(l.Duration)}
			if a.Client == "" {
				a.Client = l.Request.RemoteIP
			}
			a.Retries = max(0, len(a.Tries)-1)
			delete(tries, key)
			hand(a)
		}
		return nil
	}
}

func (l caddyLine) header(name string) string {
	if values := l.Request.Headers[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func path(uri string) string {
	path, _, _ := strings.Cut(uri, "?")
	return path
}

// traefikLine is a line of Traefik's access log in JSON; lengths are nanoseconds.
type traefikLine struct {
	Start    time.Time     `json:"StartUTC"`
	Took     time.Duration `json:"Duration"`
	Upstream time.Duration `json:"OriginDuration"`
	Client   string        `json:"ClientHost"`
	Method   string        `json:"RequestMethod"`
	Path     string        `json:"RequestPath"`
	Status   int           `json:"DownstreamStatus"`
	Origin   int           `json:"OriginStatus"`
	Service  string        `json:"ServiceAddr"`
	Retries  int           `json:"RetryAttempts"`
	Session  string        `json:"request_Stickybench-Session"`
	Seq      string        `json:"request_Stickybench-Seq"`
}

func traefikParser() parser {
	return func(text []byte, hand func(results.Access)) error {
		var l traefikLine
		if err := json.Unmarshal(text, &l); err != nil {
			return err
		}
		if l.Start.IsZero() {
			return fmt.Errorf("a line without StartUTC")
		}
		a := results.Access{Time: clock.Time(l.Start.Add(l.Took).UnixNano()), Client: l.Client, Method: l.Method, Path: path(l.Path), Status: l.Status,
			Session: dash(l.Session), Seq: uint32(number(l.Seq)), Retries: l.Retries, Took: l.Took}
		if _, _, err := net.SplitHostPort(l.Service); err == nil {
			a.Tries = []results.Try{{Upstream: l.Service, Status: l.Origin, Took: l.Upstream}}
		}
		hand(a)
		return nil
	}
}
