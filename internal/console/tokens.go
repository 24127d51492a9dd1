package console

import (
	"net/http"
	"strconv"

	"github.com/segue-project/segue/internal/app"
)

func (s *server) tokenRoutes() {
	s.mux.HandleFunc("GET /account/tokens/new", s.private((*visit).newTokenPage))
	s.mux.HandleFunc("POST /account/tokens", s.private((*visit).makeToken))
	s.mux.HandleFunc("GET /account/tokens/revoke", s.private((*visit).revokeTokenPage))
	s.mux.HandleFunc("POST /account/tokens/revoke", s.private((*visit).revokeToken))
}

// tokensShown is how many of an account's access tokens are on one page.
const tokensShown = 25

// tokenLives are for how long a token can be made here; the API takes any.
var tokenLives = []struct {
	Days int // 0: until it is revoked
	Name string
}{{30, "30 days"}, {90, "90 days"}, {365, "1 year"}, {0, "Until it is revoked"}}

// tokenForm is the dialog that makes an access token.
type tokenForm struct {
	frame
	Description, Message string
	Days                 int
}

// revokeTokenForm is the dialog that ends an access token, which its prefix names.
type revokeTokenForm struct {
	Token, Message string
}

const newTokenTitle = "Make an access token"

func (v *visit) newTokenPage() error {
	return v.dialog(http.StatusOK, newTokenTitle, newTokenDialog(tokenForm{frame: v.frame, Days: tokenLives[1].Days}))
}

func (v *visit) makeToken() error {
	if err := v.form(); err != nil {
		return err
	}
	f := tokenForm{frame: v.frame, Description: v.r.PostForm.Get("description"), Days: -1}
	for _, l := range tokenLives {
		if v.r.PostForm.Get("days") == strconv.Itoa(l.Days) {
			f.Days = l.Days
		}
	}
	if f.Days < 0 {
		f.Message = "Say for how long it is good."
		return v.dialog(http.StatusUnprocessableEntity, newTokenTitle, newTokenDialog(f))
	}
	n := app.NewAccessToken{Description: f.Description}
	if seconds := f.Days * 24 * 60 * 60; seconds > 0 {
		n.MaxAgeSeconds = &seconds
	}
	full, t, err := v.App.CreateAccessToken(v.r.Context(), v.actor, n, v.now)
	if err != nil {
		status, e := v.refusal(err)
		f.Message = inForm(e.Message)
		return v.dialog(status, newTokenTitle, newTokenDialog(f))
	}
	v.secret = true
	return v.dialog(http.StatusOK, "Access token", tokenDialog(t, full))
}

func (v *visit) revokeTokenPage() error {
	f := revokeTokenForm{Token: v.r.URL.Query().Get("token")}
	return v.dialog(http.StatusOK, "Revoke an access token", revokeTokenDialog(f))
}

func (v *visit) revokeToken() error {
	if err := v.form(); err != nil {
		return err
	}
	f := revokeTokenForm{Token: v.r.PostForm.Get("token")}
	if err := v.App.RevokeAccessToken(v.r.Context(), v.actor, f.Token, v.now); err != nil {
		status, e := v.refusal(err)
		f.Message = inForm(e.Message)
		return v.dialog(status, "Revoke an access token", revokeTokenDialog(f))
	}
	return v.done("/account", "The token opens nothing any more.")
}
