package ssbsim

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"
)

// The years of the model: population on 1 January of firstYear to lastYear,
// flows, jobs and building in firstYear to lastYear−1.
const (
	firstYear = 2005
	lastYear  = 2026
	years     = lastYear - firstYear + 1
	// matrixYears is how many of the newest years keep the full matrix of moves
	// and of commuting.
	matrixYears = 6
)

const (
	ages  = 106 // 0 to 104 and 105+.
	sexes = 2   // 0 men, 1 women: SSB's codes 1 and 2.
)

// Region is one municipality of the model.
type Region struct {
	Code, Name, County string
	// Centrality is SSB's index, 0–1000; it sets size, age and pull.
	Centrality int
	// Neighbours are codes that share a border; they attract moves and commuters.
	Neighbours []string
	// Earlier are the codes the municipality had, as they were published.
	Earlier []Earlier
}

// Earlier is a code that was valid in the years From to To.
type Earlier struct {
	Code     string
	Name     string
	From, To int
}

// flows are one year's events in one municipality; persons are whole numbers
// and the population account holds exactly.
type flows struct {
	births, deaths, inDomestic, outDomestic, immigration, emigration int32
}

// building is one year of housing.
type building struct {
	dwellings                      [6]int32 // Stock on 1 January by type 01–05, 999.
	started, completed, demolished int32
	sales                          [3]int32
	price                          [3]int32 // Kroner a square metre.
	holidayHomes, households       int32
}

// Model is a closed world of municipalities in which every table can be counted
// out of the same persons, jobs and dwellings:
//
//   - Persons by sex and single year of age. Each year binomial deaths
//     (Gompertz), births (fertility by mother's age), domestic moves (rate by
//     age, destination by a gravity rule: size, same county, shared border),
//     emigration and immigration. Everybody who leaves one municipality arrives
//     in another, so P(t+1) = P(t) + natural increase + net migration exactly.
//   - Jobs by sex, age group and industry of residents: an employment rate by age
//     and an industry mix by municipality that drift as a bounded random walk;
//     each worker has one workplace, at home or along the commuting rule.
//   - Dwellings by type: stock next year = stock + completed − demolished.
//
// All draws come from PCG streams keyed by seed, year and municipality. The
// figures are invented, and everything made from them says so.
type Model struct {
	Regions []Region
	index   map[string]int
	effects []Effect
	seed    uint64

	persons [years][][sexes * ages]int32
	events  [years - 1][]flows
	// moves and commuters are [year][from*N+to] for the newest matrixYears.
	moves     [matrixYears][]int32
	commuters [matrixYears][]int32
	// residents and workers are jobs by place of residence and of work:
	// [year][region][sex][age group][industry].
	residents [years - 1][]jobs
	workers   [years - 1][]jobs
	outside   [years - 1][][2]int32 // In- and out-commuters.
	housing   [years][]building
}

const (
	jobAges    = 6
	industries = 17
	health     = 15 // Index of industry group 86-88.
)

// jobs are counts by sex, age group and industry group.
type jobs [sexes][jobAges][industries]int32

// industryCodes are the groups of table 07984, in its order.
var industryCodes = [industries]string{"01-03", "05-09", "10-33", "35-39", "41-43", "45-47", "49-53", "55-56", "58-63", "64-66", "68-75", "77-82", "00", "84", "85", "86-88", "90-99"}

// industryShares is the national mix the municipalities vary around, in per
// mille: a plausible mix, not a published one.
var industryShares = [industries]float64{25, 22, 85, 17, 85, 125, 52, 36, 40, 16, 65, 50, 5, 62, 82, 205, 28}

var jobAgeCodes = [jobAges]string{"15-19", "20-24", "25-39", "40-54", "55-66", "67-74"}

var jobAgeBounds = [jobAges][2]int{{15, 19}, {20, 24}, {25, 39}, {40, 54}, {55, 66}, {67, 74}}

// employmentRate by age group, before local and yearly variation.
var employmentRate = [jobAges]float64{0.40, 0.66, 0.80, 0.84, 0.69, 0.22}

// NewModel runs the model. The same regions, seed and effects give the same
// figures; regions must be in a fixed order, such as by code.
func NewModel(regions []Region, seed uint64, effects []Effect) *Model {
	m := &Model{Regions: regions, index: map[string]int{}, effects: effects, seed: seed}
	for i, r := range regions {
		m.index[r.Code] = i
	}
	g := newGravity(m)
	m.persons[0] = make([][sexes * ages]int32, len(regions))
	for i := range regions {
		m.found(i)
	}
	for y := range years - 1 {
		m.liveYear(y, g)
	}
	m.work(g)
	m.build()
	return m
}

// stream returns the random stream of a purpose, year and region.
func (m *Model) stream(purpose string, year, region int) *rand.PCG {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	code := ""
	if region >= 0 {
		code = m.Regions[region].Code
	}
	h.Write([]byte{byte(year), byte(year >> 8)})
	h.Write([]byte(code))
	return rand.NewPCG(m.seed, h.Sum64())
}

func binomial(n int32, p float64, src rand.Source) int32 {
	if n <= 0 || p <= 0 {
		return 0
	}
	if p >= 1 {
		return n
	}
	return int32(distuv.Binomial{N: float64(n), P: p, Src: src}.Rand())
}

func poisson(lambda float64, src rand.Source) int32 {
	if lambda <= 0 {
		return 0
	}
	return int32(distuv.Poisson{Lambda: lambda, Src: src}.Rand())
}

func normal(src rand.Source) float64 { return distuv.Normal{Mu: 0, Sigma: 1, Src: src}.Rand() }

// found sets a municipality's first population: size grows exponentially with
// centrality (about 1,300 at index 420, 10,000 at 620, 700,000 at 1000), and
// the least central are older.
func (m *Model) found(i int) {
	src := m.stream("found", 0, i)
	c := float64(m.Regions[i].Centrality)
	size := math.Exp(7.17 + 0.01086*(c-421) + 0.35*normal(src))
	rural := (800 - c) / 400
	var weight [ages]float64
	total := 0.0
	for a := range ages {
		age := float64(a)
		w := math.Exp(-math.Exp((age - 84) / 9))          // Survivors.
		w *= 1 + 0.25*math.Exp(-math.Pow((age-57)/14, 2)) // The large post-war cohorts.
		w *= 1 - 0.25*math.Max(0, rural)*math.Exp(-math.Pow((age-27)/9, 2))
		weight[a] = w
		total += w
	}
	for s := range sexes {
		for a := range ages {
			tilt := 0.5
			if a > 75 {
				tilt += (float64(s) - 0.5) * math.Min(0.4, float64(a-75)*0.015)
			}
			m.persons[0][i][s*ages+a] = poisson(size*weight[a]/total*tilt, src)
		}
	}
}

// deathRate is a Gompertz hazard with women six years younger at heart.
func deathRate(sex, age int) float64 {
	a := float64(age)
	if sex == 1 {
		a -= 4
	}
	if age == 0 {
		return 0.002
	}
	return math.Min(0.6, 0.0001+1.9e-5*math.Exp(0.098*a))
}

// birthRate is children a year of a woman, by age; it sums to 1.55.
func birthRate(age int) float64 {
	return 1.55 * math.Exp(-math.Pow((float64(age)-31)/5.2, 2)/2) / (5.2 * math.Sqrt(2*math.Pi))
}

// moveRate is the share of an age that moves to another municipality in a year.
func moveRate(age int) float64 {
	a := float64(age)
	return 0.012 + 0.022*math.Exp(-a/6) + 0.145*math.Exp(-math.Pow((a-23)/5.5, 2)/2) + 0.02*math.Exp(-math.Pow((a-34)/8, 2)/2)
}

func (m *Model) liveYear(y int, g *gravity) {
	n := len(m.Regions)
	next := make([][sexes * ages]int32, n)
	ev := make([]flows, n)
	var matrix []int32
	if k := y - (years - 1 - matrixYears); k >= 0 {
		matrix = make([]int32, n*n)
		m.moves[k] = matrix
	}
	year := firstYear + y
	pulls := m.pulls(year)
	for i := range n {
		src := m.stream("live", year, i)
		rng := rand.New(src)
		turn := rand.New(m.stream("turn", year, i))
		pull := m.factor("out-migration", i, year)
		stay := 1 + 0.1*normal(src)
		births := 0.0
		for s := range sexes {
			for a := range ages {
				p := m.persons[y][i][s*ages+a]
				if p == 0 {
					continue
				}
				if s == 1 && a >= 15 && a < 50 {
					births += float64(p) * birthRate(a)
				}
				to := s*ages + min(a+1, ages-1)
				d := binomial(p, deathRate(s, a), src)
				ev[i].deaths += d
				p -= d
				e := binomial(p, 0.0035*(1+3*moveRate(a)/0.16), src)
				ev[i].emigration += e
				p -= e
				moved := binomial(p, math.Min(0.9, math.Max(0, moveRate(a)*g.leave[i]*stay*pull)), src)
				ev[i].outDomestic += moved
				next[i][to] += p - moved
				for range moved {
					j := g.turned(i, g.destination(i, rng), pulls, turn)
					next[j][to]++
					ev[j].inDomestic++
					if matrix != nil {
						matrix[i*n+j]++
					}
				}
			}
		}
		b := poisson(births*m.factor("births", i, year), src)
		girls := binomial(b, 0.487, src)
		ev[i].births = b
		// Newborns die in the year they are born as ages 0 do, too few to model apart.
		next[i][0] += b - girls
		next[i][ages] += girls
		in := poisson(0.0085*m.immigrationWave(year, i)*m.total(y, i)*m.factor("in-migration", i, year), src)
		ev[i].immigration = in
		for range in {
			a := int(math.Abs(math.Round(29 + 13*rng.NormFloat64())))
			next[i][rng.IntN(sexes)*ages+min(a, 90)]++
		}
	}
	m.persons[y+1] = next
	m.events[y] = ev
}

// immigrationWave gives small places settlement of refugees in some years.
func (m *Model) immigrationWave(year, i int) float64 {
	w := 1.0
	if year == 2022 || year == 2023 {
		w = 2.2
	}
	return w * (0.6 + 0.8*rand.New(m.stream("wave", year, i)).Float64())
}

func (m *Model) total(y, i int) float64 {
	var t int32
	for _, p := range m.persons[y][i] {
		t += p
	}
	return float64(t)
}

// gravity is where people who move or commute go.
type gravity struct {
	leave    []float64
	moveTo   []alias
	share    [][]float64 // Of those who move from one, how many go to another.
	commute  []alias
	homeWork []float64 // Share of workers who work where they live.
}

func newGravity(m *Model) *gravity {
	n := len(m.Regions)
	g := &gravity{leave: make([]float64, n), moveTo: make([]alias, n), share: make([][]float64, n), commute: make([]alias, n), homeWork: make([]float64, n)}
	size := make([]float64, n)
	for j, r := range m.Regions {
		size[j] = math.Exp(7.17 + 0.01086*float64(r.Centrality-421))
	}
	w := make([]float64, n)
	for i, r := range m.Regions {
		src := m.stream("gravity", 0, i)
		g.leave[i] = 0.9 + 0.2*(700-float64(r.Centrality))/700 + 0.05*normal(src)
		g.homeWork[i] = math.Min(0.93, math.Max(0.45, 0.75+0.07*normal(src)))
		near := map[int]bool{}
		for _, code := range r.Neighbours {
			if j, ok := m.index[code]; ok {
				near[j] = true
			}
		}
		fill := func(county, border, exponent float64) alias {
			for j, q := range m.Regions {
				w[j] = math.Pow(size[j], exponent)
				if q.County == r.County {
					w[j] *= county
				}
				if near[j] {
					w[j] *= border
				}
			}
			w[i] = 0
			return newAlias(w)
		}
		g.moveTo[i] = fill(6, 8, 0.92)
		g.share[i] = slices.Clone(w)
		floats.Scale(1/floats.Sum(w), g.share[i])
		g.commute[i] = fill(40, 60, 0.95)
	}
	return g
}

func (g *gravity) destination(i int, rng *rand.Rand) int { return g.moveTo[i].draw(rng) }

// turned is where somebody who was going to j goes when some places pull by
// their factor more or less: the choice among weights in which theirs are
// multiplied. Its draws are its own, so that everybody else goes where they
// would have gone.
func (g *gravity) turned(i, j int, pulls []pull, rng *rand.Rand) int {
	for _, p := range pulls {
		if p.region == i {
			continue
		}
		if p.factor > 1 {
			more := g.share[i][p.region] * (p.factor - 1)
			if rng.Float64() < more/(1+more) {
				j = p.region
			}
			continue
		}
		for range maxTurns {
			if j != p.region || rng.Float64() < p.factor {
				break
			}
			j = g.destination(i, rng)
		}
	}
	return j
}

// maxTurns bounds the search for another place than the one turned away from.
const maxTurns = 100

// alias is Walker's alias table (Vose 1991): a draw costs one random number.
type alias struct {
	keep  []float64
	other []int
}

func newAlias(weight []float64) alias {
	n := len(weight)
	sum := 0.0
	for _, w := range weight {
		sum += w
	}
	a := alias{keep: make([]float64, n), other: make([]int, n)}
	scaled := make([]float64, n)
	var small, large []int
	for i, w := range weight {
		scaled[i] = w / sum * float64(n)
		if scaled[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.keep[s], a.other[s] = scaled[s], l
		scaled[l] -= 1 - scaled[s]
		if scaled[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) {
		a.keep[i], a.other[i] = 1, i
	}
	return a
}

func (a alias) draw(rng *rand.Rand) int {
	x := rng.Float64() * float64(len(a.keep))
	i := min(int(x), len(a.keep)-1)
	if x-float64(i) < a.keep[i] {
		return i
	}
	return a.other[i]
}

// work fills the jobs of every year.
func (m *Model) work(g *gravity) {
	n := len(m.Regions)
	mix := make([][industries]float64, n)
	rate := make([]float64, n)
	for i := range n {
		src := m.stream("mix", 0, i)
		for k := range industries {
			mix[i][k] = industryShares[k] * math.Exp(0.25*normal(src))
		}
		rate[i] = 1 + 0.04*normal(src)
	}
	for y := range years - 1 {
		year := firstYear + y
		m.residents[y], m.workers[y] = make([]jobs, n), make([]jobs, n)
		m.outside[y] = make([][2]int32, n)
		var matrix []int32
		if k := y - (years - 1 - matrixYears); k >= 0 {
			matrix = make([]int32, n*n)
			m.commuters[k] = matrix
		}
		for i := range n {
			src := m.stream("work", year, i)
			rng := rand.New(src)
			for k := range industries {
				mix[i][k] *= math.Exp(0.02 * normal(src))
			}
			mix[i][health] *= 1.004 // The sector grows slowly everywhere.
			rate[i] += 0.1*(1-rate[i]) + 0.006*normal(src)
			m.employ(y, i, mix[i], rate[i], rng)
			m.commute(y, i, g, matrix, rng)
		}
	}
}

// employ draws residents' jobs. Expected counts are rounded at random, so that
// jobs persist from year to year as real ones do and still are whole.
func (m *Model) employ(y, i int, mix [industries]float64, rate float64, rng *rand.Rand) {
	base := 0.0
	for _, w := range mix {
		base += w
	}
	for s := range sexes {
		for g, b := range jobAgeBounds {
			var persons int32
			for a := b[0]; a <= b[1]; a++ {
				// 4th quarter: nearest to the population on 1 January next year.
				persons += m.persons[y+1][i][s*ages+a]
			}
			e := float64(persons) * math.Min(0.95, employmentRate[g]*rate*(1.02-0.04*float64(s)))
			for k := range industries {
				w := mix[k]
				if k == health {
					w *= 0.4 + 1.2*float64(s)
				}
				m.residents[y][i][s][g][k] = atRandom(e*w/base, rng)
			}
		}
	}
}

// commute places the workers. A planted effect adds or takes away jobs at home,
// and commuters' only when none are left there; all other draws are as they
// would have been, so that the effect is the whole of the difference.
func (m *Model) commute(y, i int, g *gravity, matrix []int32, rng *rand.Rand) {
	n := len(m.Regions)
	year := firstYear + y
	planted := rand.New(m.stream("planted", year, i))
	for s := range sexes {
		for a := range jobAges {
			for k := range industries {
				all := m.residents[y][i][s][a][k]
				home := binomial(all, g.homeWork[i], rng)
				away := all - home
				f := m.factor("employed", i, year)
				if k == health {
					f *= m.factor("health-employed", i, year)
				}
				if f != 1 {
					all = atRandom(float64(all)*f, planted)
					home = max(0, all-away)
					m.residents[y][i][s][a][k] = all
				}
				m.workers[y][i][s][a][k] += home
				if matrix != nil {
					matrix[i*n+i] += home
				}
				for c := range away {
					j := g.commute[i].draw(rng)
					if c >= all-home {
						continue
					}
					m.workers[y][j][s][a][k]++
					m.outside[y][i][1]++
					m.outside[y][j][0]++
					if matrix != nil {
						matrix[i*n+j]++
					}
				}
			}
		}
	}
}

// atRandom rounds up or down so that the expectation is x.
func atRandom(x float64, rng *rand.Rand) int32 {
	n := math.Floor(x)
	if rng.Float64() < x-n {
		n++
	}
	return int32(n)
}

// build fills the housing of every year.
func (m *Model) build() {
	n := len(m.Regions)
	for y := range years {
		m.housing[y] = make([]building, n)
	}
	for i := range n {
		src := m.stream("house", 0, i)
		rng := rand.New(src)
		c := float64(m.Regions[i].Centrality)
		urban := math.Max(0, (c-600)/400)
		stock := m.total(0, i) / (2.25 - 0.2*(1-urban))
		shares := [6]float64{0.78 - 0.55*urban, 0.08, 0.07 + 0.05*urban, 0.03 + 0.45*urban, 0.02, 0.02}
		var b building
		for k, s := range shares {
			b.dwellings[k] = int32(stock * s)
		}
		b.holidayHomes = int32(stock * (0.05 + 0.9*math.Max(0, (700-c)/300)*rng.Float64()))
		price := 12000 + 45000*urban + 3000*rng.Float64()
		pending := int32(0)
		for y := range years {
			year := firstYear + y
			b.households = int32(m.total(y, i) / (2.12 - 0.004*float64(y)))
			m.housing[y][i] = b
			if y == years-1 {
				break
			}
			h := &m.housing[y][i]
			h.started = poisson(stock*0.006*(0.5+urban)*m.factor("dwellings", i, year), src)
			h.completed = min(pending, poisson(float64(pending)*0.6, src))
			h.completed = max(0, h.completed)
			pending += h.started - h.completed
			h.demolished = poisson(stock*0.0012, src)
			for k := range h.sales {
				h.sales[k] = poisson(stock*[3]float64{0.012, 0.004, 0.002 + 0.02*urban}[k], src)
				h.price[k] = int32(price * (1 + 0.02*float64(y)) * math.Exp(0.12*normal(src)))
			}
			b = *h
			m.settle(&b, h, shares, rng)
			b.holidayHomes += poisson(float64(b.holidayHomes)*0.008, src)
		}
	}
}

// settle carries a year's building into next year's stock by type, whole.
func (m *Model) settle(next, year *building, shares [6]float64, rng *rand.Rand) {
	draw := newAlias(shares[:])
	for range year.completed {
		next.dwellings[draw.draw(rng)]++
	}
	for range year.demolished {
		k := draw.draw(rng)
		for next.dwellings[k] == 0 {
			k = draw.draw(rng)
		}
		next.dwellings[k]--
	}
}
