// Package propertiestest reads .properties files in tests.
package propertiestest

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// T is what is asked of a test.
type T interface {
	Fatalf(format string, args ...any)
}

// Parse reads a .properties file by the rules of java.util.Properties.
func Parse(t T, text string) map[string]string {
	out := map[string]string{}
	for _, line := range logicalLines(text) {
		key, value := splitEntry(line)
		k, v := unescape(t, key), unescape(t, value)
		if _, twice := out[k]; twice {
			t.Fatalf("key %q is set twice", k)
		}
		out[k] = v
	}
	return out
}

// logicalLines drops comments and blank lines and joins continued ones.
func logicalLines(text string) []string {
	var out []string
	continued := ""
	for natural := range strings.SplitSeq(strings.ReplaceAll(text, "\r", "\n"), "\n") {
		line := strings.TrimLeft(natural, " \t\f")
		if continued == "" && (line == "" || line[0] == '#' || line[0] == '!') {
			continue
		}
		line = continued + line
		backslashes := len(line) - len(strings.TrimRight(line, `\`))
		if backslashes%2 == 1 {
			continued = line[:len(line)-1]
			continue
		}
		continued = ""
		out = append(out, line)
	}
	return out
}

func splitEntry(line string) (key, value string) {
	end := 0
	for end < len(line) && !strings.ContainsRune("=: \t\f", rune(line[end])) {
		if line[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(line))
	rest := strings.TrimLeft(line[end:], " \t\f")
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		rest = strings.TrimLeft(rest[1:], " \t\f")
	}
	return line[:end], rest
}

func unescape(t T, s string) string {
	var units []uint16
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if r != '\\' || i == len(s) {
			units = utf16.AppendRune(units, r)
			continue
		}
		c := s[i]
		i++
		if c == 'u' {
			n, err := strconv.ParseUint(s[i:i+4], 16, 16)
			if err != nil {
				t.Fatalf("bad \\u escape: %v", err)
			}
			units = append(units, uint16(n))
			i += 4
			continue
		}
		if at := strings.IndexByte("tnrf", c); at >= 0 {
			c = "\t\n\r\f"[at]
		}
		units = append(units, uint16(c))
	}
	return string(utf16.Decode(units))
}
