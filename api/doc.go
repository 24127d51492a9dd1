// Package api holds the wire types of Segue's HTTP API and its Go client. The
// calls that existing clients of managed Kafka know keep their shapes; what is
// ours stands beside them in the same style. Times are RFC 3339 in UTC.
//
// A key whose type is a pointer without omitempty is always sent, as null when
// there is nothing to say; with omitempty it is left out, which means something
// else: see each field.
package api
