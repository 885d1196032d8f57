package analysis

import (
	"strings"
	"testing"
)

func TestViolationsNameTheReplicas(t *testing.T) {
	report := mustJudge(t, read(t, "testdata/stories/replicas-one-is-blind.txt"))
	first := report.Violations[0]
	const why = "answered by another instance than its home, where lb1 had sent it; lb2 is blind to b1"
	if first.Kind != "switch" || first.Replica != "lb2" || first.Why != why {
		t.Errorf("%+v", first)
	}
	if !strings.HasSuffix(report.Reasons[0], "; the replicas disagreed on 1 of 1 that reached several") {
		t.Error(report.Reasons)
	}
}

func TestOneReplicaHasNoMetricsOfSeveral(t *testing.T) {
	report := mustJudge(t, read(t, "testdata/stories/switches.txt"))
	for _, m := range report.Metrics {
		if strings.HasPrefix(m.Name, "replicas.") {
			t.Error(m.Name)
		}
	}
	for _, v := range report.Violations {
		if v.Replica != "" {
			t.Errorf("%+v", v)
		}
	}
}
