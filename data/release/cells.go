package release

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/bygdevekst/bygdevekst/data"
)

// Axis is one dimension of a table of cells with its codes in order.
type Axis struct {
	Name  string
	Codes []string
}

// Cells is a decoded source table: one cell for each combination of codes, in
// row-major order, the last axis fastest.
type Cells struct {
	Axes   []Axis
	Values []float64
	// Missing says which cells have no number; they are NULL.
	Missing func(i int) bool
	// Status has for each cell a position in Symbols; nil when no cell has one.
	Status  []uint8
	Symbols []string
}

// statusAxis is the name of the column that says why a cell is missing.
const statusAxis = "status"

// WriteCells writes cells to a new DuckDB file, durable when it returns: integer
// codes in fact_cells, a dim_<axis> for each axis and for the status, and a view
// cells with the texts. A file that is there already is an ECONFLICT error; an
// axis called value or status, or two whose names differ in case only, EINVALID.
func WriteCells(ctx context.Context, path string, c Cells) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return data.Errorf(data.ECONFLICT, "release: %s is there already; cells are written to a new file", path)
	}
	db, err := open(path, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("release: connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// The cells come in order from one source: a second thread only waits for
	// it, and costs a third more processor time.
	if _, err := conn.ExecContext(ctx, "SET threads = 1"); err != nil {
		return fmt.Errorf("release: threads: %w", err)
	}
	if err := c.write(ctx, conn); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("release: checkpoint: %w", err)
	}
	return nil
}

// write makes all tables in one transaction: each of its own would be flushed
// to disk for itself.
func (c Cells) write(ctx context.Context, conn *sql.Conn) error {
	axes := append(slices.Clone(c.Axes), Axis{statusAxis, c.Symbols})
	if c.Status == nil {
		axes[len(axes)-1].Codes = []string{""}
	}
	if err := c.register(conn); err != nil {
		return fmt.Errorf("release: read cells: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return fmt.Errorf("release: begin: %w", err)
	}
	for _, a := range axes {
		if err := writeAxis(ctx, conn, a); err != nil {
			return err
		}
	}
	if _, err := conn.ExecContext(ctx, factCellsSQL(axes)); err != nil {
		return fmt.Errorf("release: fill fact_cells: %w", err)
	}
	if _, err := conn.ExecContext(ctx, cellsViewSQL(axes)); err != nil {
		return fmt.Errorf("release: view cells: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("release: commit: %w", err)
	}
	return nil
}

func (c Cells) check() error {
	n, names := 1, map[string]bool{"value": true, statusAxis: true}
	for _, a := range c.Axes {
		// DuckDB's names do not tell case apart.
		name := strings.ToLower(a.Name)
		if names[name] {
			return data.Errorf(data.EINVALID, "release: axis %q has the name of another column", a.Name)
		}
		names[name] = true
		n *= len(a.Codes)
	}
	switch {
	case len(c.Values) != n:
		return data.Errorf(data.EINVALID, "release: %d values for %d cells", len(c.Values), n)
	case c.Status != nil && len(c.Status) != n:
		return data.Errorf(data.EINVALID, "release: %d statuses for %d cells", len(c.Status), n)
	}
	for i, s := range c.Status {
		if int(s) >= len(c.Symbols) {
			return data.Errorf(data.EINVALID, "release: cell %d has status %d of %d symbols", i, s, len(c.Symbols))
		}
	}
	return nil
}

func writeAxis(ctx context.Context, conn *sql.Conn, a Axis) error {
	tab := "dim_" + a.Name
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("CREATE TABLE %s (id INTEGER, code VARCHAR)", quote(tab))); err != nil {
		return fmt.Errorf("release: create %s: %w", tab, err)
	}
	err := conn.Raw(func(dc any) error {
		app, err := duckdb.NewAppenderFromConn(dc.(driver.Conn), "", tab)
		if err != nil {
			return err
		}
		for i, code := range a.Codes {
			if err := app.AppendRow(int32(i), code); err != nil {
				return errors.Join(err, app.Close())
			}
		}
		return app.Close()
	})
	if err != nil {
		return fmt.Errorf("release: fill %s: %w", tab, err)
	}
	return nil
}

// factCellsSQL makes the fact table. DuckDB works out the codes from a cell's
// position, whole vectors at a time: handing over each code of each cell from Go
// costs several times as much.
func factCellsSQL(axes []Axis) string {
	last := len(axes) - 1
	cols := make([]string, last)
	stride := 1
	for k := last - 1; k >= 0; k-- {
		n := max(1, len(axes[k].Codes))
		cols[k] = fmt.Sprintf("CAST(cell // %d %% %d AS %s) AS %s, ", stride, n, codeType(n), quote(axes[k].Name+"_id"))
		stride *= n
	}
	return "CREATE TABLE fact_cells AS SELECT " + strings.Join(cols, "") + "status AS " + quote(statusAxis+"_id") + ", value FROM (SELECT row_number() OVER () - 1 AS cell, value, status FROM " + cellSource + "())"
}

// codeType is the smallest integer that holds n codes: what DuckDB need not
// look at costs it nothing.
func codeType(n int) string {
	switch {
	case n <= 1<<8:
		return "UTINYINT"
	case n <= 1<<16:
		return "USMALLINT"
	default:
		return "INTEGER"
	}
}

func cellsViewSQL(axes []Axis) string {
	var cols, joins strings.Builder
	for i, a := range axes {
		if i == len(axes)-1 {
			cols.WriteString("f.value, ")
		}
		fmt.Fprintf(&cols, "d%d.code AS %s, ", i, quote(a.Name))
		fmt.Fprintf(&joins, " JOIN %s d%d ON d%d.id = f.%s", quote("dim_"+a.Name), i, i, quote(a.Name+"_id"))
	}
	return "CREATE VIEW cells AS SELECT " + strings.TrimSuffix(cols.String(), ", ") + " FROM fact_cells f" + joins.String()
}

// cellSource is the table function that DuckDB reads the cells from.
const cellSource = "bygdevekst_cells"

func (c Cells) register(conn *sql.Conn) error {
	columns := make([]duckdb.ColumnInfo, 2)
	for i, col := range []struct {
		name string
		typ  duckdb.Type
	}{{"value", duckdb.TYPE_DOUBLE}, {"status", duckdb.TYPE_UTINYINT}} {
		t, err := duckdb.NewTypeInfo(col.typ)
		if err != nil {
			return err
		}
		columns[i] = duckdb.ColumnInfo{Name: col.name, T: t}
	}
	return duckdb.RegisterTableUDF(conn, cellSource, duckdb.ChunkTableFunction{
		BindArguments: func(map[string]any, ...any) (duckdb.ChunkTableSource, error) {
			return &cellReader{cells: c, columns: columns}, nil
		},
	})
}

// cellReader hands the cells over in order: value and status.
type cellReader struct {
	cells   Cells
	columns []duckdb.ColumnInfo
	next    int
}

// ColumnInfos are the columns of the table function.
func (r *cellReader) ColumnInfos() []duckdb.ColumnInfo { return r.columns }

// Cardinality is the number of cells.
func (r *cellReader) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(len(r.cells.Values)), Exact: true}
}

// Init starts at the first cell.
func (r *cellReader) Init() { r.next = 0 }

// FillChunk hands over the next cells; none at the end.
func (r *cellReader) FillChunk(chunk duckdb.DataChunk) error {
	n := min(len(r.cells.Values)-r.next, duckdb.GetDataChunkCapacity())
	for row := range n {
		i := r.next + row
		if err := r.set(chunk, row, i); err != nil {
			return fmt.Errorf("cell %d: %w", i, err)
		}
	}
	r.next += n
	return chunk.SetSize(n)
}

func (r *cellReader) set(chunk duckdb.DataChunk, row, i int) error {
	if err := duckdb.SetChunkValue(chunk, 1, row, r.cells.status(i)); err != nil {
		return err
	}
	if r.cells.Missing(i) {
		return duckdb.SetChunkValue[any](chunk, 0, row, nil)
	}
	return duckdb.SetChunkValue(chunk, 0, row, r.cells.Values[i])
}

func (c Cells) status(i int) uint8 {
	if c.Status == nil {
		return 0
	}
	return c.Status[i]
}
