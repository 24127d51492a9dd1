package api

import (
	"encoding/json"
	"testing"
)

func TestPolicyUpdateTellsAbsentFromNull(t *testing.T) {
	for wire, want := range map[string]PolicyUpdate{
		`{}`:                                    {},
		`{"validity":"820d","spread":null}`:     {Validity: Give("820d"), Spread: Inherit()},
		`{"renew_before":"90d","confirm":true}`: {RenewBefore: Give("90d"), Confirm: true},
	} {
		sent, err := json.Marshal(want)
		if err != nil || string(sent) != wire {
			t.Errorf("wrote %s, %v; want %s", sent, err, wire)
		}
		var got PolicyUpdate
		if err := json.Unmarshal([]byte(wire), &got); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(got)
		if err != nil || string(again) != wire {
			t.Errorf("read %s and wrote %s, %v", wire, again, err)
		}
	}
}
