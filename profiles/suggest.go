package profiles

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/stickybench/stickybench/internal/spelling"
)

// unknownKey says what to write instead of a key that no experiment has.
func unknownKey(key string) string {
	best, distance := "", len(key)/2+1
	for _, known := range keysOf(reflect.TypeFor[Experiment](), "") {
		last := known[strings.LastIndexByte(known, '.')+1:]
		if d := spelling.Edits(strings.ToLower(key), last); d < distance {
			best, distance = known, d
		}
	}
	if best == "" {
		return fmt.Sprintf("unknown key %q; see `stickybench profiles schema` for the keys", key)
	}
	return fmt.Sprintf("unknown key %q; did you mean %s?", key, best)
}

// keysOf lists the dotted keys below a type, outermost first within each branch.
func keysOf(t reflect.Type, prefix string) (keys []string) {
	for t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		tag, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if tag == "" {
			continue
		}
		keys = append(keys, prefix+tag)
		keys = append(keys, keysOf(t.Field(i).Type, prefix+tag+".")...)
	}
	return keys
}
