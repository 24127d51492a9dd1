package notify

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// textWidth is where lines of the text part break, in characters.
const textWidth = 78

// textOf reads the text part off a mail's HTML. It knows the elements that the
// templates use and what each means to a reader without pictures:
//
//   - what is aria-hidden is decoration and left out; aria-label stands for what
//     it labels; both hold for a screen reader, too;
//   - h1 and h2 are underlined, th ends with a colon, em is put in brackets, dd
//     and pre are indented, pre keeps its lines;
//   - the cells of a table row stand beside one another;
//   - a link shows where it leads: beside its text, or below the line where it
//     stands in h2 or dt.
func textOf(document string) (string, error) {
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		return "", err
	}
	var w textWriter
	w.node(root)
	w.flush()
	return w.out.String(), nil
}

// textWriter gathers a line until the element that it belongs to ends.
type textWriter struct {
	out    strings.Builder
	line   strings.Builder
	indent int
	gap    int // line breaks due before the next line
	// title is set within h2 and dt; links gathers where those lead.
	title bool
	links []string
}

func (w *textWriter) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.inline(n.Data)
	case html.ElementNode:
		w.element(n)
	default:
		w.children(n)
	}
}

func (w *textWriter) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

func (w *textWriter) element(n *html.Node) {
	if attribute(n, "aria-hidden") == "true" {
		return
	}
	if label := attribute(n, "aria-label"); label != "" {
		w.inline(label)
		return
	}
	switch n.DataAtom {
	case atom.Head, atom.Style, atom.Script:
	case atom.Br:
		w.flush()
	case atom.H1, atom.H2:
		w.heading(n)
	case atom.P, atom.Dl, atom.Table:
		w.apart(2, func() { w.children(n) })
	case atom.Div, atom.Tr:
		w.apart(1, func() { w.children(n) })
	case atom.Dt:
		w.flush()
		w.gap = 2
		w.apart(1, func() { w.titled(n) })
		w.indented(2, w.leads)
	case atom.Dd:
		w.apart(1, func() { w.indented(2, func() { w.children(n) }) })
	case atom.Td, atom.Th:
		w.cell(n)
	case atom.Pre:
		w.apart(2, func() { w.indented(2, func() { w.verbatim(n) }) })
	case atom.Em:
		w.inline("[")
		w.children(n)
		w.inline("]")
	case atom.A:
		w.link(n)
	default:
		w.children(n)
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// inline adds to the line, with any run of white space as one space. A space that
// must not break, and a second one, is a U+00A0 until the line is written.
func (w *textWriter) inline(s string) {
	for _, r := range s {
		if r != '\u00a0' && unicode.IsSpace(r) {
			if line := w.line.String(); line == "" || strings.HasSuffix(line, " ") {
				continue
			}
			r = ' '
		}
		w.line.WriteRune(r)
	}
}

// apart sets what write adds at least so many line breaks off its surroundings.
func (w *textWriter) apart(breaks int, write func()) {
	w.flush()
	w.gap = max(w.gap, breaks)
	write()
	w.flush()
	w.gap = max(w.gap, breaks)
}

func (w *textWriter) indented(by int, write func()) {
	w.indent += by
	write()
	w.flush()
	w.indent -= by
}

// flush ends the line that was gathered.
func (w *textWriter) flush() {
	line := strings.TrimRight(w.line.String(), " ")
	w.line.Reset()
	for _, l := range wrap(line, textWidth-w.indent) {
		w.write(l)
	}
}

// write adds one line, after the breaks that are due.
func (w *textWriter) write(line string) {
	if w.out.Len() > 0 {
		w.out.WriteString(strings.Repeat("\n", max(w.gap-1, 0)))
	}
	w.gap = 0
	w.out.WriteString(strings.Repeat(" ", w.indent))
	w.out.WriteString(strings.TrimRight(strings.ReplaceAll(line, "\u00a0", " "), " "))
	w.out.WriteByte('\n')
}

// wrap breaks a line at spaces; what is longer than the width without one, such
// as a link, stays whole.
func wrap(line string, width int) []string {
	var lines []string
	at := 0
	for word := range strings.SplitSeq(line, " ") {
		size := utf8.RuneCountInString(word)
		switch {
		case word == "":
		case len(lines) == 0 || at+1+size > width:
			lines, at = append(lines, word), size
		default:
			lines[len(lines)-1] += " " + word
			at += 1 + size
		}
	}
	return lines
}

// titled writes a title, whose links come after it.
func (w *textWriter) titled(n *html.Node) {
	w.title = true
	w.children(n)
	w.title = false
}

// leads writes the links that a title had.
func (w *textWriter) leads() {
	for _, to := range w.links {
		w.write(to)
	}
	w.links = nil
}

func (w *textWriter) heading(n *html.Node) {
	w.apart(2, func() {
		w.titled(n)
		title := strings.TrimSpace(w.line.String())
		w.flush()
		under := "="
		if n.DataAtom == atom.H2 {
			under = "-"
		}
		w.write(strings.Repeat(under, min(utf8.RuneCountInString(title), textWidth)))
		w.leads()
	})
}

// cell writes a table's cell beside the one before it.
func (w *textWriter) cell(n *html.Node) {
	if w.line.Len() > 0 {
		trimmed := strings.TrimRight(w.line.String(), " ")
		w.line.Reset()
		w.line.WriteString(trimmed + "\u00a0 ")
	}
	w.children(n)
	if n.DataAtom == atom.Th {
		w.inline(":")
	}
}

// verbatim keeps the lines as they are.
func (w *textWriter) verbatim(n *html.Node) {
	for line := range strings.SplitSeq(strings.Trim(content(n), "\n"), "\n") {
		w.write(line)
	}
}

// link adds where a link leads, unless its text is that.
func (w *textWriter) link(n *html.Node) {
	w.children(n)
	to := attribute(n, "href")
	switch {
	case to == "" || to == strings.TrimSpace(content(n)):
	case w.title:
		w.links = append(w.links, to)
	default:
		w.inline(" <" + to + ">")
	}
}

// content is all text within a node.
func content(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var s strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s.WriteString(content(c))
	}
	return s.String()
}
