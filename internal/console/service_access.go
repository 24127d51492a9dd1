package console

import (
	"net/http"
	"strings"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

func (s *server) accessRoutes(service string) {
	s.mux.HandleFunc("GET "+service+"/access", s.inService("access", (*visit).accessPage))
	s.mux.HandleFunc("GET "+service+"/access/new", s.inService("access", (*visit).newACLPage))
	s.mux.HandleFunc("POST "+service+"/access/new", s.inService("access", (*visit).addACL))
	s.mux.HandleFunc("GET "+service+"/access/{acl}/delete", s.inService("access", (*visit).deleteACLPage))
	s.mux.HandleFunc("POST "+service+"/access/{acl}/delete", s.inService("access", (*visit).deleteACL))
}

// accessShown is how many rows of an access list the page shows, the newest.
const accessShown = 500

// accessView is the tab about what users may do.
type accessView struct {
	serviceFrame
	Rows    []app.ACLView // the newest first
	Older   int           // rows that are not shown
	Pending string
}

func (v *visit) accessPage(f serviceFrame) error {
	list, err := v.App.ListACL(v.r.Context(), v.actor, f.Project, f.Service.Name, v.now)
	if err != nil {
		return err
	}
	a := accessView{serviceFrame: f, Pending: list.Pending}
	for i := len(list.Rows) - 1; i >= 0 && len(a.Rows) < accessShown; i-- {
		a.Rows = append(a.Rows, list.Rows[i])
	}
	a.Older = len(list.Rows) - len(a.Rows)
	return v.show("Access to "+f.Service.Name, accessPage(a))
}

// applied says whether the brokers have a row.
func applied(row app.ACLView) said {
	if row.Applied {
		return said{"Applied", good}
	}
	return said{"Not applied yet", warn}
}

// permissionChoice is a permission and what it lets a user do.
type permissionChoice struct{ Permission, Name, May string }

var permissionChoices = []permissionChoice{
	{lifecycle.PermissionRead, "Read", "Consume, with any consumer group."},
	{lifecycle.PermissionWrite, "Write", "Produce, in transactions too."},
	{lifecycle.PermissionReadWrite, "Read and write", "Both."},
	{lifecycle.PermissionAdmin, "Admin", "Both, and make, change and delete these topics."},
}

// aclForm is a dialog about a row.
type aclForm struct {
	serviceFrame
	lifecycle.Grant
	ID, Message string
}

func (v *visit) newACLPage(f serviceFrame) error {
	if err := v.manages(app.ManageACLs); err != nil {
		return err
	}
	form := aclForm{serviceFrame: f, Grant: lifecycle.Grant{Permission: lifecycle.PermissionRead, Username: v.r.URL.Query().Get("user")}}
	return v.dialog(http.StatusOK, "Add a row", newACLDialog(form))
}

func (v *visit) addACL(f serviceFrame) error {
	if err := v.form(); err != nil {
		return err
	}
	form := v.r.PostForm
	a := aclForm{serviceFrame: f, Grant: lifecycle.Grant{
		Permission: form.Get("permission"), Topic: strings.TrimSpace(form.Get("topic")), Username: strings.TrimSpace(form.Get("username")),
	}}
	list, err := v.App.AddACL(v.r.Context(), v.actor, f.Project, f.Service.Name, a.Grant, v.now)
	if err != nil {
		status, e := v.refusal(err)
		a.Message = inForm(e.Message)
		return v.dialog(status, "Add a row", newACLDialog(a))
	}
	return v.done(f.path("access"), "The row is added. "+sentence(list.Pending))
}

func (v *visit) deleteACLPage(f serviceFrame) error {
	if err := v.manages(app.ManageACLs); err != nil {
		return err
	}
	list, err := v.App.ListACL(v.r.Context(), v.actor, f.Project, f.Service.Name, v.now)
	if err != nil {
		return err
	}
	for _, row := range list.Rows {
		if id := app.ACLID(row.ID); id == v.r.PathValue("acl") {
			return v.dialog(http.StatusOK, "Delete the row", deleteACLDialog(aclForm{serviceFrame: f, Grant: row.Grant, ID: id}))
		}
	}
	return &app.Error{Code: app.CodeNotFound, Message: "no such row in the access list of " + f.Service.Name}
}

func (v *visit) deleteACL(f serviceFrame) error {
	if err := v.form(); err != nil {
		return err
	}
	_, err := v.App.DeleteACL(v.r.Context(), v.actor, f.Project, f.Service.Name, v.r.PathValue("acl"), v.now)
	if err != nil {
		return err
	}
	return v.done(f.path("access"), "The row is deleted: the brokers are told within a minute.")
}
