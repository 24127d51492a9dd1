package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// reply is a page as a browser got it.
type reply struct {
	*http.Response
	client *client
	what   string // the request, for messages
	path   string
	body   string
	tree   *html.Node
}

// status demands a status.
func (r *reply) status(want int) *reply {
	r.client.t.Helper()
	if r.StatusCode != want {
		r.client.t.Fatalf("%s: status %d, want %d\n%s", r.what, r.StatusCode, want, cutText(r.text()))
	}
	return r
}

func (r *reply) ok() *reply { r.client.t.Helper(); return r.status(http.StatusOK) }

// redirects demands that the reply leads there; "" anywhere.
func (r *reply) redirects(to string) *reply {
	r.client.t.Helper()
	r.status(http.StatusSeeOther)
	if got := r.Header.Get("Location"); to != "" && got != to {
		r.client.t.Fatalf("%s leads to %q, want %q", r.what, got, to)
	}
	return r
}

// follow asks for the page that a redirect leads to.
func (r *reply) follow() *reply {
	r.client.t.Helper()
	r.redirects("")
	return r.client.get(r.Header.Get("Location"))
}

// shows demands that people can read each of the texts on the page.
func (r *reply) shows(texts ...string) *reply {
	r.client.t.Helper()
	for _, want := range texts {
		if !strings.Contains(r.text(), want) {
			r.client.t.Fatalf("%s does not show %q:\n%s", r.what, want, cutText(r.text()))
		}
	}
	return r
}

// lacks demands that none of the texts is anywhere in the page's source.
func (r *reply) lacks(texts ...string) *reply {
	r.client.t.Helper()
	for _, bad := range texts {
		if strings.Contains(r.body, bad) {
			r.client.t.Fatalf("%s holds %q", r.what, bad)
		}
	}
	return r
}

// doc is the page, parsed.
func (r *reply) doc() *html.Node {
	r.client.t.Helper()
	if r.tree == nil {
		tree, err := html.Parse(strings.NewReader(r.body))
		if err != nil {
			r.client.t.Fatalf("%s: %v", r.what, err)
		}
		r.tree = tree
	}
	return r.tree
}

// text is what people read of the page, in one line.
func (r *reply) text() string {
	r.client.t.Helper()
	return textOf(r.doc())
}

// all are the elements of the page with the tag ("" any) and with each attribute,
// given as names and values in turn; value "*" is any.
func (r *reply) all(tag string, attributes ...string) (found []*html.Node) {
	r.client.t.Helper()
	for n := range r.doc().Descendants() {
		if n.Type == html.ElementNode && (tag == "" || n.Data == tag) && hasAll(n, attributes) {
			found = append(found, n)
		}
	}
	return found
}

// one is the only such element; see all.
func (r *reply) one(tag string, attributes ...string) *html.Node {
	r.client.t.Helper()
	found := r.all(tag, attributes...)
	if len(found) != 1 {
		r.client.t.Fatalf("%s has %d of <%s %s>, want 1", r.what, len(found), tag, strings.Join(attributes, " "))
	}
	return found[0]
}

// link is the target of the first link with these words; the page must have one.
func (r *reply) link(words string) string {
	r.client.t.Helper()
	for _, a := range r.all("a", "href", "*") {
		if textOf(a) == words || attr(a, "aria-label") == words {
			return attr(a, "href")
		}
	}
	r.client.t.Fatalf("%s has no link %q", r.what, words)
	return ""
}

// hasLink reports whether a link or button has these words.
func (r *reply) hasLink(words string) bool {
	r.client.t.Helper()
	return slices.ContainsFunc(append(r.all("a"), r.all("button")...), func(n *html.Node) bool {
		return textOf(n) == words || attr(n, "aria-label") == words
	})
}

// field is the value that a control of the page holds: what somebody typed.
func (r *reply) field(name string) string {
	r.client.t.Helper()
	for _, tag := range []string{"input", "select", "textarea"} {
		for _, n := range r.all(tag, "name", name) {
			if value, sent := controlValue(n); sent {
				return value
			}
		}
	}
	r.client.t.Fatalf("%s has no control %q with a value", r.what, name)
	return ""
}

// fields are the values that all controls of the page hold.
func (r *reply) fields() string {
	r.client.t.Helper()
	var held strings.Builder
	for _, tag := range []string{"input", "select", "textarea"} {
		for _, n := range r.all(tag) {
			value, _ := controlValue(n)
			held.WriteString(value + "\n")
		}
	}
	return held.String()
}

// form is what the page's form for that action would send as it stands.
func (r *reply) form(action string) url.Values {
	r.client.t.Helper()
	for _, f := range r.all("form") {
		to := attr(f, "action")
		if to == "" {
			to = r.path
		}
		if to == action {
			return formValues(f)
		}
	}
	r.client.t.Fatalf("%s has no form for %s", r.what, action)
	return nil
}

// submit fills the page's form for that action in, given as names and values in
// turn, and sends it with all that it holds besides.
func (r *reply) submit(action string, pairs ...string) *reply {
	r.client.t.Helper()
	form := r.form(action)
	for name, filled := range values(pairs) {
		form[name] = filled
	}
	return r.client.postForm(action, form)
}

func formValues(form *html.Node) url.Values {
	sent := url.Values{}
	for n := range form.Descendants() {
		name := attr(n, "name")
		if n.Type != html.ElementNode || name == "" || hasAttr(n, "disabled") {
			continue
		}
		if value, ok := controlValue(n); ok {
			sent.Add(name, value)
		}
	}
	return sent
}

// controlValue is what a control sends; buttons and unchecked boxes send nothing.
func controlValue(n *html.Node) (string, bool) {
	switch n.DataAtom {
	case atom.Textarea:
		return strings.TrimPrefix(rawText(n), "\n"), true
	case atom.Select:
		value, found := "", false
		for o := range n.Descendants() {
			if o.DataAtom == atom.Option && (!found || hasAttr(o, "selected")) {
				value, found = optionValue(o), true
			}
		}
		return value, found
	case atom.Input:
		switch attr(n, "type") {
		case "checkbox", "radio":
			return attr(n, "value"), hasAttr(n, "checked")
		case "submit", "button", "image":
			return "", false
		}
		return attr(n, "value"), true
	}
	return "", false
}

func optionValue(o *html.Node) string {
	if hasAttr(o, "value") {
		return attr(o, "value")
	}
	return textOf(o)
}

func hasAll(n *html.Node, attributes []string) bool {
	for i := 0; i+1 < len(attributes); i += 2 {
		if !hasAttr(n, attributes[i]) || (attributes[i+1] != "*" && attr(n, attributes[i]) != attributes[i+1]) {
			return false
		}
	}
	return true
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func rawText(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

// inlineTags do not part words from one another.
var inlineTags = map[atom.Atom]bool{
	atom.A: true, atom.B: true, atom.Code: true, atom.Em: true, atom.I: true, atom.Kbd: true, atom.Span: true,
	atom.Strong: true, atom.Time: true, atom.Mark: true,
}

// textOf is what people read in an element, in one line.
func textOf(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		if n.DataAtom == atom.Script || n.DataAtom == atom.Style {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		if n.Type == html.ElementNode && !inlineTags[n.DataAtom] {
			b.WriteByte(' ')
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

func cutText(s string) string {
	if len(s) > 2000 {
		return s[:2000] + "…"
	}
	return s
}
