package backend

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics exposes the instance to Prometheus.
func (i *instance) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	labels := prometheus.Labels{"instance_name": i.o.Name}
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "stickybench_backend_requests_total", Help: "Requests that this instance began to handle.", ConstLabels: labels,
		}, func() float64 { return float64(i.requests.Load()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "stickybench_backend_handler_cpu_seconds_total", Help: "CPU time that handlers have burnt.", ConstLabels: labels,
		}, func() float64 { return time.Duration(i.burnt.Load()).Seconds() }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "stickybench_backend_in_flight_requests", Help: "Requests being handled.", ConstLabels: labels,
		}, func() float64 { return float64(i.inFlight.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "stickybench_backend_draining", Help: "1 while the instance drains.", ConstLabels: labels,
		}, func() float64 { return map[bool]float64{true: 1}[i.draining.Load()] }),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
