package results

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// ExportFormats are what Export writes.
func ExportFormats() []string { return []string{"parquet", "csv", "jsonl", "hlog"} }

// Export writes the records of a run into a directory, one file for each kind; hlog is the latency log
// alone. Sessions are the judge's.
func (d *Dir) Export(out, format string, sessions []SessionRecord) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("exporting to %s: %w", out, cause(err))
	}
	if format == "hlog" {
		return copyFile(d.file("latency.hlog"), filepath.Join(out, "latency.hlog"))
	}
	run, err := d.Run()
	if err != nil {
		return err
	}
	changes, err := d.Changes()
	if err != nil {
		return err
	}
	samples, err := d.Samples()
	if err != nil {
		return err
	}
	return errors.Join(
		d.exportAccess(out, format),
		exportRows(out, "exchanges", format, mapped(d.Exchanges(), func(e *Exchange) ExchangeRow { return rowOfExchange(e, run.Profiles) })),
		exportRows(out, "serves", format, mapped(d.Serves(), rowOfServe)),
		exportRows(out, "changes", format, mapped(listed(changes), rowOfChange)),
		exportRows(out, "samples", format, mapped(listed(samples), rowOfSample)),
		exportRows(out, "sessions", format, listed(sessions)))
}

// exportAccess writes the balancer's log where there is one; what cannot be read of it is left out.
func (d *Dir) exportAccess(out, format string) error {
	log, err := d.Access()
	if log == nil {
		return err
	}
	defer log.Close()
	return exportRows(out, "accesses", format, func(yield func(AccessRow, error) bool) {
		var a Access
		for {
			more, err := log.Next(&a)
			if err == nil && !more || (a.Unreadable == "" || err != nil) && !yield(rowOfAccess(&a), err) || err != nil {
				return
			}
		}
	})
}

func mapped[T, R any](records iter.Seq2[T, error], row func(*T) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for record, err := range records {
			if !yield(row(&record), err) {
				return
			}
		}
	}
}

func listed[T any](records []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// writer takes rows of one kind.
type writer[T any] struct {
	write func(*T) error
	close func() error
}

func exportRows[T any](out, kind, format string, rows iter.Seq2[T, error]) error {
	path := filepath.Join(out, kind+"."+format)
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("exporting to %s: %w", path, cause(err))
	}
	buffered := bufio.NewWriterSize(f, 1<<20)
	w := newWriter[T](buffered, format)
	for row, rowErr := range rows {
		if err = errors.Join(rowErr, w.write(&row)); err != nil {
			break
		}
	}
	return writeError(path, errors.Join(err, w.close(), buffered.Flush(), f.Close()))
}

// rowGroup is how many rows a Parquet file gathers in memory.
const rowGroup = 100_000

func newWriter[T any](w io.Writer, format string) writer[T] {
	switch format {
	case "csv":
		return csvWriter[T](w)
	case "jsonl":
		return writer[T]{func(row *T) error { return writeJSON(w, row) }, func() error { return nil }}
	}
	p := parquet.NewGenericWriter[T](w, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(rowGroup))
	return writer[T]{func(row *T) error { _, err := p.Write([]T{*row}); return err }, p.Close}
}

func csvWriter[T any](w io.Writer) writer[T] {
	c, cells := csv.NewWriter(w), []string{}
	for _, column := range Columns(reflect.TypeFor[T]()) {
		cells = append(cells, column.Name)
	}
	err := c.Write(cells)
	return writer[T]{
		write: func(row *T) error {
			values := reflect.ValueOf(row).Elem()
			for i := range cells {
				cells[i] = fmt.Sprint(values.Field(i).Interface())
			}
			return errors.Join(err, c.Write(cells))
		},
		close: func() error { c.Flush(); return c.Error() },
	}
}

// writeJSON writes an object whose members are in the order of the columns.
func writeJSON(w io.Writer, row any) error {
	values := reflect.ValueOf(row).Elem()
	var line strings.Builder
	for i, column := range Columns(values.Type()) {
		text, err := json.Marshal(values.Field(i).Interface())
		if err != nil {
			return err
		}
		separator := ","
		if i == 0 {
			separator = "{"
		}
		fmt.Fprintf(&line, "%s%q:%s", separator, column.Name, text)
	}
	line.WriteString("}\n")
	_, err := io.WriteString(w, line.String())
	return err
}

// Column is one column of an export.
type Column struct{ Name, Type, About string }

// Columns lists those of a row type in order.
func Columns(row reflect.Type) (list []Column) {
	for i := range row.NumField() {
		f := row.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		list = append(list, Column{name, f.Type.String(), f.Tag.Get("about")})
	}
	return list
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Base(from), cause(err))
	}
	return replace(to, text)
}
