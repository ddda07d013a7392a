package data_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
)

func TestParsePeriod(t *testing.T) {
	// Codes as SSB writes them; weeks checked against the ISO calendar: week 1
	// of 2021 began on Monday 4 January, week 53 of 2020 on 28 December 2020.
	for code, want := range map[string]string{
		"2024":    "2024-01-01 2025-01-01",
		"2024K4":  "2024-10-01 2025-01-01",
		"2024M02": "2024-02-01 2024-03-01",
		"2021U01": "2021-01-04 2021-01-11",
		"2020U53": "2020-12-28 2021-01-04",
		"2003H1":  "2003-01-01 2003-07-01",
	} {
		p, err := data.ParsePeriod(code)
		if err != nil {
			t.Errorf("%s: %v", code, err)
			continue
		}
		if got := p.Start().Format(time.DateOnly) + " " + p.End().Format(time.DateOnly); got != want {
			t.Errorf("%s spans %s, want %s", code, got, want)
		}
		if p.String() != code {
			t.Errorf("%s prints as %s", code, p)
		}
	}
	for _, code := range []string{"", "24", "2024K5", "2024K0", "2024M13", "2024U54", "2024X1", "2024-01", "20241", "2024K", " 2024"} {
		if p, err := data.ParsePeriod(code); data.ErrorCode(err) != data.EINVALID {
			t.Errorf("%q gave %v, %v; want EINVALID", code, p, err)
		}
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, s := range []string{"2024", "2024K4", "2024M06", "2024U23", "2003H1", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, code string) {
		p, err := data.ParsePeriod(code)
		if err != nil {
			return
		}
		again, err := data.ParsePeriod(p.String())
		if err != nil || again != p {
			t.Fatalf("%q is %v, which reads back as %v, %v", code, p, again, err)
		}
		if !p.End().After(p.Start()) {
			t.Fatalf("%q ends before it starts", code)
		}
	})
}

func TestStatus(t *testing.T) {
	order := []data.Status{data.OK, data.TooFew, data.NotApplicable, data.NotAvailable, data.Suppressed}
	for i, a := range order {
		for j, b := range order {
			if got, want := a.Worst(b), order[max(i, j)]; got != want {
				t.Errorf("worst of %q and %q is %q, want %q", a, b, got, want)
			}
		}
	}
	for symbol, want := range map[string]data.Status{"": data.OK, ".": ".", "..": "..", "...": "..", ":": ":", "*": ":"} {
		if got, err := data.ParseStatus(symbol); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", symbol, got, err, want)
		}
	}
	// "-" is nil on SSB's old pages only: the caller must say so, nobody guesses.
	for _, symbol := range []string{"-", "0", "few", "n/a"} {
		if _, err := data.ParseStatus(symbol); data.ErrorCode(err) != data.EINVALID {
			t.Errorf("%q: %v, want EINVALID", symbol, err)
		}
	}
}

func TestBatchValidate(t *testing.T) {
	good := data.Fact{Table: "06913", Series: "population", Region: "3425", Period: data.YearPeriod(2025), Value: 1326}
	if err := (data.Batch{Facts: []data.Fact{good}}).Validate(); err != nil {
		t.Fatal(err)
	}
	var nan float64
	nan /= nan
	for name, spoil := range map[string]func(*data.Fact){
		"number beside a missing status": func(f *data.Fact) { f.Status = data.Suppressed },
		"not a number":                   func(f *data.Fact) { f.Value = nan },
		"no region":                      func(f *data.Fact) { f.Region = "" },
		"no series":                      func(f *data.Fact) { f.Series = "" },
	} {
		bad := good
		spoil(&bad)
		if err := (data.Batch{Facts: []data.Fact{good, bad}}).Validate(); data.ErrorCode(err) != data.EINVALID {
			t.Errorf("%s: %v, want EINVALID", name, err)
		}
	}
}

func TestError(t *testing.T) {
	err := fmt.Errorf("outer: %w", data.Errorf(data.ENOTFOUND, "no %s: %w", "thing", io.EOF))
	if data.ErrorCode(err) != data.ENOTFOUND || !errors.Is(err, io.EOF) || data.ErrorMessage(err) != "no thing: EOF" {
		t.Fatalf("%v: %s, %s", err, data.ErrorCode(err), data.ErrorMessage(err))
	}
	if data.ErrorCode(io.EOF) != data.EINTERNAL || data.ErrorMessage(io.EOF) != "Internal error." || data.ErrorCode(nil) != "" || data.ErrorMessage(nil) != "" {
		t.Fatal("an unknown error must be internal and say nothing")
	}
}
