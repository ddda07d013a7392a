package main

import (
	"strings"
	"testing"
)

// The tables must be a function of the seed, and no number in them undefined.
func TestSameSeedSameTables(t *testing.T) {
	var a, b, c strings.Builder
	for _, x := range []struct {
		w    *strings.Builder
		seed uint64
	}{{&a, 1}, {&b, 1}, {&c, 2}} {
		if err := run(t.Context(), x.w, 2, 30, x.seed); err != nil {
			t.Fatal(err)
		}
	}
	if a.String() != b.String() {
		t.Error("the same seed gave other tables")
	}
	if a.String() == c.String() {
		t.Error("another seed gave the same tables")
	}
	if strings.Contains(a.String(), "NaN") || strings.Contains(a.String(), "Inf") {
		t.Errorf("a number is not defined:\n%s", a.String())
	}
}

func TestRefuses(t *testing.T) {
	if err := run(t.Context(), &strings.Builder{}, 0, 60, 1); err == nil {
		t.Error("no panels were accepted")
	}
	if err := run(t.Context(), &strings.Builder{}, 1, 3, 1); err == nil {
		t.Error("three donors for four treated were accepted")
	}
}
