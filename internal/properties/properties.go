// Package properties writes the files that java.util.Properties reads: settings
// of Kafka's brokers and of Java clients.
package properties

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// File is a .properties file, in the order in which it is written. The zero value
// is empty and ready.
type File struct{ b strings.Builder }

// Comment writes lines of text; an empty text is an empty line.
func (p *File) Comment(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" {
			p.b.WriteString("# ")
		}
		p.b.WriteString(line + "\n")
	}
}

// Set writes one entry.
func (p *File) Set(key, value string) {
	p.b.WriteString(escape(key, true) + "=" + escape(value, false) + "\n")
}

// Bytes returns what was written so far.
func (p *File) Bytes() []byte { return []byte(p.b.String()) }

// escape writes s so that java.util.Properties reads it back unchanged.
// A key also needs its separators escaped; a value only its leading blanks.
func escape(s string, key bool) string {
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
