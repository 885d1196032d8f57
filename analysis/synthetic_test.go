package analysis

import (
	"net/netip"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// synthetic is a made-up run of any length, the same each time: a fixed number of users at once, each
// playing one session of 1 to 49 requests and making room for the next. One request is done every
// step. One session in a thousand switches for no reason; the second instance is out once.
type synthetic struct {
	exchanges int
	players   []synthPlayer
	users     uint32
	crash     [2]clock.Time
}

type synthPlayer struct {
	id      wire.SessionID
	seq     uint32
	left    uint32
	home    int
	epoch   uint64
	version uint32
	head    uint64
}

const (
	synthStep      = 50 * time.Microsecond
	synthActive    = 20_000
	synthInstances = 4
	synthStart     = clock.Time(1e18)
)

func newSynthetic(exchanges int) *synthetic {
	s := &synthetic{exchanges: exchanges, players: make([]synthPlayer, min(synthActive, max(1, exchanges/50)))}
	length := time.Duration(exchanges) * synthStep
	s.crash = [2]clock.Time{synthStart.Add(length / 3), synthStart.Add(length/3 + length/100)}
	for i := range s.players {
		s.begin(&s.players[i])
	}
	return s
}

func scramble(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (s *synthetic) begin(p *synthPlayer) {
	draw := scramble(uint64(s.users))
	*p = synthPlayer{id: wire.SessionID{User: s.users}, left: uint32(1 + draw%49), home: int(draw >> 32 % synthInstances)}
	s.users++
}

func (s *synthetic) run() results.Run {
	end := synthStart.Add(time.Duration(s.exchanges) * synthStep)
	r := results.Run{Schema: results.RunSchema, Name: "synthetic", LB: "synthetic", Start: synthStart, Measured: synthStart, End: end,
		Profiles:  []string{"casual", "shopper", "power", "bot"},
		Mechanism: results.Mechanism{Name: "cookie", Family: results.MoveAndStay, Key: "cookie", Detection: time.Second},
		Generator: results.Generator{Shards: 1, Offered: uint64(s.exchanges), Sent: uint64(s.exchanges)}}
	for i := range synthInstances {
		r.Instances = append(r.Instances, results.Instance{Name: instanceName(i), Cores: 1})
	}
	return r
}

func instanceName(i int) string { return [synthInstances]string{"b1", "b2", "b3", "b4"}[i] }

func (s *synthetic) changes() []results.Change {
	return []results.Change{{Time: s.crash[0], Instance: "b2", From: results.Up, To: results.Down, Why: "fault kill"},
		{Time: s.crash[1], Instance: "b2", From: results.Down, To: results.Up, Why: "start"}}
}

// each gives every request from both ends, in order.
func (s *synthetic) each(yield func(*results.Exchange, *results.Serve) bool) {
	var e results.Exchange
	var l results.Serve
	for i := range s.exchanges {
		if s.one(i, &e, &l); !yield(&e, &l) {
			return
		}
	}
}

// one makes request number i; the one before must have been made.
func (s *synthetic) one(i int, e *results.Exchange, l *results.Serve) {
	p := &s.players[i%len(s.players)]
	s.fill(e, l, p, uint64(i))
	if p.left == 0 {
		e.Flags |= results.Last
		s.begin(p)
	}
}

func (s *synthetic) fill(e *results.Exchange, l *results.Serve, p *synthPlayer, i uint64) {
	draw := scramble(i ^ 0xabcdef)
	done := synthStart.Add(time.Duration(i) * synthStep)
	sent := done.Add(-time.Duration(500_000 + draw%4_000_000))
	out := p.home == 1 && s.crash[0] <= done && sent <= s.crash[1]
	fresh := p.seq == 0
	if out || draw>>40%25_000 == 0 && p.seq > 0 {
		p.home, fresh = (p.home+1+int(draw>>20%2))%synthInstances, out
		if out && p.home == 1 {
			p.home = 2
		}
	}
	origin := results.Local
	if fresh {
		p.epoch, p.version, p.head, origin = scramble(draw)|1, 0, 0, results.None
	}
	nonce, before := scramble(draw^i), p.version
	write := draw>>50%5 == 0
	flags := results.ExchangeFlags(0)
	if write {
		p.version++
		p.head = scramble(p.head ^ nonce)
		flags = results.Write
	}
	*e = results.Exchange{ID: p.id, Seq: p.seq, Nonce: nonce, Profile: uint8(p.id.User % 4), Flags: flags, Status: 200,
		Due: sent.Add(-2000), Sent: sent, FirstByte: done.Add(-50_000), Done: done, Instance: instanceName(p.home), Boot: 1 + uint64(p.home),
		MarkerSent: 7, MarkerReceived: 7, Owner: p.id, Epoch: p.epoch, Version: p.version, Head: p.head, HandlerTime: done.Sub(sent) / 2,
		Source: netip.AddrFrom4([4]byte{127, byte(p.id.User >> 16), byte(p.id.User >> 8), byte(p.id.User)}), Conn: p.id.User}
	*l = results.Serve{ID: p.id, Seq: p.seq, Nonce: nonce, Instance: e.Instance, Boot: e.Boot, Start: sent.Add(100_000), End: done.Add(-100_000),
		Write: write, Status: 200, Origin: origin, Epoch: p.epoch, VersionBefore: before, Version: p.version, Head: p.head, HandlerTime: e.HandlerTime}
	p.seq++
	p.left--
}

// write makes a run directory through the logs that a run writes.
func (s *synthetic) write(path string) error {
	d, err := results.Create(path)
	if err != nil {
		return err
	}
	text, err := profiles.Default().Encode()
	if err != nil {
		return err
	}
	if err := d.WriteExperiment(text); err != nil {
		return err
	}
	for _, c := range s.changes() {
		if err := d.WriteChange(c); err != nil {
			return err
		}
	}
	if err := s.writeLogs(d); err != nil {
		return err
	}
	return d.WriteRun(s.run())
}

func (s *synthetic) writeLogs(d *results.Dir) error {
	log, err := d.ExchangeLog()
	if err != nil {
		return err
	}
	defer log.Close()
	ledgers := map[string]*results.ServeLog{}
	for i := range synthInstances {
		name := instanceName(i)
		if ledgers[name], err = results.OpenServeLog(d.ServePath(name)); err != nil {
			return err
		}
		defer ledgers[name].Close()
	}
	buffer := log.Buffer()
	for e, l := range s.each {
		if err := ledgers[l.Instance].Append(l); err != nil {
			return err
		}
		if err := buffer.Append(e); err != nil {
			return err
		}
	}
	return buffer.Flush()
}
