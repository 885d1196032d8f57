package backend

import (
	"net/http"

	"github.com/stickybench/stickybench/internal/wire"
)

// sign names the instance in an answer of the control port, for a run that did not start it.
func (i *instance) sign(w http.ResponseWriter) { w.Header().Set(wire.HeaderInstance, i.o.Name) }
