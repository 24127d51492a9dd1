package console

import (
	"net/http"
	"strconv"

	"github.com/segue-project/segue/internal/app"
)

// keyView is the dialog of a key that was just shown, and recorded as such.
type keyView struct {
	userView
	Shown app.GenerationView
	Pair  app.PairView
}

// askForKey is where a link to a key leads: it shows and records nothing.
func (v *visit) askForKey(u userView) error {
	if !u.may(app.ReadSecrets) {
		return notShown()
	}
	g, err := v.chosen(u)
	if err != nil {
		return err
	}
	return v.dialog(http.StatusOK, "Access key of "+u.User, askForKey(keyView{userView: u, Shown: g}))
}

// showKey shows a key. It answers a form alone, so that no link, prefetch or
// reload of a page reveals one, and its sight is recorded before it is sent.
func (v *visit) showKey(u userView) error {
	g, err := v.chosen(u)
	if err != nil {
		return err
	}
	k := keyView{userView: u, Shown: g}
	k.Pair, err = v.App.GetGeneration(v.r.Context(), v.actor, u.Project, u.Service, u.User, g.Generation, v.now)
	if err != nil {
		return err
	}
	v.secret = true
	return v.dialog(http.StatusOK, "Access key of "+u.User, showKey(k))
}

// recordedAs says who saw the key, when, and under which entry.
func (k keyView) recordedAs() string {
	at := k.Now.In(k.Zone).Format("2 Jan 2006, 15:04")
	if k.Zone.String() != "UTC" {
		at += k.Now.UTC().Format(" (15:04 UTC)")
	} else {
		at += " UTC"
	}
	return k.Email + ", " + at + ", audit entry " + number(int(k.Pair.Entry))
}

// download is the command that fetches a pair into files, without a clipboard.
func (u userView) download(g app.GenerationView) string { return u.fetch("user-creds-download", g, "") }

// fetch is a command of the CLI that writes a user's pair into a directory.
func (u userView) fetch(command string, g app.GenerationView, how string) string {
	if !g.Current {
		how += "--generation " + strconv.Itoa(g.Generation) + " "
	}
	return "segue service " + command + " " + u.Service + " \\\n  --project " + u.Project + " --username " + u.User + " \\\n  " + how + "-d " + u.User
}
