package pki

import (
	"testing"
)

// BenchmarkIssueClient is the hot path of the sweep: key, certificate, and its
// verification, on all cores.
func BenchmarkIssueClient(b *testing.B) {
	a := newAuthority(b, AuthoritySubject{Project: "demo"})
	profile := clientProfile()
	profile.CRLURL = "https://segue.example/crl/0123456789abcdef.crl"
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := a.IssueClient(profile); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "certs/s")
}

// BenchmarkVerifyClient is what doctor does for each certificate.
func BenchmarkVerifyClient(b *testing.B) {
	a := newAuthority(b, AuthoritySubject{Project: "demo"})
	leaf, err := a.IssueClient(clientProfile())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := VerifyClient(a.Cert.Raw, leaf.Cert, clientProfile()); err != nil {
			b.Fatal(err)
		}
	}
}
