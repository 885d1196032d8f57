package loadgen

// shelf is what is kept for one Request.Pool.
type shelf struct {
	first uint32
	n     int
}

// head is where the list of kept connections begins.
func (e *epoll) head(slot uint32, pool uint8) *uint32 {
	if pool > 0 {
		return &e.pooled[pool].first
	}
	for int(slot) >= e.kept.n {
		e.kept.add()
	}
	return e.kept.at(slot)
}

// take gives the kept connection of r's place when it fits.
func (e *epoll) take(r *Request) *socket {
	at := e.head(r.Slot, r.Pool)
	for *at != 0 && r.Pool == 0 && e.sockets.all[*at].lane != r.Lane {
		at = &e.sockets.all[*at].next
	}
	if *at == 0 {
		return nil
	}
	s := e.sockets.all[*at]
	e.unkeep(at, s)
	if s.source == e.owner(r) && r.KeepAlive {
		return s
	}
	e.discard(s)
	return nil
}

// unkeep takes s, to which at leads, out of what is kept.
func (e *epoll) unkeep(at *uint32, s *socket) {
	*at = s.next
	e.pooled[s.pool].n--
	e.sockets.unlink(idling, s)
}

// keep holds the connection for the next request; a full pool closes it, as proxies do.
func (e *epoll) keep(s *socket) {
	if s.pool > 0 && e.pooled[s.pool].n >= e.pools[s.pool] {
		e.discard(s)
		return
	}
	s.request, s.since = nil, e.now
	e.sockets.unlink(awaited, s)
	e.sockets.push(idling, s)
	head := e.head(s.slot, s.pool)
	s.next, *head = *head, s.place
	e.pooled[s.pool].n++
}

// drop closes a kept connection.
func (e *epoll) drop(s *socket) {
	at := e.head(s.slot, s.pool)
	for *at != s.place {
		at = &e.sockets.all[*at].next
	}
	e.unkeep(at, s)
	e.discard(s)
}

func (e *epoll) Release(slot uint32) {
	for int(slot) < e.kept.n && *e.kept.at(slot) != 0 {
		e.drop(e.sockets.all[*e.kept.at(slot)])
	}
}
