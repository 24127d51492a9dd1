package console

import "net/http"

// router is a mux that knows its patterns, so that what must hold of every page
// can be tried on every page.
type router struct {
	http.ServeMux
	patterns []string
}

// HandleFunc is http.ServeMux.HandleFunc.
func (m *router) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.HandleFunc(pattern, handler)
}
