package console

import (
	"cmp"
	"mime"
	"net/http"
	"strconv"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/bundle"
)

// certDownload sends a certificate as a file.
func (v *visit) certDownload(u userView) error {
	if u.History.Hidden {
		return notShown()
	}
	g, err := v.chosen(u)
	if err != nil {
		return err
	}
	return v.file(certFile, "application/x-pem-file", []byte(g.Cert))
}

// caDownload sends the authorities that a client should trust.
func (v *visit) caDownload(u userView) error {
	ca, err := v.App.ProjectCA(v.r.Context(), v.actor, u.Project, v.now)
	if err != nil {
		return err
	}
	return v.file(caFile, "application/x-pem-file", []byte(ca))
}

// keyDownload sends a key as a file. As seeing it, it answers a form alone and is
// recorded before the key leaves.
func (v *visit) keyDownload(u userView) error {
	g, err := v.chosen(u)
	if err != nil {
		return err
	}
	pair, err := v.App.GetGeneration(v.r.Context(), v.actor, u.Project, u.Service, u.User, g.Generation, v.now)
	if err != nil {
		return err
	}
	if pair.Key == "" {
		return &app.Error{Code: app.CodeConflict, Message: u.noKey(g)}
	}
	return v.file(keyFile, "application/x-pem-file", []byte(pair.Key))
}

// bundleView is the dialog that offers a pair in the forms that clients load, with
// what was chosen. A password that was typed is not sent back.
type bundleView struct {
	userView
	Shown                      app.GenerationView
	Format, Directory, Message string
}

func (v *visit) askBundle(u userView) error {
	if !u.may(app.ReadSecrets) {
		return notShown()
	}
	g, err := v.chosen(u)
	if err != nil {
		return err
	}
	return v.bundleDialog(http.StatusOK, bundleView{userView: u, Shown: g})
}

func (v *visit) bundleDialog(status int, b bundleView) error {
	return v.dialog(status, "Download bundle of "+b.User, bundleDialog(b))
}

// defaultFormat is the plainest bundle: what every client can be set up with.
const defaultFormat = "pem"

// bundleDownload sends a pair in the form in which a client loads it, as one file.
func (v *visit) bundleDownload(u userView) error {
	g, err := v.chosen(u)
	if err != nil {
		return err
	}
	form := v.r.PostForm
	b := bundleView{userView: u, Shown: g, Format: cmp.Or(form.Get("format"), defaultFormat), Directory: form.Get("directory")}
	made, err := v.App.MakeBundle(v.r.Context(), v.actor, u.Project, u.Service, u.User, app.BundleRequest{
		Format: b.Format, Password: form.Get("password"), Directory: b.Directory, Generation: g.Generation,
	}, v.now)
	if err != nil {
		return v.refuseBundle(b, err)
	}
	packed, err := bundle.Zip(made.Files, v.now)
	if err != nil {
		return err
	}
	return v.file(bundleName(u, made), "application/zip", packed)
}

// refuseBundle shows the dialog again with why no bundle was made.
func (v *visit) refuseBundle(b bundleView, err error) error {
	status, e := v.refusal(err)
	if e.Code != app.CodeInvalid && e.Code != app.CodeConflict {
		return err
	}
	if b.Message = inWords(e.Message, v.now, b.Zone); b.Shown.KeyGone {
		b.Message = b.noKey(b.Shown)
	}
	return v.bundleDialog(status, b)
}

// bundleName says whose pair a downloaded bundle holds, and in which form.
func bundleName(u userView, b app.Bundle) string {
	return u.Service + "-" + u.User + "-" + strconv.Itoa(b.Generation) + "-" + b.Format + ".zip"
}

// file sends a download. Like every page nothing keeps it on its way.
func (v *visit) file(name, kind string, content []byte) error {
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = v.w.Write(content) // a client that went away
	return nil
}
