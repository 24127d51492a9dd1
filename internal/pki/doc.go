// Package pki is Segue's X.509: authorities, the leaves they issue, revocation
// lists, and the checks of what is stored. It does no I/O and reads no clock.
//
// There are two authorities, because a Kafka broker's mapping rules see a
// certificate's subject but not who issued it:
//
//	project CA   CN=Segue project CA <key id>,O=<project>
//	  users      CN=<user>,OU=<service>,O=<project>, clientAuth
//	  brokers    CN=<host>,OU=@brokers,O=<project>, serverAuth alone: what clients verify
//	cluster CA   CN=Segue cluster CA <key id>,OU=<service>,O=<project>
//	  brokers    CN=<host>,OU=@brokers,O=<project>, serverAuth and clientAuth
//	  admin      CN=segue-admin,OU=@admin,O=<project>, clientAuth
//
// Subjects are written as Kafka shows them, which is the reverse of the order in
// the certificate. Names hold no space, "@", ":" or "/", so no user can be named
// like an authority, a broker or the admin. An authority issues nothing but what
// stands below it here, and only for the project in its own subject.
//
// All keys are ECDSA P-256. A certificate's times are whole seconds; a caller
// cuts them before, so that what it stores is what the certificate says.
package pki
