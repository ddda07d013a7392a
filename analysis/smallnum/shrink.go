package smallnum

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Marshall is global empirical Bayes shrinkage by moments (Marshall 1991, Applied
// Statistics 40:283): with r_i = O_i/n_i,
//
//	m = ΣO/Σn,  s² = Σ n_i (r_i − m)²/Σn,  A = max(0, s² − m/n̄),
//	k_i = A/(A + m/n_i),  θ_i = m + k_i (r_i − m)
//
// m is the common rate, A the variance of true rates between places and k_i the
// share of a place's deviation that is believed.
type Marshall struct {
	Mean, Variance float64
	// Shrunk are θ_i and Trust k_i.
	Shrunk, Trust []float64
}

// NewMarshall shrinks rates of counts o over denominators n; with expected counts
// as denominators, ratios. Shrink within a stratum of like places. Without any
// event every rate is 0.
func NewMarshall(o, n []float64) (*Marshall, error) {
	if err := check(o, n, 2); err != nil {
		return nil, err
	}
	total := sum(n)
	m := &Marshall{Mean: sum(o) / total, Shrunk: make([]float64, len(o)), Trust: make([]float64, len(o))}
	var s2 float64
	for i := range o {
		d := o[i]/n[i] - m.Mean
		s2 += n[i] / total * d * d
	}
	m.Variance = max(0, s2-m.Mean/(total/float64(len(n))))
	for i := range o {
		if m.Variance > 0 {
			m.Trust[i] = m.Variance / (m.Variance + m.Mean/n[i])
		}
		m.Shrunk[i] = m.Mean + m.Trust[i]*(o[i]/n[i]-m.Mean)
	}
	return m, nil
}

// PoissonGamma is empirical Bayes shrinkage of ratios by maximum likelihood
// (Clayton & Kaldor 1987, Biometrics 43:671): O_i ~ Poisson(θ_i E_i) with
// θ_i ~ Gamma(α, β), so that O_i is negative binomial with mean μE_i, μ = α/β, and
//
//	θ_i | O_i ~ Gamma(O_i + α, E_i + β),  E[θ_i | O_i] = (O_i + α)/(E_i + β)
type PoissonGamma struct {
	// Alpha and Mean are α and μ; β = α/μ. Both Alpha and β are 0 when Common.
	Alpha, Mean float64
	// LogLik is the maximum, all constants included.
	LogLik float64
	// Common says that the counts vary no more than chance would make them: every
	// place then has the ratio Mean.
	Common bool
	// Shrunk are the posterior means, Trust the weights E_i/(E_i + β) of a place's own
	// ratio in them.
	Shrunk, Trust []float64

	o, e []float64
}

// The logarithms of α looked at. At e²⁰ the variance of ratios is 10⁻⁹ of their
// square and the counts are as good as Poisson.
const (
	logAlphaLeast = -12
	logAlphaMost  = 20
	logAlphaStep  = 0.25
)

// NewPoissonGamma fits counts o with expected counts e. There must be an event.
func NewPoissonGamma(o, e []float64) (*PoissonGamma, error) {
	if err := check(o, e, 2); err != nil {
		return nil, err
	}
	if sum(o) == 0 {
		return nil, fmt.Errorf("%w: no event in %d places", ErrUndefined, len(o))
	}
	p := &PoissonGamma{o: o, e: e, Shrunk: make([]float64, len(o)), Trust: make([]float64, len(o))}
	p.fit()
	if !finite(p.LogLik) || !finite(p.Mean) {
		return nil, fmt.Errorf("%w: the likelihood overflows", ErrUndefined)
	}
	for i := range o {
		if p.Common {
			p.Shrunk[i] = p.Mean
			continue
		}
		beta := p.Alpha / p.Mean
		p.Shrunk[i] = (o[i] + p.Alpha) / (e[i] + beta)
		p.Trust[i] = e[i] / (e[i] + beta)
	}
	return p, nil
}

// fit looks for the best α on a grid and solves its score equation between the
// neighbours.
func (p *PoissonGamma) fit() {
	best, at := math.Inf(-1), 0.0
	for u := float64(logAlphaLeast); u <= logAlphaMost; u += logAlphaStep {
		if l := p.logLik(math.Exp(u), p.mean(math.Exp(u))); l > best {
			best, at = l, u
		}
	}
	poisson := sum(p.o) / sum(p.e)
	if l := p.poissonLogLik(poisson); at == logAlphaMost || l >= best {
		p.Common, p.Mean, p.LogLik = true, poisson, l
		return
	}
	low, high := at-logAlphaStep, at+logAlphaStep
	// The score falls from positive to negative through the maximum.
	for range 60 {
		u := (low + high) / 2
		if p.score(math.Exp(u), p.mean(math.Exp(u))) > 0 {
			low = u
		} else {
			high = u
		}
	}
	p.Alpha = math.Exp((low + high) / 2)
	p.Mean = p.mean(p.Alpha)
	p.LogLik = p.logLik(p.Alpha, p.Mean)
}

// mean solves Σ (O_i − μE_i)/(α + μE_i) = 0, which falls in μ.
func (p *PoissonGamma) mean(alpha float64) float64 {
	low, high := math.Inf(1), 0.0
	for i, e := range p.e {
		low, high = min(low, p.o[i]/e), max(high, p.o[i]/e)
	}
	for range 200 {
		mu := (low + high) / 2
		if mu <= low || mu >= high {
			break
		}
		var f float64
		for i, e := range p.e {
			f += (p.o[i] - mu*e) / (alpha + mu*e)
		}
		if f > 0 {
			low = mu
		} else {
			high = mu
		}
	}
	return (low + high) / 2
}

// logLik is the negative binomial log-likelihood.
func (p *PoissonGamma) logLik(alpha, mu float64) float64 {
	var l float64
	for i, o := range p.o {
		m := mu * p.e[i]
		l += lgamma(o+alpha) - lgamma(alpha) - lgamma(o+1) - alpha*math.Log1p(m/alpha)
		if o > 0 {
			l += o * math.Log(m/(alpha+m))
		}
	}
	return l
}

// poissonLogLik is the limit for α → ∞.
func (p *PoissonGamma) poissonLogLik(mu float64) float64 {
	var l float64
	for i, o := range p.o {
		m := mu * p.e[i]
		l += -m - lgamma(o+1)
		if o > 0 {
			l += o * math.Log(m)
		}
	}
	return l
}

// score is the derivative of the log-likelihood by α.
func (p *PoissonGamma) score(alpha, mu float64) float64 {
	var s float64
	for i, o := range p.o {
		m := mu * p.e[i]
		s += mathext.Digamma(o+alpha) - mathext.Digamma(alpha) - math.Log1p(m/alpha) + (m-o)/(alpha+m)
	}
	return s
}

func lgamma(x float64) float64 {
	l, _ := math.Lgamma(x)
	return l
}

// Interval is the central posterior interval of place i's ratio, which does not
// carry the uncertainty of α and μ. It is Mean itself when Common.
func (p *PoissonGamma) Interval(i int, level float64) (lower, upper float64, err error) {
	if !(level > 0 && level < 1) {
		return 0, 0, fmt.Errorf("%w: %v", ErrLevel, level)
	}
	if p.Common {
		return p.Mean, p.Mean, nil
	}
	g := distuv.Gamma{Alpha: p.o[i] + p.Alpha, Beta: p.e[i] + p.Alpha/p.Mean}
	return g.Quantile((1 - level) / 2), g.Quantile((1 + level) / 2), nil
}
