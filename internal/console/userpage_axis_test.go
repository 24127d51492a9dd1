package console

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

func labels(a axis) (words []string) {
	for _, t := range a.Ticks {
		if t.Label != "" {
			words = append(words, t.Label)
		}
	}
	return words
}

// TestSpanAxisUnits: whole units, as long as the span asks for.
func TestSpanAxisUnits(t *testing.T) {
	begin := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		span time.Duration
		want []string
	}{
		{8 * 365 * 24 * time.Hour, []string{"2028", "2030", "2032", "2034"}},
		{4 * 365 * 24 * time.Hour, []string{"2027", "2028", "2029", "2030"}},
		{90 * 24 * time.Hour, []string{"Dec", "Jan 2027", "Feb"}},
		{20 * 24 * time.Hour, []string{"30 Nov", "7 Dec"}},
		{24 * time.Hour, []string{"12:00", "18:00", "25 Nov", "06:00"}},
		{time.Minute, []string{"09:00:15", "09:00:30", "09:00:45"}},
	} {
		a := spanAxis(begin, begin.Add(c.span), begin, time.UTC, pageWidth)
		for _, want := range c.want {
			if !slices.Contains(labels(a), want) {
				t.Errorf("%s: labels %q lack %q", c.span, labels(a), want)
			}
		}
	}
}

// TestSpanAxis: for any span the axis holds it, its lines are in order and few, and
// no two labels touch or leave the picture.
func TestSpanAxis(t *testing.T) {
	zones := []*time.Location{time.UTC, mustZone(t, "Europe/Helsinki"), mustZone(t, "America/St_Johns"), mustZone(t, "Pacific/Apia")}
	rapid.Check(t, func(t *rapid.T) {
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, int64(3*365*24*time.Hour)).Draw(t, "from")))
		to := from.Add(time.Duration(rapid.Int64Range(int64(time.Second), int64(60*365*24*time.Hour)).Draw(t, "span")))
		width := rapid.SampledFrom([]float64{dialogWidth, pageWidth, nominal}).Draw(t, "width")
		a := spanAxis(from, to, from, rapid.SampledFrom(zones).Draw(t, "zone"), width)
		if !a.From.Before(from) || !a.To.After(to) {
			t.Fatalf("the axis %s to %s does not hold %s to %s", a.From, a.To, from, to)
		}
		if len(a.Ticks) > int(a.most())+2 {
			t.Fatalf("%d lines", len(a.Ticks))
		}
		last := -float64(labelGap)
		for i, k := range a.Ticks {
			if i > 0 && !k.At.After(a.Ticks[i-1].At) {
				t.Fatal("lines are not in order")
			}
			if k.Label == "" {
				continue
			}
			if x := a.pixel(k.At); x-last < labelGap || x < labelGap/2 || x > width-labelGap/2 {
				t.Fatalf("the label %q at %.0f touches the one at %.0f, or an edge", k.Label, x, last)
			} else {
				last = x
			}
		}
	})
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// history makes a view of a user's generations, each from, to in days from t0.
func history(spans ...[2]int) userView {
	u := userView{frame: frame{Now: t0, Zone: time.UTC}, User: "someone"}
	days := func(n int) time.Time { return t0.AddDate(0, 0, n) }
	for i, s := range spans {
		g := app.GenerationView{PairView: app.PairView{
			Generation: i + 1, CreatedAt: days(s[0]), NotBefore: days(s[0]), NotAfter: days(s[1]), Current: i == len(spans)-1,
		}}
		u.History.Generations = append(u.History.Generations, g)
		if i > 0 {
			u.History.Renewals = append(u.History.Renewals, lifecycle.Renewal{New: i + 1, Replaced: i, CreatedAt: days(s[0])})
		}
	}
	u.History.State = lifecycle.Expiring
	return u
}

// TestPictureOfAnOverlap: two bars, the tint over what they share, a hollow dot.
func TestPictureOfAnOverlap(t *testing.T) {
	u := history([2]int{-730, 90}, [2]int{-1, 819})
	p := u.pictureOf(u.History.Generations, pageWidth, true)
	if len(p.Pairs) != 2 || p.Pairs[0].Class != "old" || p.Pairs[1].Class != "new" || p.Pairs[0].Hatched {
		t.Fatalf("drawn as %+v", p.Pairs)
	}
	if p.Tint == nil || p.Tint.X != p.Pairs[1].X {
		t.Errorf("the tint is %+v, the new pair begins at %s", p.Tint, p.Pairs[1].X)
	}
	if r := p.Pairs[1].Renewed; r == nil || r.Acknowledged || r.Words == "" || r.X != p.Tint.X {
		t.Errorf("the renewal is %+v", r)
	}
	for _, words := range []string{"Generation 1, old works until", "Generation 2, new works until", "awaiting acknowledgement"} {
		if !strings.Contains(p.Label, words) {
			t.Errorf("a screen reader hears %q", p.Label)
		}
	}
	u.History.State = lifecycle.Acknowledged
	u.History.Renewals[0].AcknowledgedAt, u.History.Renewals[0].AcknowledgedBy = t0, "ilse@example.com"
	p = u.pictureOf(u.History.Generations, pageWidth, true)
	if !p.Pairs[0].Hatched || !p.Pairs[1].Renewed.Acknowledged || !strings.Contains(p.Label, "acknowledged 24 Nov 2026, ilse") {
		t.Errorf("acknowledged is drawn as %+v: %s", p.Pairs[0], p.Label)
	}
}

// TestPictureOfWhatEnded: an old pair that was replaced long ago is hatched, and
// there is no overlap.
func TestPictureOfWhatEnded(t *testing.T) {
	u := history([2]int{-1000, -180}, [2]int{-270, 550})
	u.History.State = lifecycle.Valid
	u.History.Renewals[0].AcknowledgedAt = t0.AddDate(0, 0, -260)
	p := u.pictureOf(u.History.Generations, pageWidth, true)
	if !p.Pairs[0].Hatched || p.Pairs[1].Hatched || p.Tint != nil {
		t.Errorf("drawn as %+v, tint %+v", p.Pairs, p.Tint)
	}
	if (userPageView{userView: u}).drawOverlap(nil) != nil {
		t.Error("an overlap although the old pair ended")
	}
}

// TestLabelsStayInside: a label that has no room to the right of its pair's
// beginning ends where the pair does, and no part of one lies outside.
func TestLabelsStayInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "generations")
		var spans [][2]int
		for begin := -rapid.IntRange(0, 4000).Draw(t, "first"); len(spans) < n; {
			length := rapid.IntRange(1, 900).Draw(t, "length")
			spans = append(spans, [2]int{begin, begin + length})
			begin += rapid.IntRange(1, length).Draw(t, "step")
		}
		u := history(spans...)
		width := rapid.SampledFrom([]float64{dialogWidth, pageWidth}).Draw(t, "width")
		for _, d := range u.pictureOf(u.History.Generations, width, true).Pairs {
			length := float64(len(d.Words)+len(d.Fact)+2) * letter
			left := shareOf(t, d.LabelX) * width
			if d.Anchor == "end" {
				left -= length
			}
			if left < -1 || left+length > width+1 {
				t.Fatalf("%q lies at %.0f to %.0f of %.0f", d.Words+d.Fact, left, left+length, width)
			}
		}
	})
}

func shareOf(t *rapid.T, percent string) float64 {
	d, err := time.ParseDuration(strings.TrimSuffix(percent, "%") + "s")
	if err != nil {
		t.Fatal(err)
	}
	return d.Seconds() / 100
}

// TestOverlapMarks: what was sent and what is to come lie within the overlap, and
// the newest sight of a key is said.
func TestOverlapMarks(t *testing.T) {
	u := history([2]int{-730, 6}, [2]int{-84, 736})
	p := userPageView{userView: u, Upcoming: []time.Time{t0.AddDate(0, 0, 1)}}
	sent, dropped := map[app.MessageState]int{app.MessageSent: 1}, map[app.MessageState]int{app.MessageDropped: 1}
	p.Sent = []sending{
		{At: t0.AddDate(0, 0, -80), What: "Renewed", To: []string{"ilse"}, Outcomes: sent},
		{At: t0.AddDate(0, 0, -30), What: "Reminder", To: []string{"ilse"}, Outcomes: dropped},
		{At: t0.AddDate(0, 0, -200), What: "Digest", To: []string{"ilse"}, Outcomes: sent},
	}
	seen := []app.AuditEntry{{Seq: 9, At: t0.Add(-time.Hour), Actor: "dana@example.com"}, {Seq: 7, At: t0.AddDate(0, 0, -20), Actor: "ilse@example.com"}, {Seq: 1, At: t0.AddDate(-1, 0, 0), Actor: "ilse@example.com"}}
	o := p.drawOverlap(seen)
	if o == nil || o.Told != 1 || len(o.Messages) != 2 || !o.Messages[1].Planned || o.Messages[0].Planned {
		t.Fatalf("drawn as %+v", o)
	}
	if len(o.Sights) != 2 || o.Sights[0].Words != "seen by dana, 24 Nov" || o.Sights[1].Words != "" {
		t.Errorf("sights are %+v", o.Sights)
	}
	if !o.Bars[0].CutLeft || o.Bars[0].CutRight || o.Bars[1].CutLeft || !o.Bars[1].CutRight || !o.Today {
		t.Errorf("bars are %+v", o.Bars)
	}
	for _, e := range o.Edges {
		if abs(o.Axis.pixel(e.At)-o.Axis.pixel(t0)) < labelGap {
			t.Errorf("%q touches today", e.Label)
		}
	}
}
