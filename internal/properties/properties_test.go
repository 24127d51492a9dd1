package properties_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/segue-project/segue/internal/properties"
	"github.com/segue-project/segue/internal/properties/propertiestest"
)

func TestRoundTrip(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune(" \\=:#!\t\n\r\f.$^ua0é\U0001F600"))))
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOfN(text, text, 1, 5).Draw(t, "entries")
		p := &properties.File{}
		for k, v := range want {
			p.Comment("a comment\nof two lines")
			p.Set(k, v)
		}
		got := propertiestest.Parse(t, string(p.Bytes()))
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

func TestBackslashesAreDoubled(t *testing.T) {
	p := &properties.File{}
	p.Set("rules", `RULE:^O=a\.b$/x/`)
	if got, want := string(p.Bytes()), `rules=RULE:^O=a\\.b$/x/`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
