package main

import (
	"encoding/json"
	"testing"
)

func TestUserConfig(t *testing.T) {
	for _, c := range []struct {
		options []string
		want    string // JSON; empty for a refusal
	}{
		{nil, `{}`},
		{[]string{"bootstrap_servers=a:1,b:2"}, `{"bootstrap_servers":"a:1,b:2"}`},
		{[]string{"a.b.c=true", "a.b.d=null", "a.e=x"}, `{"a":{"b":{"c":true,"d":null},"e":"x"}}`},
		{[]string{"n=1.10", "big=12345678901234567890", "s=\"7\""}, `{"big":12345678901234567890,"n":1.10,"s":"7"}`},
		{[]string{`l=["x",1]`, `o={"k":"v"}`}, `{"l":["x",1],"o":{"k":"v"}}`},
		{[]string{"empty=", "equals=a=b", "words=true or false", "open={", "version=3.9.1"}, `{"empty":"","equals":"a=b","open":"{","version":"3.9.1","words":"true or false"}`},
		{[]string{"a=1", "a=2"}, `{"a":2}`},
		{[]string{`o={"k":1}`, "o.l=2"}, `{"o":{"k":1,"l":2}}`},
		{[]string{"bootstrap_servers"}, ""},
		{[]string{"=x"}, ""},
		{[]string{"a..b=1"}, ""},
		{[]string{".a=1"}, ""},
		{[]string{"a=1", "a.b=2"}, ""},
		{[]string{"a.b=2", "a=1"}, ""},
	} {
		config, err := parseUserConfig(c.options)
		got, _ := json.Marshal(config)
		if err != nil {
			got = nil
		}
		if string(got) != c.want {
			t.Errorf("%q: %s, %v; want %s", c.options, got, err, c.want)
		}
	}
}
