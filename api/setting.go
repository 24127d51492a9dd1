package api

import "encoding/json"

// Setting is one value of a PolicyUpdate: left alone (the zero Setting), given
// (Set and Value), or inherited again (Set without Value, null on the wire).
type Setting struct {
	Set   bool
	Value *string
}

// Give returns a Setting with the value.
func Give(value string) Setting { return Setting{Set: true, Value: &value} }

// Inherit returns a Setting that takes the value away again.
func Inherit() Setting { return Setting{Set: true} }

// MarshalJSON writes the value or null; a Setting that is left alone is not
// written at all, by omitzero.
func (s Setting) MarshalJSON() ([]byte, error) { return json.Marshal(s.Value) }

// UnmarshalJSON is called only for keys that are there, null included.
func (s *Setting) UnmarshalJSON(data []byte) error {
	s.Set = true
	return json.Unmarshal(data, &s.Value)
}
