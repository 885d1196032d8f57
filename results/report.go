package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
)

// Verdict is the one-word outcome.
type Verdict string

// The verdicts; their exit codes are in cmd.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
	Invalid      Verdict = "invalid"
)

// Report is report.json, schema "stickybench/report/v1". Units are SI.
type Report struct {
	Schema     string      `json:"schema"`
	Verdict    Verdict     `json:"verdict"`
	Reasons    []string    `json:"reasons"`
	Runs       []ReportRun `json:"runs"`
	Metrics    []Metric    `json:"metrics"`
	Checks     []Check     `json:"checks"`
	Violations []Violation `json:"violations"`
	Timeline   []Event     `json:"timeline"`
	Warnings   []string    `json:"warnings"`
}

// ReportRun identifies one run of the report.
type ReportRun struct {
	Name      string `json:"name"`
	Dir       string `json:"dir"`
	LB        string `json:"lb"`
	LBVersion string `json:"lb_version"`
	Mechanism string `json:"mechanism"`
	// Front is the balancer before that one: what it is, and how many replicas it balances.
	Front    string `json:"front,omitempty"`
	Store    string `json:"store"`
	Mix      string `json:"mix"`
	Seed     uint64 `json:"seed"`
	Backends int    `json:"backends"`
	// VirtualCores is each instance's size where CPU is virtual: queued for, not burnt. 0 = real CPU.
	VirtualCores float64  `json:"virtual_cores,omitempty"`
	Duration     float64  `json:"duration_s"`
	Revision     Revision `json:"revision,omitzero"`
}

// CPU says which kind the figures of CPU are of.
func (r ReportRun) CPU() string {
	if r.VirtualCores > 0 {
		return fmt.Sprintf("virtual CPU of %g cores", r.VirtualCores)
	}
	return "real CPU"
}

// Metric is one measured figure. Lo and Hi bound a 95 % interval; nil means none is claimed.
type Metric struct {
	Run      int               `json:"run"`
	Name     string            `json:"name"`
	Labels   map[string]string `json:"labels,omitempty"` // "profile", "instance", …
	Unit     string            `json:"unit"`             // "ratio", "seconds", "count", "per_second", "p"
	Better   string            `json:"better"`           // "lower", "higher" or ""
	Value    float64           `json:"value"`
	Lo       *float64          `json:"lo,omitempty"`
	Hi       *float64          `json:"hi,omitempty"`
	N        int64             `json:"n"`
	Warnings []string          `json:"warnings"`
}

// Check is one gate's outcome.
//
// Of a gate on a change, Value is the change and Baseline what it counts from.
type Check struct {
	Gate     string   `json:"gate"`
	Verdict  Verdict  `json:"verdict"`
	Unit     string   `json:"unit,omitempty"`
	Value    float64  `json:"value"`
	Lo       *float64 `json:"lo,omitempty"`
	Hi       *float64 `json:"hi,omitempty"`
	Baseline *float64 `json:"baseline,omitempty"`
	Why      string   `json:"why,omitempty"`
}

// Violation is one thing that went wrong for one session.
type Violation struct {
	Session string  `json:"session"`
	At      float64 `json:"at_s"` // seconds since the run's start
	Kind    string  `json:"kind"` // switch, lost, stale, fork, duplicate, leak, zombie, overstay, churn
	From    string  `json:"from"`
	To      string  `json:"to"`
	Excused bool    `json:"excused"`
	Why     string  `json:"why"`
	Replica string  `json:"replica,omitempty"` // of the balancer, that the answer came through; empty where there is only one
}

// through names the replica, where there are several.
func (v Violation) through() string {
	if v.Replica == "" {
		return ""
	}
	return " through " + v.Replica
}

// Event is one point of the report's timeline.
type Event struct {
	At   float64 `json:"at_s"`
	What string  `json:"what"`
}

// ReportSchema is the schema of report.json.
const ReportSchema = "stickybench/report/v1"

// Encode gives the report as indented JSON; equal reports give equal bytes.
func (r *Report) Encode() ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // gates have < and >
	e.SetIndent("", " ")
	if err := e.Encode(r.finite()); err != nil {
		return nil, fmt.Errorf("encoding report.json: %w", err)
	}
	return text.Bytes(), nil
}

// DecodeReport reads what Encode wrote.
func DecodeReport(text []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("not a report: %w; draw it again with `stickybench analyze`", err)
	}
	if r.Schema != ReportSchema {
		return nil, fmt.Errorf("schema %q, this program reads %q; draw it again with `stickybench analyze`", r.Schema, ReportSchema)
	}
	return &r, nil
}

// Find gives the first metric of that name and exactly these labels, of whichever run.
func (r *Report) Find(name string, labels map[string]string) (Metric, bool) {
	for _, m := range r.Metrics {
		if m.Name == name && maps.Equal(m.Labels, labels) {
			return m, true
		}
	}
	return Metric{}, false
}
