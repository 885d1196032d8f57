package results

import (
	"fmt"
	"slices"
)

// bandWidth is the half width of the band in standard deviations: 95 % of random assignments.
const bandWidth = 1.96

// instances draws load and CPU of each instance against the band of random assignment.
func (v *htmlView) instances(r *Report, c *Charts) {
	names := instanceNames(c)
	var requests, cpu []float64
	for _, name := range names {
		requests, cpu = append(requests, r.instance("requests", name)), append(cpu, r.instance("cpu_ratio", name))
	}
	if len(names) == 0 || slices.Max(requests) == 0 {
		return
	}
	mean := 0.0
	for _, n := range requests {
		mean += n / float64(len(requests))
	}
	spread := mean * r.number("skew.requests.unavoidable_cv") * bandWidth
	x, y := axis{most: 1.05 * max(slices.Max(requests), mean+spread)}, axis{most: max(1e-9, 1.05*slices.Max(cpu))}
	from, to := x.at(max(0, mean-spread)), x.at(mean+spread)
	for i, name := range names {
		v.Instances = append(v.Instances, instanceView{Name: name, Color: i % colors, Sessions: fmt.Sprintf("%.0f", r.instance("sessions", name)),
			Requests: barView{Text: fmt.Sprintf("%.0f", requests[i]), Width: x.at(requests[i])}, CPU: barView{Text: fmt.Sprintf("%.3g %%", 100*cpu[i]), Width: y.at(cpu[i])},
			BandFrom: from, BandWidth: rounded(to - from)})
	}
	v.SkewText = r.instances().after
	v.headroom(r)
}

func (r *Report) instance(name, instance string) float64 {
	m, _ := r.Find("instance."+name, map[string]string{"instance": instance})
	return m.Value
}

// headroom puts what the average promises beside what the hottest instance allows.
func (v *htmlView) headroom(r *Report) {
	byAverage, ok := r.value("skew.cpu.headroom_by_average")
	if !ok {
		return
	}
	truth := r.number("skew.cpu.headroom")
	x := axis{most: max(byAverage.Value, truth, 1e-9)}
	for _, b := range []struct {
		name  string
		value float64
	}{{"by the average", byAverage.Value}, {"until the hottest is full", truth}} {
		v.Headroom = append(v.Headroom, barView{Name: b.name, Text: fmt.Sprintf("%+.0f %%", 100*b.value), Width: x.at(b.value)})
	}
}
