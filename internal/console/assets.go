package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var files embed.FS

// asset is a file as it is served: its name carries its content's hash, so that
// a browser keeps it for ever and a new version has a new name.
type asset struct {
	kind    string
	content []byte
	packed  []byte // gzip; nil where it would not help
}

var (
	assets     = map[string]asset{}  // by served name
	assetNames = map[string]string{} // served name by file
)

func init() {
	entries, err := fs.ReadDir(files, "assets")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	var sheet strings.Builder // all style sheets are one, in the order of their names
	for _, e := range entries {
		if path.Ext(e.Name()) == ".css" {
			sheet.Write(embedded(e.Name()))
			continue
		}
		addAsset(e.Name(), embedded(e.Name()))
	}
	content := sheet.String()
	for file, served := range assetNames {
		content = strings.ReplaceAll(content, "url("+file+")", "url("+served+")")
	}
	addAsset("app.css", []byte(content))
}

func embedded(name string) []byte {
	content, err := files.ReadFile("assets/" + name)
	if err != nil {
		panic(err)
	}
	return content
}

func addAsset(name string, content []byte) {
	ext := path.Ext(name)
	sum := sha256.Sum256(content)
	served := strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
	a := asset{kind: mime.TypeByExtension(ext), content: content}
	switch ext {
	case ".woff2":
		a.kind = "font/woff2"
	case ".js", ".css", ".svg":
		a.packed = pack(content)
	}
	assets[served], assetNames[name] = a, served
}

func pack(content []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // memory: cannot fail
	}
	return b.Bytes()
}

// assetURL is where a file of assets/ is served.
func assetURL(name string) string { return "/assets/" + assetNames[name] }

func serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := assets[r.PathValue("file")]
	if !ok {
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	content := a.content
	if a.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			content = a.packed
		}
	}
	_, _ = w.Write(content) // a client that went away
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding == "gzip" && strings.TrimSpace(q) != "q=0" {
			return true
		}
	}
	return false
}
