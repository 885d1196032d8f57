package profiles

import (
	"encoding/json"
	"fmt"

	"github.com/invopop/jsonschema"
)

// Schema is the JSON Schema of the experiment file.
func Schema() ([]byte, error) {
	reflector := jsonschema.Reflector{FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, DoNotReference: true}
	schema := reflector.Reflect(&Experiment{})
	schema.ID = ""
	schema.Title = "stickybench experiment"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// JSONSchema describes the text form.
func (Duration) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Description: "a length of time such as 30s or 1.5ms",
		Pattern: `^(0|([0-9.]+(ns|us|µs|ms|s|m|h))+)$`}
}

// JSONSchema describes the text form.
func (Distribution) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}},
		Description: "a duration or number, or one of " + kinds + " with arguments, e.g. lognormal(5ms, 0.5)[0, 1s]"}
}

// JSONSchemaExtend allows the name of a built-in mix beside a mapping.
func (Mix) JSONSchemaExtend(s *jsonschema.Schema) { orName(s) }

// JSONSchemaExtend allows the name of a built-in profile beside a mapping.
func (Profile) JSONSchemaExtend(s *jsonschema.Schema) { orName(s) }

func orName(s *jsonschema.Schema) {
	mapping := *s
	*s = jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, &mapping}}
}
