package profiles

import (
	"fmt"
	"slices"
	"time"
)

// Event is one primitive step of a fault: what is done when to which one instance, to a balancer or to one replica of it.
type Event struct {
	At      time.Duration // since the run's start
	Fault   int           // which fault it comes from
	Action  string        // kill, terminate, start, freeze, reset, slow, error, unhealthy, heal, drain, undrain, add, remove, reload, blind, and of clients forget, garble, double, replay, move, pause
	Target  string        // "b2", TheBalancer, "lb2" of several replicas, TheFront or TheClients
	End     bool          // what the action began ends here
	Delay   time.Duration // slow: by how much
	For     time.Duration // pause: how long
	Keep    bool          // terminate: the next start finds the sessions again
	Replica int           // blind: which replica of the balancer, from 1
}

// String is how the timeline calls the event.
func (e Event) String() string {
	text := e.Action
	if e.Delay > 0 && !e.End {
		text += fmt.Sprintf(" by %v", e.Delay)
	}
	if e.Keep {
		text += ", memory kept"
	}
	if e.Replica > 0 {
		text += fmt.Sprintf(" in replica %d", e.Replica)
	}
	if e.End {
		text += " ended"
	}
	return text
}

// Events expands the faults into primitive steps, in the order of time. Steps of one moment keep the
// order of the file.
func (e *Experiment) Events() []Event {
	var events []Event
	for n, f := range e.Faults {
		for _, step := range e.expand(f) {
			step.Fault = n
			events = append(events, step)
		}
	}
	slices.SortStableFunc(events, func(a, b Event) int { return int(a.At - b.At) })
	return events
}

func (e *Experiment) expand(f Fault) (events []Event) {
	kind, target := f.kind()
	for n, name := range e.targets(target) {
		begin := f
		if kind.name == "rolling" { // one after the other
			begin.At += Duration(n) * f.For
		}
		if kind.events == nil {
			events = append(events, spell(begin, kind.name, name)...)
			continue
		}
		events = append(events, kind.events(begin, kind.name, name)...)
	}
	return events
}

// targets lists what a name stands for.
func (e *Experiment) targets(name string) []string {
	if name != EveryInstance {
		return []string{name}
	}
	var names []string
	for n := range e.Backends.Count {
		names = append(names, InstanceName(n))
	}
	return names
}

// step is one event of f, later than its begin.
func (f Fault) step(later Duration, action, target string) Event {
	return Event{At: time.Duration(f.At + later), Action: action, Target: target}
}

// spell is one event, or two when the fault lasts For.
func spell(f Fault, name, target string) []Event {
	begin := f.step(0, name, target)
	begin.Delay, begin.Keep, begin.Replica = time.Duration(f.Delay), f.KeepMemory, f.Replica
	if f.For == 0 {
		return []Event{begin}
	}
	end := f.step(f.For, name, target)
	end.End, end.Replica = true, f.Replica
	return []Event{begin, end}
}

func restarted(f Fault, _, target string) []Event {
	down := f.step(0, "terminate", target)
	down.Keep = f.KeepMemory
	return []Event{down, f.step(f.For, "start", target)}
}

func flapping(f Fault, _, target string) (events []Event) {
	for at := Duration(0); at < f.For; at += f.Every {
		events = append(events, f.step(at, "unhealthy", target))
		end := f.step(at+f.Every/2, "unhealthy", target)
		end.End = true
		events = append(events, end)
	}
	return events
}

func paused(f Fault, _, target string) []Event {
	events := spell(f, "pause", target)
	events[0].For = time.Duration(f.For)
	return events
}

func drained(f Fault, _, target string) []Event {
	begin := f.step(0, "drain", target)
	if f.For == 0 {
		return []Event{begin}
	}
	return []Event{begin, f.step(f.For, "undrain", target)}
}

func replaced(f Fault, _, target string) []Event {
	return []Event{f.step(0, "add", f.With), f.step(0, "remove", target), f.step(0, "terminate", target)}
}

// rolling spends a quarter of the time draining and a quarter down.
func rolling(f Fault, _, target string) []Event {
	down := f.step(f.For/4, "terminate", target)
	down.Keep = f.KeepMemory
	return []Event{f.step(0, "drain", target), down, f.step(f.For/2, "start", target), f.step(f.For/2, "undrain", target)}
}
