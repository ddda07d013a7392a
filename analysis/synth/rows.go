package synth

import (
	"fmt"
	"math"

	"github.com/bygdevekst/bygdevekst/analysis/panel"
)

// rows is what one side of a fit is made on: K numbers for the treated unit and
// for each of J donors.
type rows struct {
	names   []string
	index   []int     // Position in Spec.Predictors.
	treated []float64 // K, before scaling.
	donors  []float64 // J×K, before scaling.
	scale   []float64 // Divisor of each row.
	sd      []float64 // Standard deviation (n−1) over treated and donors.
}

func (r *rows) k() int { return len(r.treated) }

// predictorRows evaluates the predictors for a design. Predictors without any
// period before the start are dropped and named.
func predictorRows(p *panel.Panel, d panel.Design, list []Predictor, scale Scale) (*rows, []string, error) {
	r := &rows{}
	var dropped []string
	var used [][]int
	for k, x := range list {
		var cols []int
		for c := range d.Start {
			if x.uses(p.Times[c]) {
				cols = append(cols, c)
			}
		}
		if len(cols) == 0 {
			dropped = append(dropped, x.Name())
			continue
		}
		if _, ok := p.Covariates[x.Column]; !ok && x.Column != "" {
			return nil, nil, fmt.Errorf("%w: the panel has no column %q", ErrPredictor, x.Column)
		}
		used = append(used, cols)
		r.index = append(r.index, k)
		r.names = append(r.names, x.Name())
	}
	if len(used) == 0 {
		return nil, nil, fmt.Errorf("%w: no predictor has a period before the start %v", ErrPredictor, startTime(p, d))
	}
	k := len(used)
	r.treated = make([]float64, k)
	r.donors = make([]float64, len(d.Donors)*k)
	for a, cols := range used {
		x := list[r.index[a]]
		for _, i := range d.Treated {
			v, err := x.value(p, i, cols)
			if err != nil {
				return nil, nil, err
			}
			r.treated[a] += v / float64(len(d.Treated))
		}
		for j, i := range d.Donors {
			v, err := x.value(p, i, cols)
			if err != nil {
				return nil, nil, err
			}
			r.donors[j*k+a] = v
		}
	}
	r.measure(scale)
	return r, dropped, nil
}

func startTime(p *panel.Panel, d panel.Design) any {
	if d.Start < len(p.Times) {
		return p.Times[d.Start]
	}
	return "after the last period"
}

// value is the mean over the columns where the unit has a value.
func (x Predictor) value(p *panel.Panel, unit int, cols []int) (float64, error) {
	m := p.Y
	if x.Column != "" {
		m = p.Covariates[x.Column]
	}
	var sum float64
	var n int
	for _, c := range cols {
		if v := m.At(unit, c); !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	if n == 0 || math.IsInf(sum, 0) {
		return 0, fmt.Errorf("%w: %q for unit %q", ErrPredictor, x.Name(), p.Units[unit])
	}
	return sum / float64(n), nil
}

// measure fills sd and scale. A row that does not vary carries no information
// about weights that sum to one and keeps scale 1.
func (r *rows) measure(scale Scale) {
	k := r.k()
	n := len(r.donors) / k
	r.sd, r.scale = make([]float64, k), make([]float64, k)
	for a := range k {
		mean := r.treated[a]
		for j := range n {
			mean += r.donors[j*k+a]
		}
		mean /= float64(n + 1)
		q := (r.treated[a] - mean) * (r.treated[a] - mean)
		for j := range n {
			q += (r.donors[j*k+a] - mean) * (r.donors[j*k+a] - mean)
		}
		r.sd[a] = math.Sqrt(q / float64(n))
		r.scale[a] = 1
		if scale == ScaleSD && r.sd[a] > 0 {
			r.scale[a] = r.sd[a]
		}
	}
}

// scaled returns rows divided by their scale: donors J×K and treated K.
func (r *rows) scaled() (donors, treated []float64) {
	k := r.k()
	donors, treated = make([]float64, len(r.donors)), make([]float64, k)
	for i, v := range r.donors {
		donors[i] = v / r.scale[i%k]
	}
	for a, v := range r.treated {
		treated[a] = v / r.scale[a]
	}
	return donors, treated
}

// window returns the columns before the start that lie in w.
func window(p *panel.Panel, d panel.Design, w Window) ([]int, error) {
	var cols []int
	for c := range d.Start {
		if t := p.Times[c]; w.isZero() || (w.From <= t && t <= w.To) {
			cols = append(cols, c)
		}
	}
	if len(cols) == 0 {
		return nil, fmt.Errorf("%w: no period of %g–%g before the start %v", ErrWindow, w.From, w.To, startTime(p, d))
	}
	return cols, nil
}

// outcomeRows lays out the outcomes of the window: donors J×L and treated L.
func outcomeRows(p *panel.Panel, d panel.Design, cols []int) (donors, treated []float64) {
	l := len(cols)
	donors, treated = make([]float64, len(d.Donors)*l), make([]float64, l)
	for j, i := range d.Donors {
		row := p.Y.RawRowView(i)
		for a, c := range cols {
			donors[j*l+a] = row[c]
		}
	}
	for _, i := range d.Treated {
		row := p.Y.RawRowView(i)
		for a, c := range cols {
			treated[a] += row[c] / float64(len(d.Treated))
		}
	}
	return donors, treated
}

// centre subtracts each row's mean over the window, which is what an intercept
// does to a least-squares fit.
func centre(donors, treated []float64) {
	l := len(treated)
	for at := 0; at < len(donors); at += l {
		demean(donors[at : at+l])
	}
	demean(treated)
}

func demean(v []float64) {
	var sum float64
	for _, x := range v {
		sum += x
	}
	for i := range v {
		v[i] -= sum / float64(len(v))
	}
}
