package balancers

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/file/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/stateful_session/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/listener/proxy_protocol/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/http/stateful_session/cookie/v3"
	"github.com/goccy/go-yaml"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/stickybench/stickybench/profiles"
)

// TestEnvoyTakesTheConfiguration reads what is written for Envoy as Envoy does: by its own messages, which know each
// field, and by the rules for their values. It stands in for the program, which no package brings.
func TestEnvoyTakesTheConfiguration(t *testing.T) {
	for _, m := range envoyMechanisms() {
		for variant, change := range map[string]func(*Params){
			"plain":      func(*Params) {},
			"lifetime":   func(p *Params) { p.Absolute = true },
			"drain":      func(p *Params) { p.Instances[1].Draining = true },
			"weights":    func(p *Params) { p.Weights, p.Instances[2].Weight = []int{1, 4}, 4 },
			"access log": func(p *Params) { p.AccessLog = true },
			"PROXY":      func(p *Params) { p.Via = profiles.ViaProxy2 },
			"forwarded":  func(p *Params) { p.Via = profiles.ViaForwarded },
		} {
			t.Run(m.Name+"/"+variant, func(t *testing.T) {
				p := sample()
				change(&p)
				files, err := envoy().files(m, p)
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(readEndpoints(files[0]), read(&bootstrapv3.Bootstrap{}, []byte(files[1].text))); err != nil {
					t.Errorf("%v\n%s\n%s", err, files[0].text, files[1].text)
				}
			})
		}
	}
}

// TestEnvoyRefusesWhatIsWrong: the check above can fail, in the depth of a configuration and by a value.
func TestEnvoyRefusesWhatIsWrong(t *testing.T) {
	files, err := envoy().files(envoyMechanisms()[0], sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][2]string{{"cookie: {name: SRV", "cookie: {nom: SRV"}, {"unhealthy_threshold: 3, ", ""}, {"v3.CookieBased", "v3.Based"}} {
		text := bytes.Replace([]byte(files[1].text), []byte(wrong[0]), []byte(wrong[1]), 1)
		if read(&bootstrapv3.Bootstrap{}, text) == nil {
			t.Errorf("%q in the place of %q was taken", wrong[1], wrong[0])
		}
	}
	files[0].text = strings.Replace(files[0].text, "port_value", "port", 1)
	if readEndpoints(files[0]) == nil {
		t.Error("an endpoint without a port was taken")
	}
}

// readEndpoints reads the resources of the watched file, which are of any type.
func readEndpoints(f file) error {
	var watched struct {
		Resources []map[string]any `yaml:"resources"`
	}
	if err := yaml.Unmarshal([]byte(f.text), &watched); err != nil {
		return err
	}
	if len(watched.Resources) != 1 {
		return fmt.Errorf("%s: %d resources, want 1", f.name, len(watched.Resources))
	}
	text, err := yaml.Marshal(watched.Resources[0])
	if err != nil {
		return err
	}
	return read(&anypb.Any{}, text)
}

// read fills m and checks it, with every message of any type inside.
func read(m proto.Message, text []byte) error {
	json, err := yaml.YAMLToJSON(text)
	if err != nil {
		return err
	}
	if err := protojson.Unmarshal(json, m); err != nil {
		return err
	}
	return check(m.ProtoReflect())
}

func check(m protoreflect.Message) (err error) {
	if v, ok := m.Interface().(interface{ ValidateAll() error }); ok {
		err = v.ValidateAll()
	}
	if held, ok := m.Interface().(*anypb.Any); ok && err == nil {
		inner, e := held.UnmarshalNew()
		if e != nil {
			return e
		}
		return check(inner.ProtoReflect())
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case err != nil || f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				if err == nil {
					err = check(v.List().Get(i).Message())
				}
			}
		default:
			err = check(v.Message())
		}
		return err == nil
	})
	return err
}
