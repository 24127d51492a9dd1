package kafka

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// parseProperties reads a .properties file by the rules of java.util.Properties.
func parseProperties(t interface{ Fatalf(string, ...any) }, text string) map[string]string {
	out := map[string]string{}
	for _, line := range logicalLines(text) {
		key, value := splitEntry(line)
		k, v := unescapeProperty(t, key), unescapeProperty(t, value)
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

func unescapeProperty(t interface{ Fatalf(string, ...any) }, s string) string {
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

func TestPropertiesRoundTrip(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune(" \\=:#!\t\n\r\f.$^ua0é\U0001F600"))))
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOfN(text, text, 1, 5).Draw(t, "entries")
		p := &properties{}
		for k, v := range want {
			p.comment("a comment\nof two lines")
			p.set(k, v)
		}
		got := parseProperties(t, string(p.bytes()))
		if len(got) != len(want) {
			t.Fatalf("got %d entries, want %d", len(got), len(want))
		}
		for k, v := range want {
			if got[k] != v {
				t.Fatalf("entry %q: got %q, want %q", k, got[k], v)
			}
		}
	})
}

func TestPropertiesDoubleBackslashes(t *testing.T) {
	p := &properties{}
	p.set("rules", `RULE:^O=a\.b$/x/`)
	if got, want := string(p.bytes()), `rules=RULE:^O=a\\.b$/x/`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
