package console

import (
	"net/http"

	"github.com/segue-project/segue/internal/app"
)

// certView is the dialog of a certificate.
type certView struct {
	userView
	Shown app.GenerationView
}

// showCert shows a certificate. It is public: no key is read and nothing recorded.
func (v *visit) showCert(u userView) error {
	if u.History.Hidden {
		return notShown()
	}
	g, err := v.chosen(u)
	if err != nil {
		return err
	}
	return v.dialog(http.StatusOK, "Access certificate of "+u.User, showCert(certView{u, g}))
}

// notShown answers a role that sees neither certificates nor keys.
func notShown() error {
	return &app.Error{
		Code:    app.CodeForbidden,
		Message: "your role in this project sees no certificates and keys: ask one of its admins, operators or developers",
	}
}
