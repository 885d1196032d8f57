package profiles

import "time"

// Duration is a time.Duration written as "30s", "1.5ms" or "0".
type Duration time.Duration

// Experiment is one whole experiment: what to start, who comes, what breaks, what must hold.
// A field whose built-in value is not zero is always written, so that a zero survives Encode.
// Times are nominal; Speedup divides think times, TTLs, drain and detection windows, never
// Duration, Warmup or Fault.At.
type Experiment struct {
	Name     string   `yaml:"name"`
	Seed     uint64   `yaml:"seed"`
	Duration Duration `yaml:"duration"`           // no new sessions after this
	Warmup   Duration `yaml:"warmup"`             // excluded from every metric, part of Duration
	Sessions int      `yaml:"sessions,omitempty"` // stop arrivals after so many; 0 = no limit
	Speedup  float64  `yaml:"speedup"`
	Balancer Balancer `yaml:"lb"`
	Backends Backends `yaml:"backends"`
	Store    Store    `yaml:"store"`
	Load     Load     `yaml:"load"`
	Mix      Mix      `yaml:"mix"`
	Faults   []Fault  `yaml:"faults,omitempty"`
	Gates    []string `yaml:"gates,omitempty"`
}

// Balancer says what is measured. Exactly one of Use and URL is set.
type Balancer struct {
	Use      string   `yaml:"use,omitempty"`                             // "builtin:cookie", "haproxy:cookie", "exec:CMD {listen} {backends}"
	URL      string   `yaml:"url,omitempty"`                             // an already running balancer
	Others   []string `yaml:"other_urls,omitempty"`                      // its further replicas: same scheme and path, spoken to as URL's host
	Replicas int      `yaml:"replicas" jsonschema:"minimum=1,maximum=8"` // with Use: how many of it are started, 1 to 8; users' connections go round them
	Listen   string   `yaml:"listen,omitempty"`                          // HOST:PORT of the first replica, or of the front; empty = a free loopback port
	Front    *Front   `yaml:"front,omitempty"`                           // one more balancer before the replicas; nil = none
	Config   string   `yaml:"config,omitempty"`                          // template file for exec's {config}
	TTL      Duration `yaml:"ttl"`                                       // affinity lifetime; 0 = none
	Absolute bool     `yaml:"absolute,omitempty"`                        // TTL counts from binding, not from the last request
	Points   int      `yaml:"points,omitempty"`                          // consistent-hash ring points per instance; 0 = rendezvous
	Choice   string   `yaml:"choice"`                                    // unbound sessions: "random", "round-robin", "least"
	Health   Health   `yaml:"health"`
	Log      bool     `yaml:"access_log,omitempty"` // the balancer keeps an account of every request, at its own cost
	Identify Identify `yaml:"identify,omitempty"`   // with URL: how an answer names its instance
	RoutesOn string   `yaml:"routes_on,omitempty"`  // with URL: "cookie", "address", "header", "connection" or "none"; empty = not known
	Backends []string `yaml:"backends,omitempty"`   // with URL: control ports of our backends behind it, http://HOST:PORT
	Token    string   `yaml:"-"`                    // that those ports ask for; no file ever holds it
	Template string   `yaml:"-"`                    // text of Config, read when the experiment is resolved
}

// Health is the balancer's active check. Detection takes about Interval*Fall.
type Health struct {
	Interval Duration `yaml:"interval"`
	Timeout  Duration `yaml:"timeout"`
	Rise     int      `yaml:"rise"`
	Fall     int      `yaml:"fall"`
}

// Identify finds the instance's name in an answer; at most one is set.
type Identify struct {
	Header string `yaml:"header,omitempty"`
	Cookie string `yaml:"cookie,omitempty"`
	Body   string `yaml:"body,omitempty"` // regular expression, first group or whole match
}

// Backends are the mock instances b1 … bN.
type Backends struct {
	Count          int          `yaml:"count"`
	Handler        Distribution `yaml:"handler"`                                                        // waiting time per request, seconds
	CPU            Distribution `yaml:"cpu"`                                                            // CPU time burnt per request, seconds
	CPUMode        string       `yaml:"cpu_mode,omitempty"`                                             // "real" (default: the process burns it) or "virtual" (it queues for Cores)
	Cores          float64      `yaml:"cores,omitempty"`                                                // virtual CPU of each instance; 0 = 1
	Zones          []string     `yaml:"zones,omitempty"`                                                // availability zones, dealt to b1, b2, … in turn
	Weights        []Weight     `yaml:"weights,omitempty" jsonschema:"minimum=1,maximum=256"`           // at the balancer, 1 to MostWeight, dealt likewise; none = all 1
	MaxConnections int          `yaml:"max_connections,omitempty" jsonschema:"minimum=0,maximum=65535"` // requests that the balancer has at an instance at a time; 0 = no limit
	Drain          Duration     `yaml:"drain"`                                                          // SIGTERM grace
}

// Load is how sessions arrive: Users > 0 is a closed loop; Rate, Stages, Spike, Sine and Trace are
// open. Exactly one of the six is set.
type Load struct {
	Rate             float64  `yaml:"rate,omitempty"`               // sessions per second
	Arrivals         string   `yaml:"arrivals,omitempty"`           // "poisson" (default) or "constant"
	Users            int      `yaml:"users,omitempty"`              // closed loop
	Stages           []Stage  `yaml:"stages,omitempty"`             // rates that change
	Spike            *Spike   `yaml:"spike,omitempty"`              // a base rate with one peak
	Sine             *Sine    `yaml:"sine,omitempty"`               // a rate that swings, as day and night do
	Trace            string   `yaml:"trace,omitempty"`              // file of arrival times, seconds since the start, one a line
	MaxUsers         int      `yaml:"max_users,omitempty"`          // arrivals beyond are dropped and counted; 0 = 100,000
	Timeout          Duration `yaml:"timeout"`                      // per request, in all
	ConnectTimeout   Duration `yaml:"connect_timeout,omitempty"`    // 0 = only Timeout
	FirstByteTimeout Duration `yaml:"first_byte_timeout,omitempty"` // from the request to the answer's first byte; 0 = only Timeout
	IdleTimeout      Duration `yaml:"idle_timeout,omitempty"`       // kept connections are closed after so long without use; 0 = never
	Engine           string   `yaml:"engine,omitempty"`             // "auto" (default) or "portable"
	Linger           Duration `yaml:"linger"`                       // after Duration, time for in-flight requests to finish
	Shards           int      `yaml:"shards,omitempty"`             // 0 = one
	Traceparent      bool     `yaml:"traceparent,omitempty"`        // each request carries W3C trace context
	UserHeader       string   `yaml:"user_header,omitempty"`        // request field that names the user, for balancers that route on it
	Protocol         string   `yaml:"protocol,omitempty"`           // one of the constants below; empty = HTTP1
	TLS              TLS      `yaml:"tls"`

	ClientAddress ClientAddress `yaml:"client_address,omitempty"`

	TraceTimes []time.Duration `yaml:"-" json:"-"` // what ReadTrace found in Trace
}

// UserHeader is the field that mechanisms of ours route on when they route on one.
const UserHeader = "X-User"

// The protocols that users speak.
const (
	HTTP1     = "h1"
	HTTP2     = "h2"        // by ALPN over TLS, with prior knowledge (h2c) without
	HTTP3     = "h3"        // over QUIC, so only with TLS
	WebSocket = "websocket" // a connection per user, each request is a message
	Events    = "sse"       // each request opens a stream of server-sent events
)

// TLS is how an https:// target is spoken to. Certificates are verified unless Insecure.
type TLS struct {
	CA         string `yaml:"ca,omitempty"`          // PEM file of the certificates to trust; empty = the system's
	Insecure   bool   `yaml:"insecure,omitempty"`    // accept any certificate
	ServerName string `yaml:"server_name,omitempty"` // asked for (SNI) and verified; empty = the URL's host
	Resumption bool   `yaml:"resumption"`            // a user's second connection resumes the session of its first
}

// Stage holds or ramps linearly to Rate over For.
type Stage struct {
	For  Duration `yaml:"for"`
	Rate float64  `yaml:"rate"`
	Ramp bool     `yaml:"ramp,omitempty"`
}

// Spike is Base, but Peak from At for Hold, with linear flanks of Rise and Fall.
type Spike struct {
	Base float64  `yaml:"base"`
	Peak float64  `yaml:"peak"`
	At   Duration `yaml:"at"`             // when the rise begins
	Rise Duration `yaml:"rise,omitempty"` // 0 = at once
	Hold Duration `yaml:"hold"`
	Fall Duration `yaml:"fall,omitempty"`
}

// Sine is Mean + Amplitude·sin(2πt/Period).
type Sine struct {
	Mean      float64  `yaml:"mean"`
	Amplitude float64  `yaml:"amplitude"` // at most Mean
	Period    Duration `yaml:"period"`
}

// Mix is who comes: the name of a built-in mix, or shares by profile.
type Mix struct {
	Name     string     `yaml:"name"`
	Profiles []Weighted `yaml:"profiles"`
}

// Weighted is a profile with its share of sessions. Shares are normalised to sum 1.
type Weighted struct {
	Share   float64 `yaml:"share"`
	Profile Profile `yaml:"profile"`
}

// Profile is one kind of user.
type Profile struct {
	Name         string       `yaml:"name"`
	About        string       `yaml:"about,omitempty"`
	Requests     Distribution `yaml:"requests"`                 // per session, rounded, at least 1
	Think        Distribution `yaml:"think"`                    // seconds, nominal
	Writes       float64      `yaml:"writes,omitempty"`         // share of steps that POST
	Heads        float64      `yaml:"heads,omitempty"`          // share of the other steps that HEAD; the rest GET
	Parallel     Distribution `yaml:"parallel,omitzero"`        // reads sent together in a read step; zero = 1
	Jar          string       `yaml:"jar,omitempty"`            // "keep" (default), "none", "half" (each user: 50 %)
	Connection   string       `yaml:"connection,omitempty"`     // "keep-alive" (default), "per-request", "shared": through a proxy that pools
	Pool         int          `yaml:"pool,omitempty"`           // shared: idle connections that are kept, per shard; 0 = 16
	MovesPerHour float64      `yaml:"moves_per_hour,omitempty"` // address changes, nominal
	Behind       int          `yaml:"behind,omitempty"`         // users that share one source address; 0 = own address
}
