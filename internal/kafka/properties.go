package kafka

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// properties builds a .properties file that java.util.Properties reads, in the
// order in which it is written.
type properties struct{ b strings.Builder }

// comment writes lines of text; an empty text is an empty line.
func (p *properties) comment(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" {
			p.b.WriteString("# ")
		}
		p.b.WriteString(line + "\n")
	}
}

// set writes one entry.
func (p *properties) set(key, value string) {
	p.b.WriteString(escapeProperty(key, true) + "=" + escapeProperty(value, false) + "\n")
}

func (p *properties) bytes() []byte { return []byte(p.b.String()) }

// escapeProperty writes s so that java.util.Properties reads it back unchanged.
// A key also needs its separators escaped; a value only its leading blanks.
func escapeProperty(s string, key bool) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\f':
			b.WriteString(`\f`)
		case r == ' ' && (key || i == 0):
			b.WriteString(`\ `)
		case key && strings.ContainsRune("=:#!", r):
			b.WriteString(`\` + string(r))
		case r < 0x20 || r > 0x7e:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
