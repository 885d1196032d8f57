package balancers

import (
	"cmp"
	"errors"
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
	if row.Binary == "" {
		p.Command = strings.TrimPrefix(use, row.Name+":")
		argv, err := row.command(p)
		return strings.Join(argv, " ") + "\n", err
	}
	files, err := row.files(mechanism, p)
	var text strings.Builder
	for _, f := range files {
		if len(files) > 1 {
			fmt.Fprintf(&text, "# file %s\n", f.name)
		}
		text.WriteString(f.text)
	}
	return text.String(), err
}

// file is one file of a configuration, or the template of one.
type file struct{ name, text string }

// files are those of the mechanism under p, the watched part first: the other names it.
func (r Row) files(m Mechanism, p Params) (all []file, err error) {
	if err := r.Refuse(m, p); err != nil {
		return nil, err
	}
	texts := []file{r.watched, {r.config, m.text}}
	if r.Binary == "" {
		texts[1].text = p.Template
	}
	for _, f := range texts {
		if f.name == "" {
			continue
		}
		if f.text, err = p.render(m, f); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func (p Params) render(m Mechanism, f file) (string, error) {
	parsed, err := template.New(f.name).Option("missingkey=error").Parse(f.text)
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

// Prepare writes the configuration below p.Directory, for a process to come and none that runs, and gives the command to run in the foreground.
func (r Row) Prepare(m Mechanism, p Params) ([]string, error) {
	if err := r.write(m, p); err != nil {
		return nil, err
	}
	if r.leaves != "" {
		if err := os.Remove(p.File(r.leaves)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
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
	files, err := r.files(m, p)
	if err != nil {
		return err
	}
	for _, f := range files {
		fresh := p.File(f.name + ".new")
		if err := os.WriteFile(fresh, []byte(f.text), 0o644); err != nil {
			return err
		}
		if err := os.Rename(fresh, p.File(f.name)); err != nil {
			return err
		}
	}
	return nil
}
