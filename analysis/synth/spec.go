package synth

import (
	"errors"
	"fmt"
	"math"
)

// Sentinel errors, wrapped with the predictor, unit or period concerned.
var (
	// ErrSpec reports a specification that contradicts itself.
	ErrSpec = errors.New("synth: bad specification")
	// ErrPredictor reports a predictor without a value for some unit.
	ErrPredictor = errors.New("synth: predictor without value")
	// ErrWindow reports a fit window without any pre-period.
	ErrWindow = errors.New("synth: empty fit window")
	// ErrNotConverged reports an inner problem whose certificate failed; the fit is
	// withheld.
	ErrNotConverged = errors.New("synth: inner problem not solved to tolerance")
)

// Method names an estimator.
type Method int

const (
	// Classic matches predictors with weights V (Abadie, Diamond & Hainmueller
	// 2010, JASA 105:493).
	Classic Method = iota
	// OutcomeOnly minimises Σ_pre (Y₁t − Y₀t w)² on the simplex.
	OutcomeOnly
	// Demeaned allows an intercept: Σ_pre (Y₁t − a − Y₀t w)² (Doudchenko & Imbens
	// 2016; Ferman & Pinto 2021, QE 12:1197).
	Demeaned
	// Penalised adds λ Σ_j w_j ‖X₁ − X₀j‖²_V (Abadie & L'Hour 2021, JASA 116:1817).
	// Without predictors it matches the outcomes of the fit window.
	Penalised
	// RidgeAugmented corrects outcome-only weights for their remaining imbalance by
	// ridge regression (Ben-Michael, Feller & Rothstein 2021, JASA 116:1789).
	RidgeAugmented
	// Robust regresses on donors denoised by a truncated singular value
	// decomposition (Amjad, Shah & Shen 2018, JMLR 19:22).
	Robust
)

// String is the method's name in specifications.
func (m Method) String() string {
	names := [...]string{"sc", "sc-outcome", "sc-demeaned", "sc-penalised", "sc-ridge", "sc-robust"}
	if m < 0 || int(m) >= len(names) {
		return fmt.Sprintf("method(%d)", int(m))
	}
	return names[m]
}

// VRule says where the predictor weights V come from.
type VRule int

const (
	// VOptimise searches the V whose inner solution fits the outcome best over the
	// fit window.
	VOptimise VRule = iota
	// VEqual gives every row in use the same weight.
	VEqual
	// VInverseVariance measures distance as Σ_k (x₁k − x₀k w)²/var_k, whatever the
	// scaling of the rows.
	VInverseVariance
	// VFixed uses Spec.V.
	VFixed
)

// Scale says how predictor rows are scaled before V applies.
type Scale int

const (
	// ScaleSD divides each row by its standard deviation (n−1) over treated and
	// donors: part of the published definition.
	ScaleSD Scale = iota
	// ScaleNone leaves rows in their own units.
	ScaleNone
)

// LambdaRule says how λ of Penalised and RidgeAugmented is chosen.
type LambdaRule int

const (
	// LambdaChosen picks λ by cross-validation: for Penalised leaving one donor out
	// and predicting its outcomes from Start on (or over the fit window, if no
	// period is treated); for RidgeAugmented leaving one pre-period out.
	LambdaChosen LambdaRule = iota
	// LambdaFixed uses Spec.Lambda.
	LambdaFixed
)

// Window is a closed range of periods. The zero Window means "all pre-periods".
type Window struct{ From, To float64 }

func (w Window) isZero() bool { return w == Window{} }

// Predictor is the mean of a column over a range of periods, or over listed
// ones. Missing values are skipped.
type Predictor struct {
	// Column is a covariate of the panel; "" is the outcome.
	Column string
	// From and To are the first and last period used.
	From, To float64
	// Times, when set, lists the periods used instead.
	Times []float64
}

// Name describes the predictor for balance tables and errors.
func (p Predictor) Name() string {
	column := p.Column
	if column == "" {
		column = "outcome"
	}
	if len(p.Times) > 0 {
		return fmt.Sprintf("%s %v", column, p.Times)
	}
	if p.From == p.To {
		return fmt.Sprintf("%s %g", column, p.From)
	}
	return fmt.Sprintf("%s %g–%g", column, p.From, p.To)
}

func (p Predictor) uses(t float64) bool {
	for _, v := range p.Times {
		if v == t {
			return true
		}
	}
	return len(p.Times) == 0 && p.From <= t && t <= p.To
}

// Train is the out-of-sample choice of V of Abadie, Diamond & Hainmueller (2015,
// AJPS 59:495): V is optimised with these predictors over this window, then used
// with the predictors of the Spec, matched by position.
type Train struct {
	Predictors []Predictor
	FitWindow  Window
}

// Spec is one estimator, complete with its options. The zero value with
// predictors is the classic synthetic control.
type Spec struct {
	Method     Method
	Predictors []Predictor
	// FitWindow limits the periods whose fit counts; zero means all before Start.
	FitWindow Window
	Rule      VRule
	// V holds the weights of VFixed, one per predictor.
	V     []float64
	Train *Train
	Scale Scale
	// Lambda is used when LambdaRule is LambdaFixed, and as the ridge of Robust.
	Lambda     float64
	LambdaRule LambdaRule
	// Rank is the number of singular values Robust keeps.
	Rank int

	// known are folds that EstimatorFor has made.
	known *penaltyFolds
}

// Check reports the first contradiction in the specification.
func (s Spec) Check() error {
	if s.Method < Classic || s.Method > Robust {
		return fmt.Errorf("%w: unknown method %d", ErrSpec, int(s.Method))
	}
	if s.Method == Classic && len(s.Predictors) == 0 {
		return fmt.Errorf("%w: the classic synthetic control needs predictors; without them use %s", ErrSpec, OutcomeOnly)
	}
	if s.Rule == VFixed {
		if len(s.V) != len(s.Predictors) {
			return fmt.Errorf("%w: %d weights v for %d predictors", ErrSpec, len(s.V), len(s.Predictors))
		}
		var sum float64
		for k, v := range s.V {
			if !(v >= 0) || math.IsInf(v, 1) {
				return fmt.Errorf("%w: weight v %g of predictor %q", ErrSpec, v, s.Predictors[k].Name())
			}
			sum += v
		}
		if sum == 0 {
			return fmt.Errorf("%w: every weight v is zero", ErrSpec)
		}
	}
	if s.Train != nil && len(s.Train.Predictors) != len(s.Predictors) {
		return fmt.Errorf("%w: %d training predictors for %d predictors; they match by position", ErrSpec, len(s.Train.Predictors), len(s.Predictors))
	}
	if s.Train != nil && (s.Method != Classic || s.Rule != VOptimise) {
		return fmt.Errorf("%w: a training window needs method %s and an optimised v", ErrSpec, Classic)
	}
	if !(s.Lambda >= 0) || math.IsInf(s.Lambda, 1) {
		return fmt.Errorf("%w: lambda %g", ErrSpec, s.Lambda)
	}
	if s.Method == Robust && s.Rank < 1 {
		return fmt.Errorf("%w: %s needs the number of singular values", ErrSpec, Robust)
	}
	return nil
}
