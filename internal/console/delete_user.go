package console

import (
	"net/http"
	"strings"

	"github.com/segue-project/segue/internal/app"
)

func (v *visit) askDelete(u userView) error { return v.deleteDialog(http.StatusOK, u, "", "") }

func (v *visit) deleteDialog(status int, u userView, typed, message string) error {
	p, err := v.previewed(u)
	if err != nil {
		return err
	}
	return v.dialog(status, "Delete "+u.User, deleteDialog(changeView{u, p.Delete, typed, message}))
}

// delete ends a user, once its name was typed.
func (v *visit) delete(u userView) error {
	typed := v.r.PostForm.Get("name")
	if typed != u.User {
		return v.deleteDialog(http.StatusUnprocessableEntity, u, typed, notTheName(u))
	}
	until, err := v.App.DeleteUser(v.r.Context(), v.actor, u.Project, u.Service, u.User, v.now)
	if err != nil {
		status, e := v.refusal(err)
		if e.Code != app.CodeConflict && e.Code != app.CodeInvalid {
			return err
		}
		return v.deleteDialog(status, u, typed, inWords(e.Message, v.now, u.Zone))
	}
	if strings.HasPrefix(u.Back, u.path()) { // the user's own page is gone
		u.Back = u.of("users")
	}
	return v.stored(u, u.User+" is deleted. "+u.accepted(app.ChangePreview{AcceptedUntil: until}))
}
