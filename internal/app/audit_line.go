package app

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// AuditLine is an audit entry as it leaves Segue, in a reply or in an export.
type AuditLine struct {
	Seq     int64           `json:"seq"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Action  string          `json:"action"`
	Service string          `json:"service,omitempty"`
	User    string          `json:"user,omitempty"`
	Detail  json.RawMessage `json:"detail,omitempty"`
	MAC     string          `json:"mac"` // hex
}

// Line is the entry as it leaves Segue. A detail that is no JSON, which Segue never
// wrote, is left out.
func (e AuditEntry) Line() AuditLine {
	l := AuditLine{
		Seq: e.Seq, At: e.At.UTC(), Actor: e.Actor, Action: e.Action, Service: e.Service, User: e.User, MAC: hex.EncodeToString(e.MAC),
	}
	if json.Valid([]byte(e.Detail)) {
		l.Detail = json.RawMessage(e.Detail)
	}
	return l
}

// String is the head as people note it, "18203:9c41…"; empty for an empty log.
func (h AuditHead) String() string {
	if h.Seq == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%x", h.Seq, h.MAC)
}

// maxHead bounds the text of a head.
const maxHead = 200

// ParseAuditHead reads a head as String writes it. The number may have commas, as
// in a digest; an empty text is no head.
func ParseAuditHead(text string) (AuditHead, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return AuditHead{}, nil
	}
	number, mac, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseInt(strings.ReplaceAll(number, ",", ""), 10, 64)
	raw, hexErr := hex.DecodeString(strings.TrimSpace(mac))
	if err != nil || hexErr != nil || seq < 1 || len(raw) == 0 || len(text) > maxHead {
		return AuditHead{}, failField("head", "head must be an entry's number and the head noted with it, such as 18203:9c4170d2…")
	}
	return AuditHead{Seq: seq, MAC: raw}, nil
}
