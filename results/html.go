package results

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed html/page.html
var pageHTML string

//go:embed html/style.css
var styleCSS template.CSS

//go:embed html/script.js
var scriptJS template.JS

// HTML writes one self-contained page: verdict first, then charts that the page draws itself. It
// loads nothing from anywhere and is of bounded size.
func HTML(w io.Writer, r *Report, c *Charts) error {
	t, err := pageTemplate()
	if err != nil {
		return fmt.Errorf("the page's template: %w", err)
	}
	if err := t.Execute(w, newHTMLView(r.finite(), c)); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
