package indicators_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"sync"
	"testing"

	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/data/recorded/recordedtest"
	"github.com/bygdevekst/bygdevekst/data/regions"
	"github.com/bygdevekst/bygdevekst/indicators"
)

// recordedInput is the embedded figures under the embedded catalogue.
var recordedInput = sync.OnceValues(func() (indicators.Input, error) {
	cat := catalogue.Default()
	set, err := recordedtest.Facts()
	return indicators.Input{Catalogue: cat, Regions: regions.Default(), Facts: set, Seed: 1, Workers: 2}, err
})

func input(t testing.TB) indicators.Input {
	t.Helper()
	in, err := recordedInput()
	if err != nil {
		t.Fatal(err)
	}
	return in
}

var recordedContent = sync.OnceValues(func() (cube.Content, error) {
	in, err := recordedInput()
	if err != nil {
		return cube.Content{}, err
	}
	return indicators.Derive(context.Background(), in)
})

func content(t testing.TB) cube.Content {
	t.Helper()
	c, err := recordedContent()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSameForAnyWorkers: the content does not depend on how it was computed.
func TestSameForAnyWorkers(t *testing.T) {
	in := input(t)
	var got []cube.Content
	for _, workers := range []int{1, 8} {
		in.Workers = workers
		c, err := indicators.Derive(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c)
	}
	a, b := reflect.ValueOf(got[0]), reflect.ValueOf(got[1])
	for i := range a.NumField() {
		name := a.Type().Field(i).Name
		if a.Field(i).Len() != b.Field(i).Len() {
			t.Fatalf("%s: %d rows with one worker, %d with eight", name, a.Field(i).Len(), b.Field(i).Len())
		}
		for j := range a.Field(i).Len() {
			if !sameRow(a.Field(i).Index(j), b.Field(i).Index(j)) {
				t.Fatalf("%s, row %d: %+v, then %+v", name, j, a.Field(i).Index(j), b.Field(i).Index(j))
			}
		}
	}
}

// sameRow compares by bits, since a missing number is never equal to itself.
func sameRow(a, b reflect.Value) bool {
	for i := range a.NumField() {
		x, y := a.Field(i), b.Field(i)
		if x.Kind() == reflect.Float64 {
			if math.Float64bits(x.Float()) != math.Float64bits(y.Float()) {
				return false
			}
		} else if x.Interface() != y.Interface() {
			return false
		}
	}
	return true
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := indicators.Derive(ctx, input(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func BenchmarkDerive(b *testing.B) {
	in := input(b)
	for b.Loop() {
		if _, err := indicators.Derive(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}
