package profiles

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Decode reads an experiment file over the built-in experiment. Unknown keys and wrong values are
// errors of the form "name:line:col: what, and how to mend it".
func Decode(name string, data []byte) (*Experiment, error) {
	exp := Default()
	exp.Name = strings.TrimSuffix(name[strings.LastIndexByte(name, '/')+1:], ".yaml")
	if len(strings.TrimSpace(string(data))) > 0 {
		exp.Faults, exp.Load.Rate = nil, 0 // a file describes its own experiment
		if err := yaml.UnmarshalWithOptions(data, exp, yaml.Strict()); err != nil {
			return nil, positioned(name, err)
		}
	}
	if l := exp.Load; l.Rate == 0 && l.Users == 0 && len(l.Stages) == 0 && l.Spike == nil && l.Sine == nil && l.Trace == "" {
		exp.Load.Rate = Default().Load.Rate
	}
	if exp.Balancer.URL != "" {
		exp.Balancer.Use = "" // the built-in balancer is not what a file with a URL measures
	}
	exp.Mix.normalise()
	if err := exp.Validate(); err != nil {
		return nil, locate(name, data, err)
	}
	return exp, nil
}

// positioned puts name, line and column before a YAML error.
func positioned(name string, err error) error {
	var y yaml.Error
	if !errors.As(err, &y) || y.GetToken() == nil {
		return fmt.Errorf("%s:1:1: %w", name, err)
	}
	at := y.GetToken().Position
	message := strings.ReplaceAll(strings.TrimSpace(y.GetMessage()), "\n", " ")
	if _, key, ok := strings.Cut(message, "unknown field "); ok {
		message = unknownKey(strings.Trim(key, `"`))
	}
	return fmt.Errorf("%s:%d:%d: %s", name, at.Line, at.Column, message)
}

// locate puts name, line and column of the wrong key before a validation error.
func locate(name string, data []byte, err error) error {
	var wrong keyError
	line, column := 1, 1
	if errors.As(err, &wrong) {
		if node := find(data, wrong.key); node != nil {
			line, column = node.GetToken().Position.Line, node.GetToken().Position.Column
		}
	}
	return fmt.Errorf("%s:%d:%d: %w", name, line, column, err)
}

// find is the node of a dotted key, or of the nearest enclosing key that the file has.
func find(data []byte, key string) ast.Node {
	for key != "" {
		if path, err := yaml.PathString("$." + key); err == nil {
			if node, err := path.ReadNode(strings.NewReader(string(data))); err == nil && node != nil {
				return node
			}
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return nil
}

// Encode writes the experiment as resolved; Decode reads it back equal.
func (e *Experiment) Encode() ([]byte, error) {
	text, err := yaml.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encoding the experiment: %w", err)
	}
	return text, nil
}

// Inline writes a part of an experiment as YAML on one line; equal parts give equal lines.
func Inline(part any) (string, error) {
	text, err := yaml.MarshalWithOptions(part, yaml.Flow(true))
	if err != nil {
		return "", fmt.Errorf("encoding a part of the experiment: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// UnmarshalYAML reads "30s" or 0.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	text := scalar(node)
	if text == "0" {
		*d = 0
		return nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return at(node, fmt.Sprintf("%q is no duration; write it like 30s, 1.5ms or 2m", text))
	}
	*d = Duration(parsed)
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (d Duration) MarshalYAML() (any, error) { return time.Duration(d).String(), nil }

// UnmarshalYAML reads the text form.
func (d *Distribution) UnmarshalYAML(node ast.Node) error {
	parsed, err := ParseDistribution(scalar(node))
	if err != nil {
		return at(node, err.Error())
	}
	*d = parsed
	return nil
}

// MarshalYAML writes the text form.
func (d Distribution) MarshalYAML() (any, error) { return d.String(), nil }

// mixFields avoids recursion into Mix.UnmarshalYAML.
type mixFields Mix

// UnmarshalYAML reads the name of a built-in mix or a mapping.
func (m *Mix) UnmarshalYAML(node ast.Node) error {
	if node.Type() == ast.MappingType || node.Type() == ast.MappingValueType {
		*m = Mix{}
		return yaml.NodeToValue(node, (*mixFields)(m), yaml.Strict())
	}
	built, err := LookupMix(scalar(node))
	if err != nil {
		return at(node, err.Error())
	}
	*m = built
	return nil
}

// profileFields avoids recursion into Profile.UnmarshalYAML.
type profileFields Profile

// UnmarshalYAML reads the name of a built-in profile or a mapping.
func (p *Profile) UnmarshalYAML(node ast.Node) error {
	if node.Type() == ast.MappingType || node.Type() == ast.MappingValueType {
		*p = Profile{}
		return yaml.NodeToValue(node, (*profileFields)(p), yaml.Strict())
	}
	built, err := LookupProfile(scalar(node))
	if err != nil {
		return at(node, err.Error())
	}
	*p = built
	return nil
}

func scalar(node ast.Node) string {
	if s, ok := node.(*ast.StringNode); ok {
		return s.Value
	}
	return node.String()
}

func at(node ast.Node, message string) error {
	return &yaml.SyntaxError{Message: message, Token: node.GetToken()}
}
