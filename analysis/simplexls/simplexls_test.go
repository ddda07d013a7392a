package simplexls

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// kkt recomputes objective and duality gap from the definition, independently of
// the solver's own bookkeeping. Xw − y is written Σ w_j (x_j − y), the same for
// weights that sum to one (see feasible); the other form has the rounding of that
// sum, some ε, times ‖y‖ in it, which no weights in float64 can avoid.
func kkt(p Problem, w []float64) (f, gap float64) {
	r := make([]float64, p.M)
	for i := range r {
		for j, v := range w {
			r[i] += v * (p.X[j*p.M+i] - p.Y[i])
		}
		f += r[i] * r[i]
	}
	low, phi := math.Inf(1), 0.0
	for j, v := range w {
		g := 2 * p.Ridge * v
		for i := range r {
			// Against x_j − y, which differs by a constant and cancels less.
			g += 2 * r[i] * (p.X[j*p.M+i] - p.Y[i])
		}
		if p.Linear != nil {
			g += p.Linear[j]
			f += p.Linear[j] * v
		}
		f += p.Ridge * v * v
		low = min(low, g)
		phi += v * g
	}
	return f, phi - low
}

func maxNorm2(p Problem) float64 {
	var top float64
	for j := range p.N {
		var q float64
		for i, y := range p.Y {
			d := p.X[j*p.M+i] - y
			q += d * d
		}
		top = max(top, q)
	}
	return top
}

// rounding is the gap that float64 weights cannot avoid.
func rounding(p Problem, w []float64) float64 {
	var sum float64
	for j, v := range w {
		var q float64
		for i, y := range p.Y {
			d := p.X[j*p.M+i] - y
			q += d * d
		}
		sum += v * math.Sqrt(q)
	}
	return 4 * eps * sum * math.Sqrt(maxNorm2(p))
}

// draw makes one of the degenerate shapes published panels have.
func draw(rng *rand.Rand) Problem {
	n, m := 1+rng.IntN(60), 1+rng.IntN(30)
	p := Problem{N: n, M: m, X: make([]float64, n*m), Y: make([]float64, m)}
	rank := 1 + rng.IntN(m)
	load := make([]float64, rank*m)
	for i := range load {
		load[i] = rng.NormFloat64()
	}
	kind := rng.IntN(8)
	level := []float64{0, 1, 100, 1e4}[rng.IntN(4)]
	for j := range n {
		row := p.X[j*m : (j+1)*m]
		scale := 1.0
		if kind == 5 {
			scale = math.Exp(12*rng.Float64() - 6) // Populations from e⁻⁶ to e⁶.
		}
		switch {
		case kind == 1 && j > 0 && rng.IntN(2) == 0: // Duplicates.
			copy(row, p.X[rng.IntN(j)*m:][:m])
		case kind == 2: // Exact low rank.
			for k := range rank {
				axpy(rng.NormFloat64(), load[k*m:(k+1)*m], row)
			}
		case kind == 3: // Integer shares.
			for i := range row {
				row[i] = float64(rng.IntN(4))
			}
		default:
			walk := level * (1 + 0.1*rng.NormFloat64())
			for i := range row {
				walk += rng.NormFloat64()
				row[i] = scale * walk
			}
		}
	}
	switch {
	case kind == 4 || kind == 2 && rng.IntN(2) == 0: // Inside the hull.
		var sum float64
		for j := range n {
			v := rng.ExpFloat64()
			sum += v
			axpy(v, p.X[j*m:(j+1)*m], p.Y)
		}
		for i := range p.Y {
			p.Y[i] /= sum
		}
	case kind == 3:
		for i := range p.Y {
			p.Y[i] = float64(rng.IntN(4))
		}
	case kind == 6: // The target is a donor.
		copy(p.Y, p.X[rng.IntN(n)*m:][:m])
	default:
		walk := level
		for i := range p.Y {
			walk += rng.NormFloat64()
			p.Y[i] = walk
		}
	}
	return p
}

// variant adds nothing, a ridge, a linear term, the Abadie–L'Hour penalty or
// both, in units of the problem.
func variant(rng *rand.Rand, p Problem) Problem {
	top := maxNorm2(p)
	switch rng.IntN(6) {
	case 0:
		p.Ridge = top * math.Pow(10, -8*rng.Float64())
	case 1:
		p.Linear = make([]float64, p.N)
		for j := range p.Linear {
			p.Linear[j] = top * 0.01 * rng.NormFloat64()
		}
	case 2:
		p.Linear = penalty(p, math.Pow(10, 2-6*rng.Float64()))
	case 3:
		p.Linear, p.Ridge = penalty(p, 0.1), 0.01*top
	}
	return p
}

func penalty(p Problem, lambda float64) []float64 {
	c := make([]float64, p.N)
	for j := range c {
		for i, y := range p.Y {
			d := p.X[j*p.M+i] - y
			c[j] += lambda * d * d
		}
	}
	return c
}

// TestCertificate holds 5,000 random and degenerate problems to the bound that
// stack.md §3 measured for this method: a gap of 2.5e-7 of
// max(f, 1e-8·max‖p‖²), beyond what rounding the weights to float64 moves the
// gradient: a relative error of ε in each w_j shifts Xw − y by ε·Σ w_j‖p_j‖ and
// the gap by twice max‖p‖ times that, in the solver and again in this check.
func TestCertificate(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s Solver
	var got Solution
	worst, iterations := 0.0, 0
	for k := range 5000 {
		p := variant(rng, draw(rng))
		if err := s.Solve(p, &got); err != nil {
			t.Fatalf("problem %d: %v", k, err)
		}
		f, gap := kkt(p, got.Weights)
		rel := max(0, gap-rounding(p, got.Weights)) / max(math.Abs(f), 1e-8*maxNorm2(p))
		if maxNorm2(p) == 0 {
			rel = 0
		}
		worst, iterations = max(worst, rel), max(iterations, got.Iterations)
		if rel > 2.5e-7 || !got.Converged {
			t.Errorf("problem %d (n=%d m=%d ridge=%g linear=%v): f %g, gap %g, relative %g, converged %v",
				k, p.N, p.M, p.Ridge, p.Linear != nil, f, gap, rel, got.Converged)
		}
		feasible(t, k, &got)
	}
	t.Logf("worst relative gap %.2g, most iterations %d", worst, iterations)
}

func feasible(t *testing.T, k int, got *Solution) {
	t.Helper()
	sum, on := 0.0, 0
	for _, w := range got.Weights {
		if w < 0 || math.IsNaN(w) {
			t.Fatalf("problem %d: weight %g", k, w)
		}
		if w > 0 {
			on++
		}
		sum += w
	}
	if math.Abs(sum-1) > 1e-12 || on != len(got.Support) {
		t.Fatalf("problem %d: sum %g, %d positive, %d in support", k, sum, on, len(got.Support))
	}
}

// brute finds the optimum of a small problem by a fine grid over every pair and
// triple of donors, which is a lower bound on nothing and an upper bound on f*.
func brute(p Problem) float64 {
	best := math.Inf(1)
	w := make([]float64, p.N)
	const steps = 40
	for a := range p.N {
		for b := range p.N {
			for c := range p.N {
				for i := 0; i <= steps; i++ {
					for k := 0; k+i <= steps; k++ {
						clear(w)
						w[a] += float64(i) / steps
						w[b] += float64(k) / steps
						w[c] += float64(steps-i-k) / steps
						f, _ := kkt(p, w)
						best = min(best, f)
					}
				}
			}
		}
	}
	return best
}

func TestNoGridPointIsBetter(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var s Solver
	var got Solution
	for range 20 {
		p := draw(rng)
		p.N = min(p.N, 4)
		p.X = p.X[:p.N*p.M]
		p = variant(rng, p)
		if err := s.Solve(p, &got); err != nil {
			t.Fatal(err)
		}
		if grid := brute(p); got.Objective > grid+1e-9*maxNorm2(p) {
			t.Errorf("n=%d m=%d: solver %g, grid %g", p.N, p.M, got.Objective, grid)
		}
	}
}

// TestDualAgreesWithActiveSet solves the same ridge problems by both methods.
func TestDualAgreesWithActiveSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var s Solver
	var a, b Solution
	for k := range 300 {
		p := draw(rng)
		p.Ridge = maxNorm2(p) * math.Pow(10, -5*rng.Float64())
		if p.Ridge == 0 || p.N == 1 {
			continue
		}
		if err := s.Solve(p, &a); err != nil {
			t.Fatal(err)
		}
		s.start(nil)
		b.Iterations = s.descend()
		s.finish(&b)
		for j := range a.Weights {
			// Six digits: λ is as small as 1e-5 of the squared data, which is the
			// conditioning of w.
			if math.Abs(a.Weights[j]-b.Weights[j]) > 1e-6 {
				t.Fatalf("problem %d donor %d: dual %g, active set %g", k, j, a.Weights[j], b.Weights[j])
			}
		}
	}
}

func TestWarmStartFindsTheSameOptimum(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var cold, warm, from Solver
	var a, b, c Solution
	for range 200 {
		p := draw(rng)
		for range 5 {
			for i := range p.X {
				p.X[i] += 0.1 * rng.NormFloat64()
			}
			start := make([]float64, p.N)
			for range 3 {
				start[rng.IntN(p.N)] += 1 / 3.0
			}
			if err := errors.Join(cold.Solve(p, &a), warm.SolveWarm(p, &b), from.SolveFrom(p, start, &c)); err != nil {
				t.Fatal(err)
			}
			for _, f := range []float64{b.Objective, c.Objective} {
				if math.Abs(a.Objective-f) > 1e-10*max(a.Objective, 1e-8*maxNorm2(p)) {
					t.Fatalf("cold %g, warm %g, from three donors %g", a.Objective, b.Objective, c.Objective)
				}
			}
		}
	}
}

func largestNorm(x []float64, m int) float64 {
	var top float64
	for at := 0; at < len(x); at += m {
		top = max(top, math.Sqrt(dot(x[at:at+m], x[at:at+m])))
	}
	return top
}

func TestInvariance(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		factor := math.Exp(rapid.Float64Range(-6, 6).Draw(rt, "log scale"))
		rng := rand.New(rand.NewPCG(seed, 9))
		p := draw(rng)
		q := Problem{N: p.N, M: p.M, X: make([]float64, len(p.X)), Y: make([]float64, p.M)}
		order := rng.Perm(p.N)
		for a, j := range order {
			for i := range p.M {
				q.X[a*p.M+i] = factor * p.X[j*p.M+i]
			}
		}
		for i, y := range p.Y {
			q.Y[i] = factor * y
		}
		var s Solver
		var a, b Solution
		if err := errors.Join(s.Solve(p, &a), s.Solve(q, &b)); err != nil {
			rt.Fatal(err)
		}
		// Scaling rounds every figure by a relative ε/2, which moves Xw − y by δ.
		delta := eps / 2 * (largestNorm(p.X, p.M) + largestNorm(p.Y, p.M))
		most := 1e-9*max(a.Objective, 1e-7*maxNorm2(p)) + delta*(2*math.Sqrt(a.Objective)+delta)
		if d := math.Abs(a.Objective - b.Objective/factor/factor); d > most {
			rt.Fatalf("objective %g, permuted and scaled by %g: %g", a.Objective, factor, b.Objective/factor/factor)
		}
	})
}

func TestFlags(t *testing.T) {
	tests := []struct {
		name              string
		n, m              int
		x, y, c           []float64
		nonUnique, direct bool
		want              []float64
	}{
		// Hand-made: one donor is the target.
		{name: "target is a donor", n: 2, m: 2, x: []float64{1, 2, 5, 5}, y: []float64{1, 2}, direct: true, want: []float64{1, 0}},
		{name: "duplicate donors", n: 2, m: 2, x: []float64{1, 2, 1, 2}, y: []float64{3, 3}, nonUnique: true},
		{name: "inside the hull of more donors than dimensions", n: 4, m: 2, x: []float64{1, 0, -1, 0, 0, 1, 0, -1}, y: []float64{0, 0}, nonUnique: true, direct: true},
		{name: "outside the hull", n: 3, m: 2, x: []float64{1, 0, 1, 1, 2, 0}, y: []float64{0, 0.25}, want: []float64{0.75, 0.25, 0}},
		{name: "one donor", n: 1, m: 1, x: []float64{4}, y: []float64{9}, want: []float64{1}},
		// A linear term breaks the tie between duplicates: all goes to the cheaper.
		{name: "cheaper duplicate", n: 2, m: 1, x: []float64{1, 1}, y: []float64{0}, c: []float64{2, 1}, want: []float64{0, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Solver
			var got Solution
			if err := s.Solve(Problem{N: tt.n, M: tt.m, X: tt.x, Y: tt.y, Linear: tt.c}, &got); err != nil {
				t.Fatal(err)
			}
			if got.NonUnique != tt.nonUnique || got.PerfectFit != tt.direct {
				t.Errorf("NonUnique %v, PerfectFit %v; want %v, %v", got.NonUnique, got.PerfectFit, tt.nonUnique, tt.direct)
			}
			for j, w := range tt.want {
				if math.Abs(got.Weights[j]-w) > 1e-12 {
					t.Errorf("weights %v, want %v", got.Weights, tt.want)
				}
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	var s Solver
	var got Solution
	if err := s.Solve(Problem{}, &got); !errors.Is(err, ErrEmpty) {
		t.Errorf("no donors: %v", err)
	}
	for _, v := range []float64{math.NaN(), math.Inf(-1), 1e200} {
		if err := s.Solve(Problem{N: 1, M: 1, X: []float64{v}, Y: []float64{0}}, &got); !errors.Is(err, ErrNotFinite) {
			t.Errorf("%g: %v", v, err)
		}
	}
}

func TestSolveDoesNotAllocate(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, ridge := range []float64{0, 1} {
		p := level(rng, 350, 30)
		p.Ridge = ridge * maxNorm2(p)
		var s Solver
		var got Solution
		if err := s.Solve(p, &got); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(10, func() { _ = s.Solve(p, &got) }); n != 0 {
			t.Errorf("ridge %g: %g allocations a solve", ridge, n)
		}
	}
}

// level draws factor-model data of municipal shape.
func level(rng *rand.Rand, n, m int) Problem {
	p := Problem{N: n, M: m, X: make([]float64, n*m), Y: make([]float64, m)}
	factors := make([]float64, 3*m)
	for k := range 3 {
		for i := 1; i < m; i++ {
			factors[k*m+i] = factors[k*m+i-1] + rng.NormFloat64()
		}
	}
	row := func(dst []float64) {
		for k := range 3 {
			axpy(rng.NormFloat64(), factors[k*m:(k+1)*m], dst)
		}
		for i := range dst {
			dst[i] += 50 + rng.NormFloat64()
		}
	}
	for j := range n {
		row(p.X[j*m : (j+1)*m])
	}
	row(p.Y)
	return p
}

func BenchmarkSolve(b *testing.B) {
	for _, size := range [][2]int{{38, 7}, {38, 19}, {350, 30}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			p := level(rand.New(rand.NewPCG(1, 1)), size[0], size[1])
			var s Solver
			var got Solution
			b.ReportAllocs()
			for b.Loop() {
				_ = s.Solve(p, &got)
			}
			b.ReportMetric(float64(got.Iterations), "iterations")
		})
	}
}

func BenchmarkRidge(b *testing.B) {
	p := level(rand.New(rand.NewPCG(1, 1)), 350, 20)
	p.Ridge = 100
	var s Solver
	var got Solution
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Solve(p, &got)
	}
	b.ReportMetric(float64(got.Iterations), "iterations")
	b.ReportMetric(float64(len(got.Support)), "support")
}

func FuzzSolve(f *testing.F) {
	f.Add(uint8(3), uint8(2), 0.5, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Add(uint8(9), uint8(1), 0.0, []byte{0, 0, 0, 255})
	f.Fuzz(func(t *testing.T, n, m uint8, ridge float64, data []byte) {
		p := Problem{N: int(n%20) + 1, M: int(m%10) + 1}
		at := func(k int) float64 {
			if len(data) == 0 {
				return 0
			}
			return float64(int8(data[k%len(data)])) * math.Exp2(float64(k%7-3))
		}
		p.X, p.Y = make([]float64, p.N*p.M), make([]float64, p.M)
		for k := range p.X {
			p.X[k] = at(k)
		}
		for k := range p.Y {
			p.Y[k] = at(3*k + 1)
		}
		if ridge >= 0 && ridge < 1e6 {
			p.Ridge = ridge
		}
		var s Solver
		var got Solution
		if err := s.Solve(p, &got); err != nil {
			t.Fatal(err)
		}
		feasible(t, 0, &got)
		if _, gap := kkt(p, got.Weights); gap > 1e-7*max(got.Objective, 1e-8*maxNorm2(p), 1e-300) {
			t.Fatalf("gap %g at objective %g", gap, got.Objective)
		}
	})
}
