package auth

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"regexp"
	"testing"
)

func TestTokenForm(t *testing.T) {
	form := regexp.MustCompile(`^sgu_[0-9A-Za-z]{49}$`)
	seen := map[string]bool{}
	for range 200 {
		token, prefix, hash, err := Tokens{}.New()
		if err != nil {
			t.Fatal(err)
		}
		want := sha256.Sum256([]byte(token))
		if !form.MatchString(token) || prefix != token[:10] || !bytes.Equal(hash, want[:]) {
			t.Fatalf("New() = a token of form %v, prefix of %d, hash of %d", form.MatchString(token), len(prefix), len(hash))
		}
		if seen[token] || seen[prefix] {
			t.Fatal("a token or its prefix came twice")
		}
		seen[token], seen[prefix] = true, true
		got, ok := Tokens{}.Hash(token)
		if !ok || !bytes.Equal(got, hash) {
			t.Fatal("Hash does not read what New made")
		}
	}
}

func TestAnyOneMistakeIsRefused(t *testing.T) {
	token, _, _, err := Tokens{}.New()
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		for _, c := range []byte("0Az_-\x00") {
			if token[i] == c {
				continue
			}
			wrong := []byte(token)
			wrong[i] = c
			if _, ok := (Tokens{}).Hash(string(wrong)); ok {
				t.Fatalf("%q at %d was accepted", c, i)
			}
		}
	}
	for _, wrong := range []string{"", "sgu_", token[:len(token)-1], token + "0", " " + token, token[4:]} {
		if _, ok := (Tokens{}).Hash(wrong); ok {
			t.Errorf("a token of %d characters was accepted", len(wrong))
		}
	}
}

func TestEncodeIsFixedWidth(t *testing.T) {
	for n, want := range map[int64]string{0: "0000", 61: "000z", 62: "0010", 62*62*62*62 - 1: "zzzz"} {
		if got := encode(big.NewInt(n), 4); got != want {
			t.Errorf("encode(%d) = %q, want %q", n, got, want)
		}
	}
	most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 8*randomBytes), big.NewInt(1))
	if got := encode(new(big.Int).Set(most), randomLength+1); got[0] != '0' || got[1] == '0' {
		t.Errorf("2^256-1 takes other than %d digits: %q", randomLength, got)
	}
}
