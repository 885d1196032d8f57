package profiles

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// target is the part of an experiment that arms of a comparison may differ in, with the text of the
// balancer's template: its file may be another one tomorrow.
type target struct {
	Balancer Balancer `yaml:"lb"`
	Store    Store    `yaml:"store"`
	Template string   `yaml:"template,omitempty"`
}

// EncodeTarget writes what is measured: balancer, store and the template's text.
func (e *Experiment) EncodeTarget() (string, error) {
	text, err := yaml.Marshal(target{e.Balancer, e.Store, e.Balancer.Template})
	if err != nil {
		return "", fmt.Errorf("encoding what is measured: %w", err)
	}
	return string(text), nil
}

// DecodeTarget replaces what is measured by what EncodeTarget wrote; the token stays, which no file holds.
func (e *Experiment) DecodeTarget(text string) error {
	var t target
	if err := yaml.UnmarshalWithOptions([]byte(text), &t, yaml.Strict()); err != nil {
		return fmt.Errorf("decoding what is measured: %w", err)
	}
	t.Balancer.Token, t.Balancer.Template = e.Balancer.Token, t.Template
	e.Balancer, e.Store = t.Balancer, t.Store
	return nil
}
