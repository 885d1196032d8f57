package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stickybench/stickybench/loadgen"
	"github.com/stickybench/stickybench/targets"
)

// exposition shows the run to Prometheus while it lasts: /metrics, and /targets for its HTTP service
// discovery of the instances. Nothing is labelled by user.
type exposition struct {
	server *http.Server

	mu         sync.Mutex // guards what follows
	now        loadgen.Progress
	deployment *targets.Deployment
}

// expose listens on address until close.
func expose(address string) (*exposition, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, exit{exitUnavailable, fmt.Errorf("--metrics: %w; choose a free HOST:PORT", err)}
	}
	e := &exposition{}
	registry := prometheus.NewRegistry()
	registry.MustRegister(e, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /targets", e.targets)
	e.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = e.server.Serve(l) }() // ends with ErrServerClosed at close
	return e, nil
}

func (e *exposition) close() error { return e.server.Close() }

func (e *exposition) progress(now loadgen.Progress) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = now
}

// watch says whose instances are to be discovered.
func (e *exposition) watch(d *targets.Deployment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deployment = d
}

// targets answers in the format of Prometheus' http_sd_config.
func (e *exposition) targets(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	d := e.deployment
	e.mu.Unlock()
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	groups := []group{}
	if d != nil {
		for _, address := range d.Controls() {
			groups = append(groups, group{[]string{address}, map[string]string{"job": "stickybench-backend"}})
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(groups)
}

var _ prometheus.Collector = (*exposition)(nil)

// metric is one figure of the progress.
type metric struct {
	name, help string
	kind       prometheus.ValueType
	value      func(loadgen.Progress) float64
}

func figures() []metric {
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	return []metric{
		{"stickybench_requests_total", "Requests sent.", counter, func(p loadgen.Progress) float64 { return float64(p.Requests) }},
		{"stickybench_request_errors_total", "Requests without a complete answer, or with a status of 500 or more.", counter, func(p loadgen.Progress) float64 { return float64(p.Errors) }},
		{"stickybench_dropped_requests_total", "Requests never sent because a limit was reached.", counter, func(p loadgen.Progress) float64 { return float64(p.Dropped) }},
		{"stickybench_sessions_total", "Sessions begun.", counter, func(p loadgen.Progress) float64 { return float64(p.Sessions) }},
		{"stickybench_session_switches_total", "Answers from another instance than the session's one before, to clients that keep their marker.", counter, func(p loadgen.Progress) float64 { return float64(p.Switched) }},
		{"stickybench_users", "Users in a session now.", gauge, func(p loadgen.Progress) float64 { return float64(p.Users) }},
		{"stickybench_in_flight_requests", "Requests without an answer yet.", gauge, func(p loadgen.Progress) float64 { return float64(p.InFlight) }},
		{"stickybench_elapsed_seconds", "Time since the run's start.", gauge, func(p loadgen.Progress) float64 { return p.Elapsed.Seconds() }},
	}
}

func (m metric) desc() *prometheus.Desc { return prometheus.NewDesc(m.name, m.help, nil, nil) }

func responseDesc() *prometheus.Desc {
	return prometheus.NewDesc("stickybench_response_seconds", "Response time of answered requests, counted from when they were due.", nil, nil)
}

func instanceDesc() *prometheus.Desc {
	return prometheus.NewDesc("stickybench_instance_answers_total", "Answers by the instance that gave them.", []string{"instance_name"}, nil)
}

// Describe implements prometheus.Collector.
func (e *exposition) Describe(to chan<- *prometheus.Desc) {
	for _, m := range figures() {
		to <- m.desc()
	}
	to <- responseDesc()
	to <- instanceDesc()
}

// Collect implements prometheus.Collector.
func (e *exposition) Collect(to chan<- prometheus.Metric) {
	e.mu.Lock()
	now := e.now
	e.mu.Unlock()
	for _, m := range figures() {
		to <- prometheus.MustNewConstMetric(m.desc(), m.kind, m.value(now))
	}
	buckets := map[float64]uint64{}
	for i, n := range now.Responses {
		buckets[loadgen.ResponseBounds()[i].Seconds()] = n
	}
	to <- prometheus.MustNewConstHistogram(responseDesc(), now.Answered, now.ResponseSum.Seconds(), buckets)
	for _, i := range now.Instances {
		to <- prometheus.MustNewConstMetric(instanceDesc(), prometheus.CounterValue, float64(i.Requests), i.Name)
	}
}
