// Package bundle makes what clients load: a service user's pair and the
// authorities to trust, in each form that a client of Kafka reads, with the
// settings that go with it.
//
// It computes and does nothing else: whoever calls it fetches the pair and keeps
// the files. Some forms are encrypted with random salts, so two bundles of one
// pair differ in bytes and hold the same.
package bundle
