package release

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/bygdevekst/bygdevekst/data/cube"
)

// offline keeps DuckDB from ever reaching for an extension on the network.
const offline = "autoinstall_known_extensions=false&autoload_known_extensions=false&allow_community_extensions=false"

func open(path string, readOnly bool) (*sql.DB, error) {
	mode := "read_write"
	if readOnly {
		mode = "read_only"
	}
	c, err := duckdb.NewConnector(path+"?access_mode="+mode+"&"+offline, nil)
	if err != nil {
		return nil, fmt.Errorf("release: open %s: %w", filepath.Base(path), err)
	}
	return sql.OpenDB(c), nil
}

// writeDuckDB writes the content to a new DuckDB file: integer codes with
// dimension tables, sorted, without keys or indexes.
func writeDuckDB(ctx context.Context, path string, c *cube.Content) error {
	db, err := open(path, false)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("release: connect: %w", err)
	}
	defer conn.Close()
	dims := dimensions(c)
	if err := writeDimensions(ctx, conn, dims); err != nil {
		return err
	}
	for _, t := range tables {
		if _, err := conn.ExecContext(ctx, t.createSQL()); err != nil {
			return fmt.Errorf("release: create %s: %w", t.name, err)
		}
		if err := conn.Raw(func(dc any) error { return t.appendRows(dc.(driver.Conn), c, dims) }); err != nil {
			return fmt.Errorf("release: fill %s: %w", t.name, err)
		}
		if _, err := conn.ExecContext(ctx, t.viewSQL()); err != nil {
			return fmt.Errorf("release: view %s: %w", t.name, err)
		}
	}
	if _, err := conn.ExecContext(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("release: checkpoint: %w", err)
	}
	if err := conn.Close(); err != nil {
		return fmt.Errorf("release: close: %w", err)
	}
	return db.Close()
}

// dimensions numbers every text that a dimension column uses, sorted, so that
// codes do not depend on the order of tables.
func dimensions(c *cube.Content) map[string]map[string]int32 {
	seen := map[string]map[string]int32{}
	for _, t := range tables {
		rows := t.rows(c)
		for j, col := range t.columns {
			if col.dim == "" {
				continue
			}
			d := seen[col.dim]
			if d == nil {
				d = map[string]int32{}
				seen[col.dim] = d
			}
			last := ""
			for i := range rows.Len() {
				if v := rows.Index(i).Field(j).String(); v != last || i == 0 {
					d[v] = 0
					last = v
				}
			}
		}
	}
	for _, d := range seen {
		for i, code := range sortedKeys(d) {
			d[code] = int32(i)
		}
	}
	return seen
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func writeDimensions(ctx context.Context, conn *sql.Conn, dims map[string]map[string]int32) error {
	for _, name := range sortedKeys(dims) {
		tab := "dim_" + name
		if _, err := conn.ExecContext(ctx, fmt.Sprintf("CREATE TABLE %s (id INTEGER, code VARCHAR)", quote(tab))); err != nil {
			return fmt.Errorf("release: create %s: %w", tab, err)
		}
		err := conn.Raw(func(dc any) error {
			app, err := duckdb.NewAppenderFromConn(dc.(driver.Conn), "", tab)
			if err != nil {
				return err
			}
			for _, code := range sortedKeys(dims[name]) {
				if err := app.AppendRow(dims[name][code], code); err != nil {
					return errors.Join(err, app.Close())
				}
			}
			return app.Close()
		})
		if err != nil {
			return fmt.Errorf("release: fill %s: %w", tab, err)
		}
	}
	return nil
}

func (t table) appendRows(conn driver.Conn, c *cube.Content, dims map[string]map[string]int32) error {
	app, err := duckdb.NewAppenderFromConn(conn, "", "fact_"+t.name)
	if err != nil {
		return err
	}
	rows := t.rows(c)
	cells := make([]driver.Value, len(t.columns))
	for i := range rows.Len() {
		row := rows.Index(i)
		for j, col := range t.columns {
			cells[j] = cell(row.Field(j), dims[col.dim])
		}
		if err := app.AppendRow(cells...); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", t.describe(row), err), app.Close())
		}
	}
	return app.Close()
}

func cell(v reflect.Value, dim map[string]int32) driver.Value {
	switch v.Kind() {
	case reflect.String:
		if dim != nil {
			return dim[v.String()]
		}
		return v.String()
	case reflect.Int32:
		return int32(v.Int())
	case reflect.Bool:
		return v.Bool()
	default:
		f := cube.Float(v.Float())
		if !f.OK() {
			return nil
		}
		return float64(f)
	}
}

// writeParquet writes one ordered Parquet file a table, texts in place of
// codes, for readers that have never heard of us.
func writeParquet(ctx context.Context, duckPath, dir string, info *cube.Info) error {
	db, err := open(duckPath, true)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, t := range tables {
		path := filepath.Join(dir, t.name+".parquet")
		q := fmt.Sprintf("COPY (SELECT * FROM %s ORDER BY %s) TO %s (FORMAT parquet, COMPRESSION zstd, KV_METADATA {release: %s, kind: %s})",
			quote(t.name), t.orderBy(), literal(path), literal(info.ID), literal(string(info.Kind)))
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("release: write %s.parquet: %w", t.name, err)
		}
	}
	return db.Close()
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// readContent reads the named tables (all when none is named) from a DuckDB
// file.
func readContent(ctx context.Context, path string, names ...string) (cube.Content, error) {
	var c cube.Content
	db, err := open(path, true)
	if err != nil {
		return c, err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return c, fmt.Errorf("release: connect: %w", err)
	}
	defer conn.Close()
	dims, err := readDimensions(ctx, conn)
	if err != nil {
		return c, err
	}
	for _, t := range tables {
		if len(names) > 0 && !slices.Contains(names, t.name) {
			continue
		}
		cols := make([]string, len(t.columns))
		for i, col := range t.columns {
			cols[i] = quote(col.stored())
		}
		q := fmt.Sprintf("SELECT %s FROM %s", strings.Join(cols, ", "), quote("fact_"+t.name))
		if err := t.read(ctx, conn, q, dims, &c); err != nil {
			return c, fmt.Errorf("release: read %s: %w", t.name, err)
		}
	}
	return c, nil
}

// readParquet reads the whole content from a release's Parquet files.
func readParquet(ctx context.Context, dir string) (cube.Content, error) {
	var c cube.Content
	db, err := sql.Open("duckdb", "?"+offline)
	if err != nil {
		return c, fmt.Errorf("release: open: %w", err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return c, fmt.Errorf("release: connect: %w", err)
	}
	defer conn.Close()
	for _, t := range tables {
		cols := make([]string, len(t.columns))
		for i, col := range t.columns {
			cols[i] = quote(col.name)
		}
		q := fmt.Sprintf("SELECT %s FROM read_parquet(%s)", strings.Join(cols, ", "), literal(filepath.Join(dir, t.name+".parquet")))
		if err := t.read(ctx, conn, q, nil, &c); err != nil {
			return c, fmt.Errorf("release: read %s.parquet: %w", t.name, err)
		}
	}
	return c, nil
}

func readDimensions(ctx context.Context, conn *sql.Conn) (map[string][]string, error) {
	dims := map[string][]string{}
	for _, t := range tables {
		for _, col := range t.columns {
			if col.dim == "" || dims[col.dim] != nil {
				continue
			}
			rows, err := conn.QueryContext(ctx, fmt.Sprintf("SELECT id, code FROM %s ORDER BY id", quote("dim_"+col.dim)))
			if err != nil {
				return nil, fmt.Errorf("release: read dimension %s: %w", col.dim, err)
			}
			codes := []string{}
			for rows.Next() {
				var id int
				var code string
				if err := rows.Scan(&id, &code); err != nil {
					return nil, errors.Join(err, rows.Close())
				}
				if id != len(codes) {
					return nil, errors.Join(fmt.Errorf("release: dimension %s: id %d at place %d", col.dim, id, len(codes)), rows.Close())
				}
				codes = append(codes, code)
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return nil, err
			}
			dims[col.dim] = codes
		}
	}
	return dims, nil
}

// read runs a query through the driver itself: database/sql's conversions cost
// more than the query.
func (t table) read(ctx context.Context, conn *sql.Conn, query string, dims map[string][]string, c *cube.Content) error {
	return conn.Raw(func(dc any) error {
		rows, err := dc.(driver.QueryerContext).QueryContext(ctx, query, nil)
		if err != nil {
			return err
		}
		defer rows.Close()
		out := t.rows(c)
		cells := make([]driver.Value, len(t.columns))
		row := reflect.New(t.row).Elem()
		for {
			err := rows.Next(cells)
			if errors.Is(err, io.EOF) {
				return rows.Close()
			}
			if err != nil {
				return err
			}
			row.SetZero()
			for j, col := range t.columns {
				if err := set(row.Field(j), cells[j], dims[col.dim]); err != nil {
					return fmt.Errorf("column %s: %w", col.name, err)
				}
			}
			out.Set(reflect.Append(out, row))
		}
	})
}

func set(field reflect.Value, cell driver.Value, dim []string) error {
	switch v := cell.(type) {
	case nil:
		if field.Kind() != reflect.Float64 {
			return errors.New("NULL where a value must be")
		}
		field.SetFloat(float64(cube.Null))
	case float64:
		field.SetFloat(v)
	case bool:
		field.SetBool(v)
	case string:
		field.SetString(v)
	case int32:
		if field.Kind() != reflect.String {
			field.SetInt(int64(v))
			return nil
		}
		if int(v) >= len(dim) || v < 0 {
			return fmt.Errorf("code %d is not in the dimension", v)
		}
		field.SetString(dim[v])
	default:
		return fmt.Errorf("unexpected %T", cell)
	}
	return nil
}
