package backend

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/stickybench/stickybench/targets/store"
)

// remember leaves the sessions for the next process, as a server that persists them on shutdown does.
func (i *instance) remember() error {
	memory, local := i.store.(*store.Memory)
	if !local || !i.keep.Load() || i.o.Memory == "" {
		return nil
	}
	text, err := json.Marshal(memory.Snapshot())
	if err == nil {
		err = os.WriteFile(i.o.Memory, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keeping the sessions of %s: %w", i.o.Name, err)
	}
	return nil
}

// recall takes over what the process before left, once.
func (i *instance) recall() error {
	memory, local := i.store.(*store.Memory)
	if !local || i.o.Memory == "" {
		return nil
	}
	text, err := os.ReadFile(i.o.Memory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var records map[string]store.Record
	if err == nil {
		err = json.Unmarshal(text, &records)
	}
	if err != nil {
		return fmt.Errorf("finding the kept sessions of %s: %w", i.o.Name, err)
	}
	memory.Restore(records)
	return os.Remove(i.o.Memory)
}
