package lb

import (
	"slices"
	"testing"
)

// Replicas with one seed read one another's markers, but do not place sessions in step: two tables would
// then seem to agree.
func TestReplicasShareTheKeyAndNotTheChoice(t *testing.T) {
	first, second := Options{Seed: 7, Choice: "random"}, Options{Seed: 7, Choice: "random", Replica: 1}
	if m, ok := newCodec(second.Seed).decode(newCodec(first.Seed).encode(marker{alias: 3})); !ok || m.alias != 3 {
		t.Error("one replica cannot read the other's marker")
	}
	offered := make([]*member, 16)
	for i := range offered {
		offered[i] = &member{}
	}
	a, b := newChoice(first), newChoice(second)
	same := 0
	for range 1000 {
		if slices.Index(offered, a.among(offered)) == slices.Index(offered, b.among(offered)) {
			same++
		}
	}
	if same > 150 {
		t.Errorf("%d of 1000 choices are the same, want about 62", same)
	}
}
