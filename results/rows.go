package results

import (
	"cmp"
	"fmt"
	"strings"
)

// Rows are the records as other programs read them: one flat row each, the same columns in Parquet, CSV
// and JSON Lines. Times are nanoseconds since the Unix epoch, 0 for what did not happen; lengths are
// nanoseconds; 64-bit marks are 16 hex digits, because many readers keep numbers in 53 bits.
type (
	ExchangeRow struct {
		Session        string `parquet:"session,dict" about:"USER.SESSION"`
		User           uint32 `parquet:"user" about:"user number"`
		Seq            uint32 `parquet:"seq" about:"request number in the session, from 0"`
		Profile        string `parquet:"profile,dict" about:"profile of the user"`
		Method         string `parquet:"method,dict" about:"GET reads the session, POST writes it"`
		Due            int64  `parquet:"due_ns" about:"when the request should have been sent"`
		Sent           int64  `parquet:"sent_ns" about:"when the generator began"`
		FirstByte      int64  `parquet:"first_byte_ns" about:"first byte of the answer"`
		Done           int64  `parquet:"done_ns" about:"last byte of the answer, or the failure"`
		Connect        int64  `parquet:"connect_ns" about:"spent connecting; 0 on a kept connection"`
		Status         uint32 `parquet:"status" about:"HTTP status; 0 without an answer"`
		Failure        string `parquet:"failure,dict" about:"answered, or why there is no complete answer"`
		Instance       string `parquet:"instance,dict" about:"as the answer names it; empty when unknown"`
		Boot           string `parquet:"boot,dict" about:"process of the instance"`
		MarkerSent     string `parquet:"marker_sent,dict" about:"hash of the cookies sent, but for the application's"`
		MarkerReceived string `parquet:"marker_received,dict" about:"hash of those received"`
		Epoch          string `parquet:"epoch,dict" about:"session record that answered"`
		Version        uint32 `parquet:"version" about:"writes applied to it"`
		Head           string `parquet:"head,dict" about:"hash of its whole history"`
		Lookups        uint32 `parquet:"lookups" about:"store operations"`
		StoreTime      int64  `parquet:"store_ns" about:"spent in the store"`
		HandlerTime    int64  `parquet:"handler_ns" about:"spent in the handler"`
		Source         string `parquet:"source,dict" about:"the user's address"`
		Conn           uint32 `parquet:"connection" about:"connection number, unique in the shard"`
		Shard          uint32 `parquet:"shard" about:"generator shard"`
		Replica        uint32 `parquet:"replica" about:"replica of the balancer that was asked, from 1; 0 where there is only one"`
		ConnNew        bool   `parquet:"connection_new" about:"first request on its connection"`
		Warmup         bool   `parquet:"warmup" about:"left out of every metric"`
		MarkerDropped  bool   `parquet:"marker_dropped" about:"the profile withheld the marker, or a fault took, damaged or exchanged it"`
		MarkerDoubled  bool   `parquet:"marker_doubled" about:"a second cookie of the marker's name, which a fault left with the client, was sent too"`
		AddressChanged bool   `parquet:"address_changed" about:"another address than before"`
		Parallel       bool   `parquet:"parallel" about:"one of several requests sent together"`
	}
	ServeRow struct {
		Session       string `parquet:"session,dict" about:"USER.SESSION"`
		Seq           uint32 `parquet:"seq" about:"request number in the session"`
		Nonce         string `parquet:"nonce" about:"of the request; twice in the ledger is a duplicate"`
		Instance      string `parquet:"instance,dict" about:"who served it"`
		Boot          string `parquet:"boot,dict" about:"its process"`
		Start         int64  `parquet:"start_ns" about:"request read"`
		End           int64  `parquet:"end_ns" about:"answer ready"`
		Method        string `parquet:"method,dict" about:"GET or POST"`
		Status        uint32 `parquet:"status" about:"HTTP status"`
		Origin        string `parquet:"origin,dict" about:"where the state came from: none, local, store, replica"`
		Epoch         string `parquet:"epoch,dict" about:"session record"`
		VersionBefore uint32 `parquet:"version_before" about:"before the request"`
		Version       uint32 `parquet:"version" about:"after it"`
		Lookups       uint32 `parquet:"lookups" about:"store operations"`
		StoreTime     int64  `parquet:"store_ns" about:"spent in the store"`
		HandlerTime   int64  `parquet:"handler_ns" about:"spent in the handler"`
		CPU           int64  `parquet:"cpu_ns" about:"CPU time burnt"`
		StoreWait     int64  `parquet:"store_wait_ns" about:"of the store's time: waiting for a connection"`
		StoreEncode   int64  `parquet:"store_encode_ns" about:"encoding"`
		StoreTrip     int64  `parquet:"store_round_trip_ns" about:"the operations, without injected distance"`
		StoreDecode   int64  `parquet:"store_decode_ns" about:"decoding"`
		StoreInjected int64  `parquet:"store_injected_ns" about:"injected into the first operation"`
	}
	AccessRow struct {
		Session   string `parquet:"session,dict" about:"USER.SESSION; empty for what was none of ours"`
		Seq       uint32 `parquet:"seq" about:"request number in the session"`
		Time      int64  `parquet:"time_ns" about:"when the balancer was done with it"`
		Client    string `parquet:"client,dict" about:"address, as the balancer sees it"`
		Method    string `parquet:"method,dict" about:"GET, POST, …"`
		Path      string `parquet:"path,dict" about:"without query"`
		Status    uint32 `parquet:"status" about:"HTTP status of the answer"`
		Instances string `parquet:"instances,dict" about:"that it tried, in order, with blanks between; some balancers name the last only"`
		Retries   uint32 `parquet:"retries" about:"tries beyond the first, named or not"`
		Upstream  int64  `parquet:"upstream_ns" about:"spent on instances, all tries together; 0 where it does not tell"`
		Took      int64  `parquet:"took_ns" about:"from the head of the request to the end of the answer"`
	}
	ChangeRow struct {
		Time     int64  `parquet:"time_ns" about:"when"`
		Instance string `parquet:"instance,dict" about:"which instance; lb (lb1, lb2, … of several replicas), store or clients of what is theirs"`
		From     string `parquet:"from,dict" about:"state before"`
		To       string `parquet:"to,dict" about:"state after"`
		Why      string `parquet:"why,dict" about:"start, fault kill, …"`
		Kept     bool   `parquet:"memory_kept" about:"down, but its sessions will be there again"`
		Toward   string `parquet:"toward,dict" about:"instance that a replica of the balancer goes blind to, or sees again"`
	}
	SampleRow struct {
		Time     int64  `parquet:"time_ns" about:"when"`
		Process  string `parquet:"process,dict" about:"instance, lb (lb1, lb2, … of several replicas), front (before them), store, generator or host"`
		PID      int64  `parquet:"pid" about:"process id"`
		CPU      int64  `parquet:"cpu_ns" about:"cumulative CPU time"`
		RSS      int64  `parquet:"rss_bytes" about:"resident memory"`
		RunWait  int64  `parquet:"run_wait_ns" about:"cumulative wait in the run queue"`
		InFlight int64  `parquet:"in_flight" about:"requests being served"`
		Steal    int64  `parquet:"steal_ns" about:"cumulative, host only"`
	}
	SessionRecord struct {
		Session   string `parquet:"session" about:"USER.SESSION"`
		Placed    string `parquet:"placed,dict" about:"first home"`
		Requests  int64  `parquet:"requests" about:"in the measured window"`
		FollowUps int64  `parquet:"follow_ups" about:"answered requests after the first"`
		Stayed    int64  `parquet:"stayed" about:"of them, answered by home"`
		Eligible  bool   `parquet:"eligible" about:"could break"`
		Broken    bool   `parquet:"broken" about:"eligible, with a switch that nothing excuses"`
		Lost      string `parquet:"lost,dict" about:"state gone: no, excused or unexcused; the same below"`
		Stale     string `parquet:"stale,dict" about:"older version"`
		Fork      string `parquet:"fork,dict" about:"two histories"`
		Duplicate string `parquet:"duplicate,dict" about:"a write applied twice"`
		Leak      string `parquet:"leak,dict" about:"another session's answer"`
	}
)

func hex(v uint64) string { return fmt.Sprintf("%016x", v) }

func method(write bool) string {
	if write {
		return "POST"
	}
	return "GET"
}

func rowOfExchange(e *Exchange, profiles []string) ExchangeRow {
	profile := ""
	if int(e.Profile) < len(profiles) {
		profile = profiles[e.Profile]
	}
	source := ""
	if e.Source.IsValid() {
		source = e.Source.String()
	}
	is := func(f ExchangeFlags) bool { return e.Flags&f != 0 }
	return ExchangeRow{Session: e.ID.String(), User: e.ID.User, Seq: e.Seq, Profile: profile, Method: method(is(Write)),
		Due: int64(e.Due), Sent: int64(e.Sent), FirstByte: int64(e.FirstByte), Done: int64(e.Done), Connect: int64(e.Connect),
		Status: uint32(e.Status), Failure: e.Failure.String(), Instance: e.Instance, Boot: hex(e.Boot), MarkerSent: hex(e.MarkerSent),
		MarkerReceived: hex(e.MarkerReceived), Epoch: hex(e.Epoch), Version: e.Version, Head: hex(e.Head), Lookups: uint32(e.Lookups),
		StoreTime: int64(e.StoreTime), HandlerTime: int64(e.HandlerTime), Source: source, Conn: e.Conn, Shard: uint32(e.Shard), Replica: uint32(e.Replica), ConnNew: is(ConnNew),
		Warmup: is(Warmup), MarkerDropped: is(MarkerDropped), MarkerDoubled: is(MarkerDoubled), AddressChanged: is(AddressChanged), Parallel: is(Parallel)}
}

func rowOfServe(s *Serve) ServeRow {
	origin := "unknown"
	if names := [...]string{"none", "local", "store", "replica"}; int(s.Origin) < len(names) {
		origin = names[s.Origin]
	}
	return ServeRow{Session: s.ID.String(), Seq: s.Seq, Nonce: hex(s.Nonce), Instance: s.Instance, Boot: hex(s.Boot), Start: int64(s.Start), End: int64(s.End),
		Method: method(s.Write), Status: uint32(s.Status), Origin: origin, Epoch: hex(s.Epoch), VersionBefore: s.VersionBefore, Version: s.Version,
		Lookups: uint32(s.Lookups), StoreTime: int64(s.StoreTime), HandlerTime: int64(s.HandlerTime), CPU: int64(s.CPU),
		StoreWait: int64(s.Spans.Wait), StoreEncode: int64(s.Spans.Encode), StoreTrip: int64(s.Spans.RoundTrip), StoreDecode: int64(s.Spans.Decode), StoreInjected: int64(s.Spans.Trip)}
}

func rowOfAccess(a *Access) AccessRow {
	r := AccessRow{Session: a.Session, Seq: a.Seq, Time: int64(a.Time), Client: a.Client, Method: a.Method, Path: a.Path, Status: uint32(a.Status),
		Retries: uint32(a.Retries), Took: int64(a.Took)}
	var names []string
	for _, try := range a.Tries {
		names = append(names, cmp.Or(try.Instance, try.Upstream))
		r.Upstream += int64(try.Took)
	}
	r.Instances = strings.Join(names, " ")
	return r
}

func rowOfChange(c *Change) ChangeRow {
	return ChangeRow{int64(c.Time), c.Instance, string(c.From), string(c.To), c.Why, c.MemoryKept, c.Toward}
}

func rowOfSample(s *Sample) SampleRow {
	return SampleRow{int64(s.Time), s.Process, int64(s.PID), int64(s.CPU), int64(s.RSS), int64(s.RunWait), int64(s.InFlight), int64(s.Steal)}
}
