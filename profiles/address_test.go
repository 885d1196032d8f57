package profiles

import (
	"math"
	"net/netip"
	"testing"
)

// only gives an experiment where everybody is of one built-in profile.
func only(t *testing.T, name string) *Experiment {
	exp := Default()
	profile, err := LookupProfile(name)
	if err != nil {
		t.Fatal(err)
	}
	exp.Mix = Mix{Name: name, Profiles: []Weighted{{Share: 1, Profile: profile}}}
	return exp
}

func TestAddressesAreDistinct(t *testing.T) {
	plan := NewPlan(only(t, "casual"))
	seen := map[netip.Addr]uint32{}
	for user := range uint32(200_000) {
		a := plan.Source(plan.Address(user, 0))
		if other, twice := seen[a]; twice {
			t.Fatalf("users %d and %d share %s", other, user, a)
		}
		seen[a] = user
		b := a.As4()
		if b[0] != 127 || b[1] == 0 || b[1] == 255 || b[3] == 0 || b[3] == 255 {
			t.Fatalf("user %d has %s", user, a)
		}
	}
}

func TestOfficesHoldAsManyUsersAsTheySay(t *testing.T) {
	plan := NewPlan(Default())
	users, addresses := 0, map[netip.Addr]bool{}
	for user := range uint32(100_000) {
		if plan.profile(plan.Profile(user)).Behind > 0 {
			users++
			addresses[plan.Source(plan.Address(user, 0))] = true
		}
	}
	if each := float64(users) / float64(len(addresses)); math.Abs(each-50) > 5 {
		t.Fatalf("%.1f users behind one address, want 50", each)
	}
}

func TestMovesHaveTheirRate(t *testing.T) {
	exp := only(t, "mobile")
	exp.Speedup = 1
	exp.Mix.Profiles[0].Profile.MovesPerHour = 12
	plan := NewPlan(exp)
	moves, hours := 0.0, 0.0
	for user := range uint32(20_000) {
		for _, s := range play(plan, user, 0) {
			hours += s.Think.Hours()
			if s.Moved {
				moves++
			}
		}
	}
	// A step counts one move at most: long thinks lose a few.
	if rate := moves / hours; rate < 11 || rate > 12.2 {
		t.Fatalf("%.2f moves an hour, want just under 12", rate)
	}
}
