// Package e2e tries Segue against what it stands beside: a stock Apache Kafka
// broker set up by the broker kit alone, Go and Java clients, avn and curl. All
// of it is real: processes on loopback ports, certificates of seconds, and time.
package e2e
