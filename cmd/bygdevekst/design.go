package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/data/catalogue"
	"github.com/bygdevekst/bygdevekst/data/cube"
	"github.com/bygdevekst/bygdevekst/indicators/effects"
)

// DesignCmd tells what a registered design can show before its outcome is seen.
type DesignCmd struct {
	Indicator string `help:"Indicator id, as net-migration-rate." required:"" placeholder:"ID"`
	Agreement string `help:"Agreement id." default:"innlandet" placeholder:"ID"`
	Release   string `help:"Release id; the served one when left out." placeholder:"ID"`
	Format    string `help:"text or json." enum:"text,json" default:"text"`
}

// Help is printed by «bygdevekst design --help».
func (DesignCmd) Help() string {
	return `Prints, from figures before the design's start only: the balance of every
comparison group, how well the treated unit is followed, how often the test would
cry wolf (size) and the smallest effect it would see (MDE) after one year, two
and so on. No outcome of the treated years is looked at.

Example:
  bygdevekst design --indicator health-employment-share --agreement innlandet`
}

// planned is the answer as JSON.
type planned struct {
	Release    string  `json:"release"`
	Kind       string  `json:"kind"`
	Design     string  `json:"design"`
	Registered string  `json:"registered"`
	SHA256     string  `json:"sha256"`
	Indicator  string  `json:"indicator"`
	Unit       string  `json:"unit"`
	Method     string  `json:"method"`
	Start      int     `json:"start"`
	Alpha      float64 `json:"alpha"`
	Power      float64 `json:"power"`
	Regions    []plan  `json:"regions"`
}

type plan struct {
	Region   string       `json:"region"`
	Name     string       `json:"name"`
	From     int          `json:"from,omitempty"`
	To       int          `json:"to,omitempty"`
	Donors   int          `json:"donors"`
	PreRMSPE *float64     `json:"pre_rmspe"`
	Better   *float64     `json:"share_of_donors_followed_better"`
	Detect   []detectable `json:"detectable"`
	Balance  []balance    `json:"balance"`
	Reason   string       `json:"reason,omitempty"`
}

type detectable struct {
	Years     int      `json:"years"`
	MDE       *float64 `json:"mde"`
	Size      *float64 `json:"size"`
	SmallestP *float64 `json:"smallest_p"`
	Pretences int      `json:"pretences"`
	Reason    string   `json:"reason,omitempty"`
}

type balance struct {
	Covariate     string     `json:"covariate"`
	Own           cube.Float `json:"own"`
	GroupMean     cube.Float `json:"group_mean"`
	StdDifference cube.Float `json:"std_difference"`
	Outside       bool       `json:"outside"`
}

// Run prints.
func (c *DesignCmd) Run(a *app) error {
	store, err := a.store()
	if err != nil {
		return err
	}
	id := c.Release
	if id == "" {
		if id, err = store.CurrentID(); err != nil {
			return err
		}
	}
	info, content, err := store.Load(a.ctx, id)
	if err != nil {
		return err
	}
	cat, err := catalogue.Load(store.Catalogue(id))
	if err != nil {
		return fmt.Errorf("catalogue of release %s: %w", id, err)
	}
	agreement, ind := cat.Agreement(c.Agreement), cat.Indicator(c.Indicator)
	if agreement == nil {
		return data.Errorf(data.ENOTFOUND, "no agreement %q; «bygdevekst export dim_agreement» lists them", c.Agreement)
	}
	if ind == nil {
		return data.Errorf(data.ENOTFOUND, "no indicator %q; GET /api/v1/indicators lists them", c.Indicator)
	}
	registered := cat.Design(agreement.ID)
	if registered == nil {
		return data.Errorf(data.ENOTFOUND, "no design is registered, neither for agreement %s nor a common one", c.Agreement)
	}
	d := registered.For(agreement)
	plans, err := effects.PlanOf(a.ctx, d, ind, cat, &content)
	if err != nil {
		return err
	}
	out := c.answer(info, d, registered.Hash(), ind, agreement, plans, cube.New(content))
	if c.Format == "json" {
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(out)
	}
	return out.text(a)
}

func (c *DesignCmd) answer(info cube.Info, d *catalogue.Design, hash string, ind *catalogue.Indicator, agreement *catalogue.Agreement, plans []effects.Plan, q *cube.Cube) planned {
	out := planned{
		Release: info.ID, Kind: string(info.Kind), Design: d.ID, Registered: string(d.Registered), SHA256: hash,
		Indicator: ind.ID, Unit: ind.Unit.In("en"), Method: string(d.Method), Start: d.Start, Alpha: d.Looks.Alpha, Power: d.Gates.Power,
	}
	for _, p := range plans {
		r := plan{Region: p.Region, Name: nameIn(agreement, p.Region), From: p.From, To: p.To, Donors: p.Donors, Reason: string(p.Reason), Detect: []detectable{}, Balance: []balance{}}
		if p.Donors > 0 {
			r.PreRMSPE, r.Better = &p.PreRMSPE, &p.Better
		}
		for _, w := range p.Power {
			row := detectable{Years: w.Years, Pretences: len(w.Draws), Reason: string(w.Reason)}
			if w.Reason == "" {
				row.MDE, row.Size, row.SmallestP = &w.MDE, &w.Size, &w.SmallestP
			}
			r.Detect = append(r.Detect, row)
		}
		for _, b := range q.Balance(p.Region) {
			r.Balance = append(r.Balance, balance{b.Covariate, b.Own, b.GroupMean, b.StdDifference, b.Outside})
		}
		out.Regions = append(out.Regions, r)
	}
	return out
}

// nameIn is the name of a municipality of an agreement, or of the agreement.
func nameIn(a *catalogue.Agreement, region string) string {
	for _, m := range a.Municipalities {
		if m.Code == region {
			return m.Name
		}
	}
	return a.Name.In("en")
}

func (p planned) text(a *app) error {
	a.printf("design %s, registered %s, sha256 %s\nindicator %s (%s), start %d, primary method %s\nrelease %s (%s figures); nothing from %d on was looked at\n",
		p.Design, p.Registered, p.SHA256[:12], p.Indicator, p.Unit, p.Start, p.Method, p.Release, p.Kind, p.Start)
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, r := range p.Regions {
		fmt.Fprintf(w, "\n%s %s\n", r.Region, r.Name)
		if r.PreRMSPE == nil {
			fmt.Fprintf(w, "  nothing can be told: %s\n", r.Reason)
			continue
		}
		fmt.Fprintf(w, "  pre-fit %d–%d on %d donors: RMSPE %.3g; %.0f %% of the donors are followed better\n", r.From, r.To, r.Donors, *r.PreRMSPE, 100**r.Better)
		fmt.Fprintf(w, "  treated years\tsmallest effect seen with %.0f %% power\tsize at %.0f %%\tsmallest p\n", 100*p.Power, 100*p.Alpha)
		for _, d := range r.Detect {
			if d.MDE == nil {
				fmt.Fprintf(w, "  %d\t%s\t\t\n", d.Years, d.Reason)
				continue
			}
			fmt.Fprintf(w, "  %d\t%.3g\t%.1f %%\t%.3f\n", d.Years, *d.MDE, 100**d.Size, *d.SmallestP)
		}
		fmt.Fprintf(w, "  covariate\town\tgroup\tstandardised difference\t\n")
		for _, b := range r.Balance {
			mark := ""
			if b.Outside {
				mark = "outside the group's range"
			}
			fmt.Fprintf(w, "  %s\t%.4g\t%.4g\t%+.2f\t%s\n", b.Covariate, float64(b.Own), float64(b.GroupMean), float64(b.StdDifference), mark)
		}
	}
	return w.Flush()
}
