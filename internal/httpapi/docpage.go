package httpapi

import (
	"embed"
	"net/http"
)

// The page at /doc is swagger-ui, embedded: see swaggerui/NOTICE.md.
//
//go:embed swaggerui/index.html swaggerui/start.js swaggerui/swagger-ui.css swaggerui/swagger-ui-bundle.js
var docFiles embed.FS

// docPolicy lets the page load what this server has and nothing else, and run no
// script that is written into it.
const docPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docKept is how long browsers keep the page's files.
const docKept = "public, max-age=3600"

func (s *server) docRoutes() {
	s.docFile("/doc", "index.html", "text/html; charset=utf-8")
	s.docFile("/doc/swagger-ui.css", "swagger-ui.css", "text/css; charset=utf-8")
	for _, name := range []string{"start.js", "swagger-ui-bundle.js"} {
		s.docFile("/doc/"+name, name, "text/javascript; charset=utf-8")
	}
}

func (s *server) docFile(at, name, contentType string) {
	content, err := docFiles.ReadFile("swaggerui/" + name)
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	s.mux.HandleFunc("GET "+at, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", docPolicy)
		w.Header().Set("Cache-Control", docKept)
		_, _ = w.Write(content) // the client is gone: nobody is left to tell
	})
}
