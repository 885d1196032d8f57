package profiles

import "math"

// Rand is a SplitMix64 stream (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
// Generators, OOPSLA 2014): eight bytes of state, so that a million users can have one each.
type Rand struct{ state uint64 }

// NewRand seeds a stream from any number of parts; other parts give an independent stream.
func NewRand(parts ...uint64) *Rand {
	r := seeded(parts...)
	return &r
}

func seeded(parts ...uint64) Rand {
	r := Rand{}
	for _, p := range parts {
		r.state ^= p
		r.state = r.Uint64()
	}
	return r
}

// Uint64 is uniform over all 64-bit values.
func (r *Rand) Uint64() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Float is uniform in [0, 1).
func (r *Rand) Float() float64 { return float64(r.Uint64()>>11) / (1 << 53) }

// Exponential has mean 1.
func (r *Rand) Exponential() float64 { return -math.Log1p(-r.Float()) }

// Normal has mean 0 and deviation 1 (Box and Muller 1958; one of the pair is enough here and
// keeps the number of draws fixed).
func (r *Rand) Normal() float64 {
	radius := math.Sqrt(2 * r.Exponential())
	return radius * math.Cos(2*math.Pi*r.Float())
}
