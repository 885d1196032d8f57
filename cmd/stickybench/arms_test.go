package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func TestParseArm(t *testing.T) {
	for text, want := range map[string]results.Arm{
		"a=builtin:cookie/memory":                     {Name: "a", LB: "builtin:cookie", Store: "memory"},
		"b=haproxy:cookie/redis://127.0.0.1:6379/0":   {Name: "b", LB: "haproxy:cookie", Store: "redis://127.0.0.1:6379/0"},
		"c=exec:/opt/lb {listen} {backends}/redis:up": {Name: "c", LB: "exec:/opt/lb {listen} {backends}", Store: "redis:up"},
		"d=builtin:table/sticky-cache:redis://h:1/0":  {Name: "d", LB: "builtin:table", Store: "sticky-cache:redis://h:1/0"},
	} {
		if got, err := parseArm(text); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "3x3", "a=", "a=builtin:cookie", "a/b=x/memory", "=x/memory", "../a=x/memory"} {
		if got, err := parseArm(text); err == nil {
			t.Errorf("%q gave %+v", text, got)
		}
	}
}

func TestArmsOfTheExperiment(t *testing.T) {
	exp := profiles.Default()
	arms, err := parseArms([]string{"2x2"}, exp)
	if err != nil || len(arms) != 4 || arms[2] != (results.Arm{Name: "sticky+store", LB: "builtin:cookie", Store: "embedded"}) {
		t.Errorf("2x2: got %+v, %v", arms, err)
	}
	for want, given := range map[string][]string{
		"at least two": {"a=builtin:cookie/memory"}, "twice": {"a=builtin:cookie/memory", "a=builtin:table/memory"},
		"arm b: ": {"a=builtin:cookie/memory", "b=builtin:nonsense/memory"},
		"store":   {"a=builtin:cookie/memory", "b=builtin:cookie/paper"},
	} {
		if _, err := parseArms(given, exp); err == nil || !strings.Contains(err.Error(), want) || exitCode(err) != exitUsage {
			t.Errorf("%v: got %v, want %q", given, err, want)
		}
	}
	exp.Balancer.Use = "haproxy:cookie"
	if _, err := parseArms(nil, exp); err == nil || !strings.Contains(err.Error(), "--arms sticky=haproxy:cookie/memory") {
		t.Errorf("no counterpart: got %v", err)
	}
}

// Every arm runs once per block, each is first about equally often, and the seed fixes the order.
func TestArmOrder(t *testing.T) {
	first := map[int]int{}
	for block := range 4000 {
		order := armOrder(7, block, 4)
		if !slices.Equal(order, armOrder(7, block, 4)) {
			t.Fatal("the order of a block changes")
		}
		if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, []int{0, 1, 2, 3}) {
			t.Fatalf("block %d plays %v", block, order)
		}
		first[order[0]]++
	}
	for arm, n := range first {
		if n < 850 || n > 1150 {
			t.Errorf("arm %d is first in %d of 4000 blocks", arm, n)
		}
	}
}

func TestBlocksHaveOtherUsers(t *testing.T) {
	seen := map[uint64]bool{}
	for block := range 100 {
		seen[blockSeed(1, block)] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d seeds for 100 blocks", len(seen))
	}
}
