package synth

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/bygdevekst/bygdevekst/analysis/oracle"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// load reads a long table: the outcome and every other named column become the
// panel, empty cells NaN.
func load(t testing.TB, name, unit, time, outcome string, covariates ...string) *panel.Panel {
	t.Helper()
	f, err := os.Open(oracle.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for c, h := range rows[0] {
		at[h] = c
	}
	p := &panel.Panel{Covariates: map[string]*mat.Dense{}}
	row, col := map[string]int{}, map[float64]int{}
	for _, r := range rows[1:] {
		if _, ok := row[r[at[unit]]]; !ok {
			row[r[at[unit]]] = len(p.Units)
			p.Units = append(p.Units, r[at[unit]])
		}
		if v := number(t, r[at[time]]); !slices.Contains(p.Times, v) {
			p.Times = append(p.Times, v)
		}
	}
	slices.Sort(p.Times)
	for j, v := range p.Times {
		col[v] = j
	}
	read := func(name string) *mat.Dense {
		m := mat.NewDense(len(p.Units), len(p.Times), nil)
		for _, r := range rows[1:] {
			m.Set(row[r[at[unit]]], col[number(t, r[at[time]])], number(t, r[at[name]]))
		}
		return m
	}
	p.Y = read(outcome)
	for _, c := range covariates {
		if c == "population" {
			p.Size = mat.Col(nil, 0, read(c))
			continue
		}
		p.Covariates[c] = read(c)
	}
	return p
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	if s == "" {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// design treats the named units from a period on; every other unit is a donor.
func design(t testing.TB, p *panel.Panel, start float64, treated ...string) panel.Design {
	t.Helper()
	c, err := p.Time(start)
	if err != nil {
		t.Fatal(err)
	}
	d := panel.Design{Start: c}
	for i, u := range p.Units {
		if slices.Contains(treated, u) {
			d.Treated = append(d.Treated, i)
		} else {
			d.Donors = append(d.Donors, i)
		}
	}
	if len(d.Treated) != len(treated) {
		t.Fatalf("%d of %v in the panel", len(d.Treated), treated)
	}
	return d
}

// placebo moves the treatment to a donor, with the treated out of the pool.
func placebo(d panel.Design, donor int) panel.Design {
	out := panel.Design{Treated: []int{donor}, Start: d.Start}
	for _, i := range d.Donors {
		if i != donor {
			out.Donors = append(out.Donors, i)
		}
	}
	return out
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s: got %v, want %v ± %v", what, got, want, tol)
	}
}

// weights fails where a named donor's weight is off.
func weights(t *testing.T, p *panel.Panel, d panel.Design, r *Result, want map[string]float64, tol float64) {
	t.Helper()
	for unit, w := range want {
		i, err := p.Unit(unit)
		if err != nil {
			t.Error(err)
			continue
		}
		near(t, "weight of "+unit, r.Weights[slices.Index(d.Donors, i)], w, tol)
	}
}

func fit(t testing.TB, s Spec, p *panel.Panel, d panel.Design) *Result {
	t.Helper()
	r, err := s.Fit(p, d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func california(t testing.TB) (*panel.Panel, panel.Design) {
	p := load(t, "oracles/sc_california/data.csv", "state", "year", "cigsale", "lnincome", "beer", "age15to24", "retprice")
	return p, design(t, p, 1989, "California")
}

// californiaSpec is setup.predictors of oracles/sc_california/expected.json.
var californiaSpec = Spec{Predictors: []Predictor{
	{Column: "lnincome", From: 1980, To: 1988},
	{Column: "retprice", From: 1980, To: 1988},
	{Column: "age15to24", From: 1980, To: 1988},
	{Column: "beer", From: 1984, To: 1988},
	{From: 1975, To: 1975},
	{From: 1980, To: 1980},
	{From: 1988, To: 1988},
}}

// Values and tolerances: oracles/sc_california/expected.json, adh2010_table2_weights
// and R_Synth_1.2.0. The tolerance on single weights is that of the file.
func TestOracleCaliforniaClassic(t *testing.T) {
	p, d := california(t)
	r := fit(t, californiaSpec, p, d)
	if r.PreRMSPE > 1.8 {
		t.Errorf("pre-RMSPE %v, want at most 1.8", r.PreRMSPE)
	}
	near(t, "att", r.ATT, -18.719476, 0.6)
	near(t, "gap 2000", r.Gaps[30], -25.434558, 1)
	weights(t, p, d, r, map[string]float64{"Utah": 0.343224, "Nevada": 0.235752, "Montana": 0.181971, "Colorado": 0.174685, "Connecticut": 0.06242}, 0.025)
	weights(t, p, d, r, map[string]float64{"Utah": 0.334, "Nevada": 0.234, "Montana": 0.199, "Colorado": 0.164, "Connecticut": 0.069}, 0.025)
	// Balance: tidysynth_readme, printed with three digits.
	for k, want := range [][2]float64{{10.1, 9.83}, {89.4, 87.3}, {0.174, 0.173}, {24.3, 23.7}, {127, 137}, {120, 138}, {90.1, 114}} {
		near(t, r.Balance[k].Name+" treated", r.Balance[k].Treated, want[0], 0.006*want[0])
		near(t, r.Balance[k].Name+" donors", r.Balance[k].DonorMean, want[1], 0.006*want[1])
	}
}

// Values: oracles/sc_california/expected.json, R_Synth_placebos_reoptimised_V and
// tidysynth_readme: rank 1 of 39 with V searched again for each state and with
// California's V for all. V is not identified, so with California's better V
// (pre-MSPE 3.08 against tidysynth's 3.17) single ratios differ; the treated
// ratio must be at least the published one.
func TestOracleCaliforniaPlacebos(t *testing.T) {
	p, d := california(t)
	own := fit(t, californiaSpec, p, d)
	fixed := californiaSpec
	fixed.Rule, fixed.V = VFixed, own.V
	for name, s := range map[string]Spec{"searched": californiaSpec, "fixed": fixed} {
		at := fit(t, s, p, d).Ratio
		if at*at < 124 {
			t.Errorf("%s: MSPE ratio %v below the published 124 of a worse optimum", name, at*at)
		}
		rank := 1
		for _, j := range d.Donors {
			if fit(t, s, p, placebo(d, j)).Ratio >= at {
				rank++
			}
		}
		if rank != 1 {
			t.Errorf("%s: rank %d of 39, want 1", name, rank)
		}
	}
}

// Values: oracles/sc_california/expected.json, outcome_only.
func TestOracleCaliforniaOutcomeOnly(t *testing.T) {
	p, d := california(t)
	r := fit(t, Spec{Method: OutcomeOnly}, p, d)
	if ssr := 19 * r.PreRMSPE * r.PreRMSPE; ssr > 52.1301 {
		t.Errorf("pre SSR %v above 52.1301", ssr)
	}
	near(t, "att", r.ATT, -19.51363, 0.002)
	near(t, "ratio", r.Ratio, 12.439963, 0.01) // lto_refined_placebo.
	weights(t, p, d, r, map[string]float64{
		"Utah": 0.393908, "Montana": 0.23184, "Nevada": 0.204923,
		"Connecticut": 0.10909, "New Hampshire": 0.045429, "Colorado": 0.014811,
	}, 0.001)
}

// Values: oracles/sc_california/expected.json, facure_ch15_two_outcomes: every year
// of both outcomes is a row in its own unit with equal weight.
func TestOracleCaliforniaTwoOutcomes(t *testing.T) {
	p, d := california(t)
	s := Spec{Rule: VEqual, Scale: ScaleNone}
	for year := 1970.0; year <= 1988; year++ {
		s.Predictors = append(s.Predictors, Predictor{From: year, To: year}, Predictor{Column: "retprice", From: year, To: year})
	}
	r := fit(t, s, p, d)
	weights(t, p, d, r, map[string]float64{"Connecticut": 0.0852, "Nevada": 0.113, "New Hampshire": 0.1051, "New Mexico": 0.4566, "Utah": 0.2401}, 0.002)
	near(t, "effect 2000", r.Gaps[30], -24.83015975607075, 0.05)
	kept, below := 1, 0
	if math.Pow(r.PreRMSPE, 2) >= 80 {
		t.Errorf("California itself is not kept: MSPE %v", r.PreRMSPE*r.PreRMSPE)
	}
	for _, j := range d.Donors {
		q := fit(t, s, p, placebo(d, j))
		if q.PreRMSPE*q.PreRMSPE < 80 {
			kept++
			if q.Gaps[30] < r.Gaps[30] {
				below++
			}
		}
	}
	near(t, "p", float64(below)/float64(kept), 0.02857142857142857, 1e-9)
	if kept != 35 {
		t.Errorf("%d units kept, want 35", kept)
	}
}

// Values: oracles/sc_california/expected.json, mcnnm.
func TestOracleCaliforniaCompletion(t *testing.T) {
	p, d := california(t)
	r, err := Complete(p, d, CompletionOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "att", r.ATT, -19.980463, 0.6)
	t.Logf("att %v, lambda %v, rank %d", r.ATT, r.Lambda, r.Rank)
	// An infinite penalty leaves two-way fixed effects, which is DID.
	far, err := Complete(p, d, CompletionOptions{Lambda: 1e9, LambdaFixed: true})
	if err != nil {
		t.Fatal(err)
	}
	// oracles/sdid_california/expected.json, did.
	near(t, "att without L", far.ATT, -27.349111, 1e-5)
}

func basque(t testing.TB) (*panel.Panel, panel.Design) {
	p := load(t, "oracles/sc_basque/data.csv", "regionname", "year", "gdpcap", "sec.agriculture", "sec.energy", "sec.industry",
		"sec.construction", "sec.services.venta", "sec.services.nonventa", "school.illit", "school.prim", "school.med", "school.high", "school.post.high", "popdens", "invest")
	return p, design(t, p, 1975, "Basque Country (Pais Vasco)")
}

// basqueSpec is the setup of oracles/sc_basque/expected.json.
func basqueSpec() Spec {
	s := Spec{FitWindow: Window{1960, 1969}}
	for _, c := range []string{"school.illit", "school.prim", "school.med", "school.high", "school.post.high", "invest"} {
		s.Predictors = append(s.Predictors, Predictor{Column: c, From: 1964, To: 1969})
	}
	s.Predictors = append(s.Predictors, Predictor{From: 1960, To: 1969})
	for _, c := range []string{"sec.agriculture", "sec.energy", "sec.industry", "sec.construction", "sec.services.venta", "sec.services.nonventa"} {
		s.Predictors = append(s.Predictors, Predictor{Column: c, Times: []float64{1961, 1963, 1965, 1967, 1969}})
	}
	s.Predictors = append(s.Predictors, Predictor{Column: "popdens", From: 1969, To: 1969})
	return s
}

// basqueV is the V column of the file's balance table.
var basqueV = []float64{
	0.072655911, 0.119777358, 0.003486111, 0.102189247, 0.010826786, 5.3211e-05, 0.117260969,
	0.063392606, 0.155350772, 0.0958688, 0.053081107, 0.001634752, 0.023709713, 0.180712657,
}

// Values and tolerances: oracles/sc_basque/expected.json, loss, weights,
// att_1975_1997, balance and placebo_gaps. The published V is a local optimum:
// ours must be at least as good, and its weights are those of that V.
func TestOracleBasqueClassic(t *testing.T) {
	const mspe = 0.008864544955047298
	p, d := basque(t)
	s := basqueSpec()
	best := fit(t, s, p, d)
	if got := best.PreRMSPE * best.PreRMSPE; got > mspe*1.025 {
		t.Errorf("MSPE %v above the published %v", got, mspe)
	}
	if best.VLoss > mspe {
		t.Errorf("outer loss %v above the published %v", best.VLoss, mspe)
	}
	s.Rule, s.V = VFixed, basqueV
	r := fit(t, s, p, d)
	near(t, "MSPE at the published V", r.PreRMSPE*r.PreRMSPE, mspe, 0.025*mspe)
	weights(t, p, d, r, map[string]float64{"Cataluna": 0.850816306, "Madrid (Comunidad De)": 0.149183694}, 0.025)
	near(t, "att", r.ATT, -0.6995647842110987, 0.025*0.6995647842110987)
	for k, want := range map[int][2]float64{0: {39.8884646, 323.825543}, 1: {1031.7423, 2182.45335}, 6: {5.28546845, 3.58401509}, 7: {6.84399996, 21.0581177}, 13: {246.889999, 97.468235}} {
		near(t, r.Balance[k].Name+" treated", r.Balance[k].Treated, want[0], 1e-6*want[0])
		near(t, r.Balance[k].Name+" donor mean", r.Balance[k].DonorMean, want[1], 1e-6*want[1])
	}
}

// Values: oracles/sc_basque/expected.json, placebo_gaps, 1960 to 1970. They are those
// of a local optimum of V: ours may fit 1960–1969 better, not worse, and where it fits
// as well the gaps are the same.
func TestOracleBasquePlaceboGaps(t *testing.T) {
	p, d := basque(t)
	for unit, want := range map[string][]float64{
		"Cataluna": {
			0.203808058, 0.22013128, 0.263867425, 0.305086227, 0.307812892, 0.310500949,
			0.369694004, 0.423575362, 0.458736716, 0.488697369, 0.492355223,
		},
		"Madrid (Comunidad De)": {
			0.927170193, 1.066511653, 1.011029922, 0.950455684, 0.945846094, 0.930053083,
			0.772220243, 0.614648344, 0.557832902, 0.491439776, 0.441262212,
		},
		"Andalucia": {
			-0.005071144, 0.002029757, -0.002976465, -0.008368432, -0.012947738, -0.018273511,
			-0.002324632, 0.012943551, 0.009046557, 0.004579814, 0.013673678,
		},
	} {
		i, err := p.Unit(unit)
		if err != nil {
			t.Fatal(err)
		}
		r := fit(t, basqueSpec(), p, placebo(d, i))
		var published float64
		for _, g := range want[:10] {
			published += g * g / 10
		}
		got := r.PreRMSPE * r.PreRMSPE
		if got > published*1.025 {
			t.Errorf("%s: MSPE %v above the published %v", unit, got, published)
		}
		if got < published*0.975 {
			continue
		}
		for k, g := range want {
			near(t, fmt.Sprint(unit, " ", 1960+k), r.Gaps[5+k], g, 0.025)
		}
	}
}

// Values: oracles/sc_basque/expected.json, penalised_lambda_0.01.
func TestOracleBasquePenalised(t *testing.T) {
	p, d := basque(t)
	s := basqueSpec()
	s.Method, s.Rule, s.Lambda, s.LambdaRule = Penalised, VEqual, 0.01, LambdaFixed
	r := fit(t, s, p, d)
	weights(t, p, d, r, map[string]float64{"Cantabria": 0.241, "Cataluna": 0.759}, 0.025)
}

// Values: oracles/sc_basque/expected.json, robust_sc; the package's test fits
// before 1970.
func TestOracleBasqueRobust(t *testing.T) {
	p, d := basque(t)
	spain, err := p.Unit("Spain (Espana)")
	if err != nil {
		t.Fatal(err)
	}
	d.Donors = slices.DeleteFunc(d.Donors, func(i int) bool { return i == spain })
	r := fit(t, Spec{Method: Robust, Rank: 2, Lambda: 0.1, FitWindow: Window{1955, 1969}}, p, d)
	weights(t, p, d, r, map[string]float64{
		"Aragon": 0.042750725, "Baleares (Islas)": 0.095687916, "Andalucia": 0.05471977, "Canarias": 0.029348893,
		"Cantabria": 0.131449835, "Castilla Y Leon": 0.00534905, "Castilla-La Mancha": -0.023989253, "Cataluna": 0.172766943,
		"Comunidad Valenciana": 0.098502043, "Extremadura": -0.024916194, "Galicia": 0.000285705, "Madrid (Comunidad De)": 0.306908016,
		"Murcia (Region de)": 0.037554988, "Navarra (Comunidad Foral De)": 0.042127484, "Principado De Asturias": 0.144568216, "Rioja (La)": 0.018474723,
	}, 0.025)
}

func kansas(t testing.TB) (*panel.Panel, panel.Design) {
	p := load(t, "oracles/ascm_kansas/data.csv", "state", "year_qtr", "lngdpcapita")
	return p, design(t, p, 2012.25, "Kansas")
}

// Values: oracles/ascm_kansas/expected.json, scm and ridge; the imbalance is
// √Σ_pre gap².
func TestOracleKansas(t *testing.T) {
	p, d := kansas(t)
	l2 := func(r *Result) float64 { return r.PreRMSPE * math.Sqrt(float64(d.Start)) }
	r := fit(t, Spec{Method: OutcomeOnly}, p, d)
	near(t, "scm att", r.ATT, -0.029435, 0.0005)
	near(t, "scm imbalance", l2(r), 0.082555, 0.0005)
	r = fit(t, Spec{Method: RidgeAugmented}, p, d)
	near(t, "ridge att", r.ATT, -0.040063, 0.0015)
	near(t, "ridge imbalance", l2(r), 0.061515, 0.0015)
	near(t, "lambda", r.Lambda, 0.078662228134997417, 1e-6)
	if !r.Has(Extrapolates) || r.NegativeWeight >= 0 {
		t.Errorf("negative weights %v are not flagged: %v", r.NegativeWeight, r.Flags)
	}
	sum := 0.0
	for _, w := range r.Weights {
		sum += w
	}
	near(t, "sum of weights", sum, 1, 1e-9)
}

// Values: oracles/ascm_kansas/ridge_cv_curve.csv, relative tolerance 0.02.
func TestOracleKansasCurve(t *testing.T) {
	p, d := kansas(t)
	path, err := Spec{Method: RidgeAugmented}.RidgeCV(p, d)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(oracle.Path(t, "oracles/ascm_kansas/ridge_cv_curve.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows)-1 != len(path.Lambda) {
		t.Fatalf("%d lambdas, want %d", len(path.Lambda), len(rows)-1)
	}
	for g, row := range rows[1:] {
		for c, got := range []float64{path.Lambda[g], path.Err[g], path.SE[g]} {
			want := number(t, row[c])
			near(t, rows[0][c], got, want, 0.02*want)
		}
	}
}

// Values: oracles/conformal_rhode_island/expected.json, weights_fit_on_the_19_pre_periods.
func TestOracleRhodeIslandWeights(t *testing.T) {
	f, err := os.Open(oracle.Path(t, "oracles/conformal_rhode_island/data.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	p := &panel.Panel{Units: rows[0][1:], Y: mat.NewDense(len(rows[0])-1, len(rows)-1, nil)}
	for j, r := range rows[1:] {
		p.Times = append(p.Times, number(t, r[0]))
		for i, v := range r[1:] {
			p.Y.Set(i, j, number(t, v))
		}
	}
	d := design(t, p, p.Times[19], "treated")
	r := fit(t, Spec{Method: OutcomeOnly}, p, d)
	weights(t, p, d, r, map[string]float64{
		"donor10": 0.1206489709, "donor14": 0.037563616, "donor19": 0.1226379791, "donor27": 0.1227224909,
		"donor29": 0.0807552295, "donor31": 0.407880892, "donor35": 0.0075159676, "donor45": 0.100274854,
	}, 0.002)
}

func benchPanel(t testing.TB) *panel.Panel {
	return load(t, "oracles/bench_panel/data.csv", "unit", "year", "y", "x1", "x2", "x3", "population")
}

// benchUnit is the design of one of the four treated units, the others left out.
func benchUnit(t testing.TB, p *panel.Panel, unit string) panel.Design {
	t.Helper()
	d := design(t, p, 2025, "M001", "M002", "M003", "M004")
	i, err := p.Unit(unit)
	if err != nil {
		t.Fatal(err)
	}
	d.Treated = []int{i}
	return d
}

// Values: oracles/bench_panel/expected.json, outcome_only_fit and expected_behaviour:
// over-fit for M001 and M004, a miss in level for M002 and M003.
func TestBenchPanelGates(t *testing.T) {
	p := benchPanel(t)
	for _, tt := range []struct {
		unit           string
		pre, gap       float64
		active         int
		flag, mustLack Flag
	}{
		{"M001", 1.20975, 2.31593, 9, OverFit, BadFit},
		{"M002", 2.94143, 7.34753, 4, BadFit, OverFit},
		{"M003", 2.81141, -2.15147, 2, BadFit, OverFit},
		{"M004", 1.03442, -0.01268, 7, OverFit, BadFit},
	} {
		r := fit(t, Spec{Method: OutcomeOnly}, p, benchUnit(t, p, tt.unit))
		near(t, tt.unit+" pre-RMSPE", r.PreRMSPE, tt.pre, 1e-5)
		near(t, tt.unit+" gap", r.ATT, tt.gap, 1e-4)
		if r.Support != tt.active {
			t.Errorf("%s: %d donors, want %d", tt.unit, r.Support, tt.active)
		}
		if !r.Has(tt.flag) || r.Has(tt.mustLack) {
			t.Errorf("%s: flags %v, want %s and not %s (noise %v)", tt.unit, r.Flags, tt.flag, tt.mustLack, r.Noise)
		}
		if tt.flag == BadFit && !r.Has(LevelMiss) {
			t.Errorf("%s: flags %v do not point to a demeaned method", tt.unit, r.Flags)
		}
	}
}

func BenchmarkCaliforniaClassic(b *testing.B) {
	p, d := california(b)
	for b.Loop() {
		fit(b, californiaSpec, p, d)
	}
}

// One fit and 38 placebos, V searched again for each.
func BenchmarkCaliforniaPlacebosSearched(b *testing.B) {
	p, d := california(b)
	for b.Loop() {
		fit(b, californiaSpec, p, d)
		for _, j := range d.Donors {
			fit(b, californiaSpec, p, placebo(d, j))
		}
	}
}

func BenchmarkCaliforniaOutcomeOnly39(b *testing.B) {
	p, d := california(b)
	e := Spec{Method: OutcomeOnly}.Estimator()
	for b.Loop() {
		for i := -1; i < len(d.Donors); i++ {
			q := d
			if i >= 0 {
				q = placebo(d, d.Donors[i])
			}
			if _, err := e(p, q); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// All 352 in-space placebos, outcome-only.
func BenchmarkBenchPanelPlacebos(b *testing.B) {
	p := benchPanel(b)
	d := benchUnit(b, p, "M001")
	e := Spec{Method: OutcomeOnly}.Estimator()
	for b.Loop() {
		for _, j := range d.Donors {
			if _, err := e(p, placebo(d, j)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// benchSpec matches the three covariates and three outcomes.
var benchSpec = Spec{Predictors: []Predictor{
	{Column: "x1", From: 2005, To: 2024},
	{Column: "x2", From: 2005, To: 2024},
	{Column: "x3", From: 2005, To: 2024},
	{From: 2005, To: 2009},
	{From: 2010, To: 2014},
	{From: 2015, To: 2019},
	{From: 2020, To: 2024},
}}

// One classic fit with V search among 352 donors; times 352 for all.
func BenchmarkBenchPanelClassic(b *testing.B) {
	p := benchPanel(b)
	d := benchUnit(b, p, "M001")
	e := benchSpec.Estimator()
	i := 0
	for b.Loop() {
		if _, err := e(p, placebo(d, d.Donors[i%len(d.Donors)])); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
