package console

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/segue-project/segue/internal/app"
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
	pair, err := v.keyToTake(u)
	if err != nil {
		return err
	}
	return v.file(keyFile, "application/x-pem-file", []byte(pair.Key))
}

// keyToTake is a pair with its key, whose sight is recorded.
func (v *visit) keyToTake(u userView) (app.PairView, error) {
	g, err := v.chosen(u)
	if err != nil {
		return app.PairView{}, err
	}
	pair, err := v.App.GetGeneration(v.r.Context(), v.actor, u.Project, u.Service, u.User, g.Generation, v.now)
	if err == nil && pair.Key == "" {
		err = &app.Error{Code: app.CodeConflict, Message: u.noKey(g)}
	}
	return pair, err
}

// bundleView is the dialog that offers a pair's files as one.
type bundleView struct {
	userView
	Shown app.GenerationView
}

func (v *visit) askBundle(u userView) error {
	if !u.may(app.ReadSecrets) {
		return notShown()
	}
	g, err := v.chosen(u)
	if err != nil {
		return err
	}
	return v.dialog(http.StatusOK, "Download bundle of "+u.User, bundleDialog(bundleView{u, g}))
}

// bundleDownload sends the PEM set of a generation as one file.
func (v *visit) bundleDownload(u userView) error {
	ca, err := v.App.ProjectCA(v.r.Context(), v.actor, u.Project, v.now)
	if err != nil {
		return err
	}
	pair, err := v.keyToTake(u)
	if err != nil {
		return err
	}
	packed, err := pemSet(pair, ca, v.now)
	if err != nil {
		return err
	}
	return v.file(bundleName(u, pair.Generation), "application/zip", packed)
}

// bundleName says whose pair and which of them a downloaded set holds.
func bundleName(u userView, generation int) string {
	return u.Service + "-" + u.User + "-" + strconv.Itoa(generation) + ".zip"
}

// pemSet packs what a client needs, the key readable by its owner alone.
func pemSet(pair app.PairView, ca string, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range []struct {
		name, content string
		mode          fs.FileMode
	}{{caFile, ca, 0o644}, {certFile, pair.Cert, 0o644}, {keyFile, pair.Key, 0o600}} {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: at}
		header.SetMode(f.mode)
		w, err := z.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(f.content)); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
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
