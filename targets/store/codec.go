package store

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

// codec turns records into bytes and back.
type codec struct {
	encode func(any) ([]byte, error)
	decode func([]byte, any) error
}

// lookupCodec finds a codec by its name; JSON is the usual one.
func lookupCodec(name string) (codec, error) {
	switch name {
	case "", "json":
		return codec{json.Marshal, json.Unmarshal}, nil
	case "gob":
		return codec{encodeGob, decodeGob}, nil
	case "msgpack":
		return codec{msgpack.Marshal, msgpack.Unmarshal}, nil
	}
	return codec{}, fmt.Errorf("store codec %q is unknown; use json, gob or msgpack", name)
}

// encodeGob describes the type in each value, as an application that stores single values must.
func encodeGob(v any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(v)
	return b.Bytes(), err
}

func decodeGob(text []byte, v any) error { return gob.NewDecoder(bytes.NewReader(text)).Decode(v) }
