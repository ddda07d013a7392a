package effects

import (
	"github.com/bygdevekst/bygdevekst/analysis/did"
	"github.com/bygdevekst/bygdevekst/analysis/panel"
	"github.com/bygdevekst/bygdevekst/analysis/sdid"
	"github.com/bygdevekst/bygdevekst/analysis/synth"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
)

// matchedDonors is how many donors matched difference-in-differences keeps.
const matchedDonors = 10

// predictorYears is the length of the windows the classic synthetic control
// matches outcome means of.
const predictorYears = 5

// estimator returns a method of the catalogue for a panel whose first treated
// column is start; ok is false for one that has no answer with a single start.
func estimator(m catalogue.Estimator, p *panel.Panel, start int) (e panel.Estimator, spec *synth.Spec, ok bool) {
	control := func(s synth.Spec) (panel.Estimator, *synth.Spec, bool) { return s.Estimator(), &s, true }
	switch m {
	case catalogue.SDID:
		return sdid.Estimator(sdid.Options{}), nil, true
	case catalogue.DID:
		return did.Estimator(did.Options{}), nil, true
	case catalogue.DIDMatched:
		return did.Estimator(did.Options{Match: did.Match{K: min(matchedDonors, len(p.Units)-1), Outcomes: true}}), nil, true
	case catalogue.SC:
		return control(synth.Spec{Method: synth.Classic, Predictors: predictors(p.Times[:start])})
	case catalogue.SCOutcome:
		return control(synth.Spec{Method: synth.OutcomeOnly})
	case catalogue.SCDemeaned:
		return control(synth.Spec{Method: synth.Demeaned})
	case catalogue.SCPenalised:
		return control(synth.Spec{Method: synth.Penalised, Rule: synth.VEqual})
	case catalogue.SCRidge:
		return control(synth.Spec{Method: synth.RidgeAugmented})
	default:
		return nil, nil, false
	}
}

// predictors are outcome means over runs of years, the newest run first and the
// oldest one shorter where the years do not divide.
func predictors(pre []float64) []synth.Predictor {
	var out []synth.Predictor
	for end := len(pre); end > 0; end -= predictorYears {
		out = append(out, synth.Predictor{From: pre[max(0, end-predictorYears)], To: pre[end-1]})
	}
	return out
}
