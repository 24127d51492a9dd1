package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/segue-project/segue/internal/app"
)

// compareView is the dialog of two generations side by side.
type compareView struct {
	userView
	Old, New app.GenerationView
	One      bool // there is one generation only
}

// compare shows what a generation changed: the current one, or the one named.
func (v *visit) compare(u userView) error {
	g, err := v.chosen(u)
	if err != nil {
		return err
	}
	c := compareView{userView: u, New: g}
	old, ok := u.before(g)
	if r, renewed := u.renewal(g.Generation); renewed {
		old, ok = u.generation(r.Replaced)
	}
	c.Old, c.One = old, !ok
	return v.dialog(http.StatusOK, "Old and new pair of "+u.User, compareDialog(c))
}

// rows are the lines of the comparison.
func (c compareView) rows() []difference {
	row := func(what, old, now string, mono bool) difference { return difference{what, old, now, old != now, mono} }
	return []difference{
		row("Subject", c.Old.Subject, c.New.Subject, true),
		row("SAN", strings.Join(c.Old.Names, ", "), strings.Join(c.New.Names, ", "), true),
		row("Serial", strings.ToUpper(c.Old.Serial), strings.ToUpper(c.New.Serial), true),
		row("Begins", c.minute(c.Old, true), c.minute(c.New, true), false),
		row("Ends", c.minute(c.Old, false), c.minute(c.New, false), false),
		row("Now", c.endWords(c.Old), c.endWords(c.New), false),
		row("Key type", c.Old.KeyType, c.New.KeyType, false),
		row("Private key", keyPlace(c.Old), keyPlace(c.New), false),
		row("Public key SHA-256", fingerprint(c.Old.PublicKey), fingerprint(c.New.PublicKey), true),
		row("Certificate SHA-256", fingerprint(c.Old.Fingerprint), fingerprint(c.New.Fingerprint), true),
		row("Issuer", c.Old.Issuer, c.New.Issuer, true),
	}
}

func (c compareView) minute(g app.GenerationView, begin bool) string {
	t := g.NotAfter
	if begin {
		t = g.NotBefore
	}
	return t.In(c.Zone).Format("2 Jan 2006, 15:04")
}

func keyPlace(g app.GenerationView) string {
	if g.KeyGone {
		return "not kept here"
	}
	return "kept here, sealed"
}

// head names a column: "Generation 2, old".
func (c compareView) head(g app.GenerationView) string {
	return "Generation " + strconv.Itoa(g.Generation) + ", " + c.ageWords(g)
}
