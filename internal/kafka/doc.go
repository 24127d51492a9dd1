// Package kafka holds what touches a cluster. Today that is the broker kit: the
// files by which a stock Apache Kafka 4 broker trusts the right authority on each
// listener and maps certificates to principals.
//
// A kit has three listeners. CLIENT trusts the project's authorities alone and
// maps exactly the users of one service; REPL and CONTROLLER trust the service's
// cluster authority alone and map brokers and Segue's admin. Mapping rules see
// the subject of a certificate and never its issuer, so what keeps a user of
// CLIENT from being a super user is twofold: the two authorities, and principals
// (@broker, @admin) that no user's name can spell.
package kafka
