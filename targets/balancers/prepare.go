package balancers

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"text/template"
)

// Render gives the configuration that would be used, or for exec the command line.
func Render(use string, p Params) (string, error) {
	row, mechanism, err := Lookup(use)
	if err != nil {
		return "", err
	}
	if row.Binary != "" {
		return row.render(mechanism, p)
	}
	p.Command = strings.TrimPrefix(use, row.Name+":")
	argv, err := row.command(p)
	return strings.Join(argv, " ") + "\n", err
}

func (r Row) render(m Mechanism, p Params) (string, error) {
	if err := r.Refuse(m, p); err != nil {
		return "", err
	}
	text := m.text
	if r.Binary == "" {
		text = p.Template
	}
	parsed, err := template.New(r.config).Option("missingkey=error").Parse(text)
	if err != nil {
		return "", fmt.Errorf("lb.config: %w", err)
	}
	p.Cookie = cmp.Or(p.Cookie, m.Cookie)
	var out strings.Builder
	if err := parsed.Execute(&out, p); err != nil {
		return "", fmt.Errorf("lb.config: %w", err)
	}
	return out.String(), nil
}

// Prepare writes the configuration below p.Directory and gives the command to run in the foreground.
func (r Row) Prepare(m Mechanism, p Params) ([]string, error) {
	if err := r.write(m, p); err != nil {
		return nil, err
	}
	argv, err := r.command(p)
	if err != nil || r.Binary == "" {
		return argv, err
	}
	binary, err := r.Path()
	return append([]string{binary}, argv...), err
}

// write replaces the configuration as a whole: some programs watch the file and would read half of it.
func (r Row) write(m Mechanism, p Params) error {
	if err := os.MkdirAll(p.Directory, 0o755); err != nil {
		return err
	}
	config, err := r.render(m, p)
	if err != nil {
		return err
	}
	fresh := p.File(r.config + ".new")
	if err := os.WriteFile(fresh, []byte(config), 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, p.File(r.config))
}
