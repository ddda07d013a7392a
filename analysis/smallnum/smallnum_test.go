package smallnum_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"github.com/bygdevekst/bygdevekst/analysis/oracle"
	"github.com/bygdevekst/bygdevekst/analysis/smallnum"
)

func shared(t *testing.T, name ...string) []byte {
	t.Helper()
	return oracle.Read(t, append([]string{"oracles"}, name...)...)
}

// table reads a CSV of the oracles; columns holds the numeric ones.
func table(t *testing.T, name ...string) (rows [][]string, columns map[string][]float64) {
	t.Helper()

	all, err := csv.NewReader(bytes.NewReader(shared(t, name...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns = map[string][]float64{}
	for j, title := range all[0] {
		for _, r := range all[1:] {
			if v, err := strconv.ParseFloat(r[j], 64); err == nil {
				columns[title] = append(columns[title], v)
			}
		}
	}
	return all[1:], columns
}

func expected(t *testing.T, folder string, into any) {
	t.Helper()
	if err := json.Unmarshal(shared(t, folder, "expected.json"), into); err != nil {
		t.Fatal(err)
	}
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %.12g, want %.12g ± %g", what, got, want, tol)
	}
}

// Values and the relative tolerance: oracles/eb_shrinkage, R's glm.nb and Marshall's
// moments.
func TestOracleShrinkage(t *testing.T) {
	var want struct {
		Theta, Mu, LogLik float64
		Tol               float64 `json:"tol_rel"`
		Marshall          struct {
			B, A  float64
			First []float64 `json:"first10"`
		}
	}
	expected(t, "eb_shrinkage", &want)
	_, c := table(t, "eb_shrinkage", "data_expected.csv")
	p, err := smallnum.NewPoissonGamma(c["obs"], c["expected"])
	if err != nil {
		t.Fatal(err)
	}
	near(t, "α", p.Alpha, want.Theta, want.Tol*want.Theta)
	near(t, "μ", p.Mean, want.Mu, want.Tol*want.Mu)
	near(t, "log-likelihood", p.LogLik, want.LogLik, -want.Tol*want.LogLik)
	if len(c["eb_rr"]) != 150 {
		t.Fatalf("%d places", len(c["eb_rr"]))
	}
	for i, v := range c["eb_rr"] {
		near(t, "ratio", p.Shrunk[i], v, want.Tol*v)
		near(t, "weight", p.Trust[i], c["weight"][i], want.Tol*c["weight"][i])
	}
	m, err := smallnum.NewMarshall(c["obs"], c["expected"])
	if err != nil {
		t.Fatal(err)
	}
	near(t, "m", m.Mean, want.Marshall.B, want.Tol*want.Marshall.B)
	near(t, "A", m.Variance, want.Marshall.A, want.Tol*want.Marshall.A)
	for i, v := range want.Marshall.First {
		near(t, "Marshall", m.Shrunk[i], v, want.Tol*v)
	}
}

// Limits, positions and tolerances: oracles/funnel_proportions.
func TestOracleFunnel(t *testing.T) {
	var want struct {
		Poisson struct {
			E        []float64 `json:"number_seq"`
			LL95     []float64 `json:"ll95"`
			UL95     []float64 `json:"ul95"`
			LL998    []float64 `json:"ll99"`
			UL998    []float64 `json:"ul99"`
			Absolute float64   `json:"tol_abs"`
		} `json:"funnelplotr_poisson"`
		Relative float64 `json:"tol_rel"`
	}
	expected(t, "funnel_proportions", &want)
	for k, e := range want.Poisson.E {
		for level, w := range map[float64][2]float64{smallnum.Warning: {want.Poisson.LL95[k], want.Poisson.UL95[k]}, smallnum.Alarm: {want.Poisson.LL998[k], want.Poisson.UL998[k]}} {
			i, err := smallnum.RatioLimits(1, e, level)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "lower", i.Lower, w[0], want.Poisson.Absolute)
			near(t, "upper", i.Upper, w[1], want.Poisson.Absolute)
		}
	}
	rows, _ := table(t, "funnel_proportions", "inputs.csv")
	names := map[string]smallnum.Position{
		"Low (0.001)": smallnum.BelowAlarm, "Low (0.025)": smallnum.BelowWarning, "Not significant": smallnum.Inside,
		"High (0.025)": smallnum.AboveWarning, "High (0.001)": smallnum.AboveAlarm,
	}
	var o, n []float64
	var verdict []smallnum.Position
	for _, r := range rows {
		p, ok := names[r[3]]
		if !ok {
			t.Fatalf("row %q", r)
		}
		a, err1 := strconv.ParseFloat(r[1], 64)
		b, err2 := strconv.ParseFloat(r[2], 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("row %q", r)
		}
		o, n, verdict = append(o, a), append(n, b), append(verdict, p)
	}
	got, p, err := smallnum.PlaceProportions(o, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d areas, common proportion %v", len(o), p)
	for i, w := range verdict {
		if got[i] != w {
			t.Errorf("area %d: position %d, want %d", i, got[i], w)
		}
	}
	for _, file := range []string{"limits.csv", "limits_axis.csv"} {
		_, l := table(t, "funnel_proportions", file)
		for k, n := range l["Population"] {
			base := l["Baseline"][k] / 100
			for level, titles := range map[float64][2]string{smallnum.Warning: {"Lower2s0025limit", "Upper2s0025limit"}, smallnum.Alarm: {"Lower3s0001limit", "Upper3s0001limit"}} {
				i, err := smallnum.ProportionLimits(base, n, level)
				if err != nil {
					t.Fatal(err)
				}
				low, high := l[titles[0]][k], l[titles[1]][k]
				near(t, "lower", 100*i.Lower, low, want.Relative*max(low, 0.1))
				near(t, "upper", 100*i.Upper, high, want.Relative*high)
			}
		}
	}
}

// φ = 2.948033: the test of FunnelPlotR (oracles/funnel_proportions names the
// package; the six places are those of its test file).
func TestOverdispersion(t *testing.T) {
	o, e := []float64{100, 150, 180, 80, 120, 225}, []float64{108, 112, 165, 95, 100, 220}
	d, err := smallnum.NewOverdispersion(o, e, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "φ", d.Phi, 2.948033, 5e-7)
	// τ² by hand: (6·2.948033 − 5)/(800 − 118,858/800) = 12.688198/651.4275.
	near(t, "τ²", d.Tau2, 12.688198/651.4275, 1e-7)
	wide, err := d.Limits(1, 100, smallnum.Warning)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "upper", wide.Upper, math.Exp(1.959963984540054*math.Sqrt(0.01+d.Tau2)), 1e-12)
	near(t, "symmetric on the log scale", wide.Lower*wide.Upper, 1, 1e-12)
	// A third of each end winsorised leaves the two middle values, 0.3333 and 1.1177.
	d, err = smallnum.NewOverdispersion(o, e, 0.34)
	if err != nil {
		t.Fatal(err)
	}
	low, high := math.Sqrt(220)*math.Log(225.0/220), math.Sqrt(165)*math.Log(180.0/165)
	near(t, "winsorised φ", d.Phi, (low*low+high*high)/2, 1e-12)
}

// Value, limits and tolerance: oracles/dsr_dobson_1976, PHE's test data.
func TestOracleDobson(t *testing.T) {
	var want struct {
		Value map[string]float64
		Tol   float64 `json:"tol_rel"`
	}
	expected(t, "dsr_dobson_1976", &want)
	_, c := table(t, "dsr_dobson_1976", "data.csv")
	for scale, suffix := range map[float64]string{10_000: "10000", 100_000: "100000"} {
		s, err := smallnum.Direct(c["count"], c["pop"], c["esp1976"], scale, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string]float64{"dsr_per_": s.Value, "lower95_per_": s.Lower, "upper95_per_": s.Upper} {
			w := want.Value[name+suffix]
			near(t, name+suffix, got, w, want.Tol*w)
		}
		if s.Count != want.Value["total_count"] || s.Small {
			t.Errorf("count %v, small %v", s.Count, s.Small)
		}
	}
}

// Twelve observed where 4 + 6 are expected; Byar's limits of 12 are 6.192 and
// 20.962 (Breslow & Day 1987, vol. II, formula p. 69), over 10.
func TestIndirect(t *testing.T) {
	s, err := smallnum.Indirect(12, []float64{2000, 1000}, []float64{0.002, 0.006}, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "ratio", s.Value, 1.2, 1e-12)
	near(t, "lower", s.Lower, 0.6192, 5e-4)
	near(t, "upper", s.Upper, 2.0962, 5e-4)
}

// By hand: shares 0.5 and 0.5 become 0.8 and 0.2, rates 10 and 20 become 12 and 20.
// Rates 0.65·2, structure 0.3·11 − 0.3·20.
func TestDecompose(t *testing.T) {
	rates, structure, err := smallnum.Decompose([]float64{0.5, 0.5}, []float64{10, 20}, []float64{0.8, 0.2}, []float64{12, 20})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "rates", rates, 1.3, 1e-12)
	near(t, "structure", structure, -2.7, 1e-12)
	near(t, "sum", rates+structure, (0.8*12+0.2*20)-(0.5*10+0.5*20), 1e-12)
}

// Counts that vary less than chance have one ratio; so do identical ratios.
func TestNothingToShrink(t *testing.T) {
	o, e := []float64{10, 20, 30}, []float64{10, 20, 30}
	p, err := smallnum.NewPoissonGamma(o, e)
	if err != nil || !p.Common || p.Shrunk[0] != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if low, high, err := p.Interval(0, 0.95); err != nil || low != 1 || high != 1 {
		t.Errorf("%v to %v, %v", low, high, err)
	}
	m, err := smallnum.NewMarshall(o, e)
	if err != nil || m.Variance != 0 || m.Shrunk[2] != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	m, err = smallnum.NewMarshall([]float64{0, 0}, []float64{5, 6})
	if err != nil || m.Shrunk[0] != 0 {
		t.Errorf("no event: %+v, %v", m, err)
	}
}

// Shrunk values lie between a place's own and the common one, closer to its own the
// larger the place, and nothing is NaN.
func TestShrinkageProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "places")
		o, e := make([]float64, n), make([]float64, n)
		for i := range n {
			o[i] = float64(rapid.IntRange(0, 300).Draw(t, "o"))
			e[i] = rapid.Float64Range(0.1, 300).Draw(t, "e")
		}
		o[0]++
		m, err := smallnum.NewMarshall(o, e)
		if err != nil {
			t.Fatal(err)
		}
		p, err := smallnum.NewPoissonGamma(o, e)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			raw := o[i] / e[i]
			for _, x := range []struct{ shrunk, mean, trust float64 }{{m.Shrunk[i], m.Mean, m.Trust[i]}, {p.Shrunk[i], p.Mean, p.Trust[i]}} {
				const slack = 1e-9
				if x.shrunk < min(raw, x.mean)-slack || x.shrunk > max(raw, x.mean)+slack || !(x.trust >= 0 && x.trust <= 1) {
					t.Fatalf("%v shrunk to %v around %v, trust %v", raw, x.shrunk, x.mean, x.trust)
				}
			}
			low, high, err := p.Interval(i, 0.9)
			if err != nil || !(low <= high) || math.IsInf(high, 0) {
				t.Fatalf("interval %v to %v, %v", low, high, err)
			}
			for j := range n {
				if e[i] > e[j] && p.Trust[i] < p.Trust[j]-1e-12 {
					t.Fatalf("trust %v at %v, %v at %v", p.Trust[i], e[i], p.Trust[j], e[j])
				}
			}
		}
	})
}

// Ratios drawn from Gamma(8, 8): the shrunk ones are closer to the true than the raw
// in nearly every sample, and α comes back.
func TestShrinkageHelps(t *testing.T) {
	const reps, n = 60, 200
	better, alpha := 0, 0.0
	for b := range reps {
		src := rand.NewPCG(8, uint64(b))
		truth := make([]float64, n)
		o, e := make([]float64, n), make([]float64, n)
		rng := rand.New(src)
		for i := range n {
			truth[i] = distuv.Gamma{Alpha: 8, Beta: 8, Src: src}.Rand()
			e[i] = 2 + 20*rng.Float64()
			o[i] = distuv.Poisson{Lambda: truth[i] * e[i], Src: src}.Rand()
		}
		p, err := smallnum.NewPoissonGamma(o, e)
		if err != nil {
			t.Fatal(err)
		}
		alpha += p.Alpha / reps
		var raw, shrunk float64
		for i := range n {
			raw += (o[i]/e[i] - truth[i]) * (o[i]/e[i] - truth[i])
			shrunk += (p.Shrunk[i] - truth[i]) * (p.Shrunk[i] - truth[i])
		}
		if shrunk < raw {
			better++
		}
	}
	if better < reps {
		t.Errorf("better in %d of %d samples", better, reps)
	}
	// The standard deviation of α̂ is near 2.4 in these samples: ±4·2.4/√60, and ML's
	// upward bias of a tenth.
	if math.Abs(alpha-8.8) > 1.3 {
		t.Errorf("mean α %v, want near 8", alpha)
	}
}

func TestPlaceRatio(t *testing.T) {
	// Exact 95 % limits of 10 are 4.795 and 18.39, 99.8 % 2.96 and 24.1 (Garwood 1936).
	for e, want := range map[float64]smallnum.Position{2.5: smallnum.AboveAlarm, 4: smallnum.AboveWarning, 10: smallnum.Inside, 20: smallnum.BelowWarning, 30: smallnum.BelowAlarm} {
		got, err := smallnum.PlaceRatio(10, e, 1)
		if err != nil || got != want {
			t.Errorf("10 of %v expected: %d, %v, want %d", e, got, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	ok := []float64{1, 2}
	_, e1 := smallnum.NewMarshall([]float64{-1, 2}, ok)
	_, e2 := smallnum.NewMarshall(ok, []float64{0, 2})
	_, e3 := smallnum.NewPoissonGamma([]float64{0, 0}, ok)
	_, e4 := smallnum.NewPoissonGamma(ok, ok[:1])
	_, e5 := smallnum.NewOverdispersion([]float64{0, 1}, ok, 0.1)
	_, e6 := smallnum.NewOverdispersion(ok, ok, 0.5)
	_, e7 := smallnum.Direct(ok, ok, ok, 1, 1.5)
	_, e8 := smallnum.Direct(ok, ok, []float64{1, math.NaN()}, 1, 0.95)
	_, e9 := smallnum.Indirect(1, ok, []float64{0, 0}, 0.95)
	_, _, e10 := smallnum.PlaceProportions([]float64{3, 1}, ok)
	_, e11 := smallnum.ProportionLimits(1.1, 5, 0.95)
	_, e12 := smallnum.ProportionLimits(0.1, 5, 1)
	_, _, e13 := smallnum.Decompose(ok, ok, ok, ok[:1])
	_, e14 := smallnum.RatioLimits(1, math.Inf(1), 0.95)
	for k, c := range []struct{ err, want error }{
		{e1, smallnum.ErrCount},
		{e2, smallnum.ErrDenominator},
		{e3, smallnum.ErrUndefined},
		{e4, smallnum.ErrLength},
		{e5, smallnum.ErrUndefined},
		{e6, smallnum.ErrUndefined},
		{e7, smallnum.ErrUndefined},
		{e8, smallnum.ErrDenominator},
		{e9, smallnum.ErrDenominator},
		{e10, smallnum.ErrCount},
		{e11, smallnum.ErrUndefined},
		{e12, smallnum.ErrLevel},
		{e13, smallnum.ErrLength},
		{e14, smallnum.ErrDenominator},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("case %d: %v, want %v", k+1, c.err, c.want)
		}
	}
}

// A rate without events has a defined upper limit: 3.689 events (exact, 95 %) in
// the stratum that weighs most.
func TestDirectWithoutEvents(t *testing.T) {
	s, err := smallnum.Direct([]float64{0, 0}, []float64{100, 50}, []float64{1, 1}, 1000, 0.95)
	if err != nil || s.Value != 0 || s.Lower != 0 || !s.Small {
		t.Fatalf("%+v, %v", s, err)
	}
	near(t, "upper", s.Upper, 1000*3.6888794/50/2, 1e-5)
}

// TestOneGiant: where one place is nearly all, Σe − Σe²/Σe is twice the product of
// the others' share, 2·4·10⁻⁷, and not nought by rounding.
func TestOneGiant(t *testing.T) {
	d, err := smallnum.NewOverdispersion([]float64{1.001e11, 1}, []float64{1e11, 4e-7}, 0)
	if err != nil {
		t.Fatal(err)
	}
	z1, z2 := math.Sqrt(1e11)*math.Log(1.001), math.Sqrt(4e-7)*math.Log(1/4e-7)
	if want := (z1*z1 + z2*z2 - 1) / 8e-7; !(math.Abs(d.Tau2-want) <= 1e-9*want) {
		t.Errorf("τ² is %v, want %v", d.Tau2, want)
	}
}
