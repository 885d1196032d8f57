package lb

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// memberState is one line of GET /state.
type memberState struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Up       bool   `json:"up"`
	Draining bool   `json:"draining"`
	InFlight int64  `json:"in_flight"`
}

// control is the handler of the control port.
func (r *router) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /drain", func(w http.ResponseWriter, q *http.Request) { r.drain(w, q, true) })
	mux.HandleFunc("POST /undrain", func(w http.ResponseWriter, q *http.Request) { r.drain(w, q, false) })
	mux.HandleFunc("PUT /pool", r.putPool)
	mux.HandleFunc("GET /state", r.state)
	return mux
}

func (r *router) drain(w http.ResponseWriter, q *http.Request, draining bool) {
	name := q.FormValue("instance")
	m := r.pool.Load().named(name)
	if m == nil {
		http.Error(w, fmt.Sprintf("instance: %q is not in the pool", name), http.StatusNotFound)
		return
	}
	m.draining.Store(draining)
}

func (r *router) putPool(w http.ResponseWriter, q *http.Request) {
	var instances []Instance
	err := json.NewDecoder(http.MaxBytesReader(w, q.Body, 1<<20)).Decode(&instances)
	if err == nil {
		err = validPool(instances)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.replace(instances)
}

func (r *router) state(w http.ResponseWriter, _ *http.Request) {
	all := []memberState{}
	for _, m := range r.pool.Load().members {
		all = append(all, memberState{m.Name, m.URL, !m.down.Load(), m.draining.Load(), m.inFlight.Load()})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(all) // the reader is gone
}
