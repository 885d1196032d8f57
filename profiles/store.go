package profiles

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/invopop/jsonschema"
)

// Store is where session state lives and how each request uses it.
type Store struct {
	Use        string   `yaml:"use"`                  // see Throwaway and Backing for the names that are no URL
	TTL        Duration `yaml:"ttl,omitempty"`        // state lifetime; 0 = for ever
	Size       Bytes    `yaml:"size,omitempty"`       // application data in each record, beside the oracle's evidence
	Codec      string   `yaml:"codec,omitempty"`      // "json" (default), "gob" or "msgpack"
	Operations int      `yaml:"operations,omitempty"` // least operations per request, one after the other; 0 = what it needs
	Touch      string   `yaml:"touch,omitempty"`      // what a read does: "only" (default) extends the life, "write-through" saves the record
	RTT        Distance `yaml:"rtt,omitzero"`         // injected network round trip per operation
	CrossRTT   Distance `yaml:"cross_rtt,omitzero"`   // the same for instances in another zone than the store
	Zone       string   `yaml:"zone,omitempty"`       // availability zone of the store; see Backends.Zones
}

// StickyCache is the name of local memory in front of a store: "sticky-cache:redis:start".
const StickyCache = "sticky-cache"

// Backing is the store behind a sticky cache; cached is false for a store that has none.
func (s Store) Backing() (use string, cached bool) {
	if s.Use == StickyCache {
		return "embedded", true
	}
	if rest, ok := strings.CutPrefix(s.Use, StickyCache+":"); ok {
		return rest, true
	}
	return s.Use, false
}

// Throwaway names the program of a server that the run starts for itself: "redis" for "redis:start".
func (s Store) Throwaway() (program string, ok bool) {
	use, _ := s.Backing()
	return strings.CutSuffix(use, ":start")
}

const (
	mostBytes      = 64 << 10
	mostOperations = 100
	storeNames     = "memory, replicated, embedded, redis:start, memcached:start, postgres:start, sticky-cache:STORE, or a URL: redis://…, memcached://… or postgres://…"
)

func (s Store) check() error {
	switch {
	case !s.known():
		return wrong("store.use", "%q is unknown; use %s", s.Use, storeNames)
	case s.TTL < 0:
		return wrong("store.ttl", "%v is negative; use 0 for ever", time.Duration(s.TTL))
	case s.Size < 0 || s.Size > mostBytes:
		return wrong("store.size", "%d bytes; use 0 to 64KB", s.Size)
	case !slices.Contains([]string{"", "json", "gob", "msgpack"}, s.Codec):
		return wrong("store.codec", "%q is unknown; use json, gob or msgpack", s.Codec)
	case s.Operations < 0 || s.Operations > mostOperations:
		return wrong("store.operations", "%d; use 1 for a read, 2 for read and write, 7 for a framework, at most %d", s.Operations, mostOperations)
	case !slices.Contains([]string{"", "only", "write-through"}, s.Touch):
		return wrong("store.touch", "%q is unknown; use only or write-through", s.Touch)
	}
	return nil
}

// known accepts the names of our own stores and the URL of a running one.
func (s Store) known() bool {
	use, cached := s.Backing()
	if program, ok := s.Throwaway(); ok {
		return slices.Contains([]string{"redis", "memcached", "postgres"}, program)
	}
	scheme, _, isURL := strings.Cut(use, "://")
	if isURL {
		return slices.Contains([]string{"redis", "rediss", "memcached", "postgres", "postgresql"}, scheme)
	}
	return use == "embedded" || !cached && (use == "memory" || use == "replicated")
}

// Far says whether the store has a distance; local memory can have none.
func (s Store) Far() bool { return s.RTT != Distance{} || s.CrossRTT != Distance{} || s.Zone != "" }

// DistanceFrom is the injected round trip between an instance in zone and the store.
func (s Store) DistanceFrom(zone string) Distance {
	if zone == "" || s.Zone == "" {
		return s.RTT
	}
	near, far := s.RTT, s.CrossRTT
	if near == (Distance{}) {
		near, _ = ParseDistance("same-zone")
	}
	if far == (Distance{}) {
		far, _ = ParseDistance("cross-zone")
	}
	if zone == s.Zone {
		return near
	}
	return far
}

// Bytes is a size, written as 4096 or "4KB".
type Bytes int

// UnmarshalYAML reads a number of bytes, or of KB of 1024.
func (b *Bytes) UnmarshalYAML(node ast.Node) error {
	text, unit := scalar(node), 1
	if kilo, ok := strings.CutSuffix(text, "KB"); ok {
		text, unit = kilo, 1024
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return at(node, fmt.Sprintf("%q is no size; write it like 4KB, or a number of bytes", scalar(node)))
	}
	*b = Bytes(n * unit)
	return nil
}

// JSONSchema describes both forms.
func (Bytes) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "integer"}, {Type: "string", Pattern: `^[0-9]+ ?(KB)?$`}},
		Description: "a number of bytes, or of 1024 bytes such as 4KB"}
}
