package lb

import (
	"cmp"
	"container/list"
	"net/http"
	"sync"
	"time"
)

const (
	applicationCookie = "SBSESSION"
	tableLimit        = 1 << 18 // the oldest entry makes room
)

// table learns the application's session id and keeps its home. The list is in order of expiry.
type table struct {
	ttl      time.Duration
	absolute bool
	limit    int

	mu      sync.Mutex
	entries map[string]*list.Element
	order   *list.List
}

type entry struct {
	id, instance string
	from         time.Time // the TTL counts from here
}

func newTable(o Options) *table {
	return &table{ttl: o.TTL, absolute: o.Absolute, limit: tableLimit, entries: map[string]*list.Element{}, order: list.New()}
}

func (t *table) home(r *http.Request, _ *pool, _ func(*member) bool, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.evict(now)
	if e := t.entries[t.sent(r)]; e != nil {
		return e.Value.(*entry).instance
	}
	return ""
}

// bind learns the id that the application just issued, otherwise the one the client sent.
func (t *table) bind(answer http.Header, r *http.Request, instance string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.evict(now)
	if id := cmp.Or(issued(answer), t.sent(r)); id != "" {
		t.put(id, instance, now)
	}
}

// sent is the first known id among the cookies of the name, otherwise the first: a foreign one may stand before ours.
func (t *table) sent(r *http.Request) (id string) {
	for _, c := range r.CookiesNamed(applicationCookie) {
		if t.entries[c.Value] != nil {
			return c.Value
		}
		id = cmp.Or(id, c.Value)
	}
	return id
}

func (t *table) put(id, instance string, now time.Time) {
	e := t.entries[id]
	if e == nil {
		t.entries[id] = t.order.PushBack(&entry{id, instance, now})
		if t.order.Len() > t.limit {
			t.remove(t.order.Front())
		}
		return
	}
	was := e.Value.(*entry)
	if !t.absolute || was.instance != instance {
		was.instance, was.from = instance, now
		t.order.MoveToBack(e)
	}
}

func (t *table) evict(now time.Time) {
	for e := t.order.Front(); t.ttl > 0 && e != nil && now.Sub(e.Value.(*entry).from) > t.ttl; e = t.order.Front() {
		t.remove(e)
	}
}

func (t *table) remove(e *list.Element) {
	delete(t.entries, t.order.Remove(e).(*entry).id)
}

func issued(answer http.Header) string {
	for _, line := range answer["Set-Cookie"] {
		if c, err := http.ParseSetCookie(line); err == nil && c.Name == applicationCookie {
			return c.Value
		}
	}
	return ""
}
