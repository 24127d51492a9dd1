package kafka

import (
	"regexp"
	"strings"
)

// The principals of brokers and of Segue's admin. A user's name holds no "@", so
// no rule of CLIENT can give them.
const (
	brokerPrincipal = "@broker"
	adminPrincipal  = "@admin"
)

// rule is one of Kafka's ssl.principal.mapping.rules: a subject that the whole
// pattern matches becomes the principal. Neither part may hold a "/".
type rule struct {
	pattern   string
	principal string
}

// nobody ends every list of rules. Without it a subject that no rule takes fails
// at its first request with a stack trace in the broker's log; with DEFAULT in
// its place the whole subject would be the principal.
var nobody = rule{pattern: `^.*$`, principal: "nobody"}

// clientRules map the users of one service, by their names, and nobody else.
func clientRules(project, service string) []rule {
	return []rule{
		{pattern: `^CN=([A-Za-z0-9_][A-Za-z0-9._-]*),OU=` + regexp.QuoteMeta(service) + `,O=` + regexp.QuoteMeta(project) + `$`, principal: "$1"},
		nobody,
	}
}

// clusterRules map what a cluster authority issues: brokers, by host, and admins.
func clusterRules(project string) []rule {
	const host = `^CN=[A-Za-z0-9._:-]+,OU=`
	return []rule{
		{pattern: host + `@brokers,O=` + regexp.QuoteMeta(project) + `$`, principal: brokerPrincipal},
		{pattern: host + `@admin,O=` + regexp.QuoteMeta(project) + `$`, principal: adminPrincipal},
		nobody,
	}
}

// formatRules writes rules as the value of ssl.principal.mapping.rules.
func formatRules(rules []rule) string {
	parts := make([]string, len(rules))
	for i, r := range rules {
		parts[i] = "RULE:" + r.pattern + "/" + r.principal + "/"
	}
	return strings.Join(parts, ",")
}

// mapsTo reports whether the first rule that takes the subject gives the principal.
func mapsTo(rules []rule, subject, principal string) bool {
	for _, r := range rules {
		if regexp.MustCompile(r.pattern).MatchString(subject) {
			return r.principal == principal
		}
	}
	return false
}
