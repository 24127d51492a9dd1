package console

import (
	"fmt"

	"github.com/segue-project/segue/internal/app"
)

// stateCount is how many users are in a state.
type stateCount struct {
	Words, Class string
	N            int
	Work         bool // awaits somebody
}

// states are the states of users, the most urgent first.
func states(c app.StateCounts) []stateCount {
	return []stateCount{
		{"Lapsed", "bad", c.Lapsed, true},
		{"Expiring", "old", c.Expiring, true},
		{"Acknowledged, old still works", "hatch", c.Acknowledged, false},
		{"Valid", "new", c.Valid, false},
	}
}

// The least width of the proportional bar, for which its shortest parts are
// chosen, and those parts and the gaps between them, in pixels.
const (
	shareNominal = 272
	shareLeast   = 8
	shareGap     = 2
)

// share is one state's part of the bar.
type share struct{ X, Width, Class string }

// stateShares divides the bar: each state that somebody is in gets its least, and
// the rest is divided by number.
func stateShares(c app.StateCounts) []share {
	var present []stateCount
	total := 0
	for _, s := range states(c) {
		if s.N > 0 {
			present = append(present, s)
			total += s.N
		}
	}
	free := float64(shareNominal - shareGap*(len(present)-1))
	widths := leastShares(present, total, free)
	var shares []share
	x := 0.0
	for i, s := range present {
		shares = append(shares, share{percent(x / shareNominal), percent(widths[i] / shareNominal), s.Class})
		x += widths[i] + shareGap
	}
	return shares
}

// leastShares divides a width by number, where none gets less than shareLeast:
// what those lack comes from the others.
func leastShares(present []stateCount, total int, free float64) []float64 {
	widths := make([]float64, len(present))
	rest, counted := free, total
	for changed := true; changed; {
		changed = false
		for i, s := range present {
			if widths[i] == 0 && float64(s.N)/float64(counted)*rest < shareLeast {
				widths[i], changed = shareLeast, true
				rest -= shareLeast
				counted -= s.N
			}
		}
	}
	for i, s := range present {
		if widths[i] == 0 {
			widths[i] = float64(s.N) / float64(counted) * rest
		}
	}
	return widths
}

func stateLabel(c app.StateCounts) string {
	return fmt.Sprintf("%s lapsed, %s expiring, %s acknowledged, %s valid",
		number(c.Lapsed), number(c.Expiring), number(c.Acknowledged), number(c.Valid))
}

// neededTone is red while something lapsed or ends within a week.
func neededTone(o overviewView) tone {
	if o.Counts.Lapsed > 0 || (o.Counts.Expiring > 0 && o.Counts.FirstEnd.Sub(o.Now) < soon) {
		return bad
	}
	return warn
}
