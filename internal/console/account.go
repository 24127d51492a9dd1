package console

import (
	"strings"

	"github.com/segue-project/segue/internal/app"
)

func (s *server) accountRoutes() {
	s.mux.HandleFunc("GET /account", s.private((*visit).accountPage))
	s.mux.HandleFunc("POST /account/sessions/{session}/revoke", s.private((*visit).revokeSession))
}

// accountView is what concerns the person who is signed in.
type accountView struct {
	frame
	RealName      string
	Administrator bool
	Sessions      []app.SessionView
	Tokens        []app.Token // a page of them
	After, Next   string
}

func (v *visit) accountPage() error {
	sessions, err := v.App.ListSessions(v.r.Context(), v.actor, v.now)
	if err != nil {
		return err
	}
	a := accountView{
		frame: v.frame, RealName: v.actor.RealName, Administrator: v.actor.Administrator, Sessions: sessions,
		After: v.r.URL.Query().Get("after"),
	}
	a.Tokens, a.Next, err = v.App.ListAccessTokens(v.r.Context(), v.actor, app.Page{After: a.After, Limit: tokensShown}, v.now)
	if err != nil {
		return err
	}
	return v.show("Account", accountPage(a))
}

func (v *visit) revokeSession() error {
	if err := v.App.RevokeSession(v.r.Context(), v.actor, v.r.PathValue("session"), v.now); err != nil {
		return err
	}
	return v.done("/account", "That browser is signed out.")
}

// themes are what pages can look like; empty follows the system.
var themes = []struct{ Value, Name string }{{"", "As the system"}, {"light", "Light"}, {"dark", "Dark"}}

// browserWords are a browser and its system, as far as its name tells them.
func browserWords(userAgent string) string {
	browser, system := "", ""
	for _, b := range [][2]string{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	} {
		if browser == "" && strings.Contains(userAgent, b[0]) {
			browser = b[1]
		}
	}
	for _, s := range [][2]string{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	} {
		if system == "" && strings.Contains(userAgent, s[0]) {
			system = s[1]
		}
	}
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser+system != "":
		return browser + system
	}
	return "Unknown browser"
}

func accountWords(a accountView) string {
	words := a.Email
	if a.RealName != "" {
		words = a.RealName + " · " + words
	}
	if a.Administrator {
		words += " · administrator of this Segue"
	}
	return words
}
