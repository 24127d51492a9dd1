package console

import (
	"net/http"

	"github.com/segue-project/segue/internal/app"
)

// addUserView is the dialog that makes a user, with what was typed.
type addUserView struct {
	serviceFrame
	Name, Message string
}

func (v *visit) askUser(f serviceFrame) error {
	return v.userDialog(http.StatusOK, addUserView{serviceFrame: f})
}

func (v *visit) userDialog(status int, a addUserView) error {
	if !a.may(app.ManageUsers) {
		return notYours()
	}
	return v.dialog(status, "Add user to "+a.Service.Name, addUserDialog(a))
}

// addUser makes a user with its first pair.
func (v *visit) addUser(f serviceFrame) error {
	if err := v.form(); err != nil {
		return err
	}
	ctx, a := v.r.Context(), addUserView{serviceFrame: f, Name: v.r.PostForm.Get("username")}
	if err := v.App.AddUser(ctx, v.actor, f.Project, f.Service.Name, a.Name, v.now); err != nil {
		status, e := v.refusal(err)
		if e.Code != app.CodeInvalid && e.Code != app.CodeConflict {
			return err
		}
		a.Message = inWords(e.Message, v.now, f.Zone)
		return v.userDialog(status, a)
	}
	made, err := v.App.DescribeUser(ctx, v.actor, f.Project, f.Service.Name, a.Name, v.now)
	if err != nil {
		return err
	}
	said := a.Name + " is made. Its pair works until " + day(made.Current.NotAfter, f.Zone) + "."
	if made.Warning != "" {
		said += " " + inWords(made.Warning, v.now, f.Zone)
	}
	return v.done(f.path("users", a.Name), said)
}
