package kafka

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/segue-project/segue/internal/properties"
)

// The files of a broker's folder. Kafka resolves relative names against the
// folder it was started in, so a kit works wherever it is put.
const (
	serverProperties  = "server.properties"
	jvmOptionsFile    = "jvm.options"
	clientKeystore    = "client-keystore.pem"
	clientTruststore  = "client-truststore.pem"
	clusterKeystore   = "cluster-keystore.pem"
	clusterTruststore = "cluster-truststore.pem"
)

// tlsProtocols is TLS 1.3 alone: TLS 1.2 resumes sessions whatever the ticket
// time-out says, and a resumed session is not checked for its end or revocation.
const tlsProtocols = "TLSv1.3"

// jvmOptions is an argument file of the java launcher.
const jvmOptions = `# Java options of this broker, beside server.properties: KAFKA_OPTS=@jvm.options
# No session resumption in TLS 1.3: a resumed session is never checked again, so a
# client could go on with a certificate that has ended or was revoked.
-Djdk.tls.server.sessionTicketTimeout=0
`

// serverProperties renders everything a stock broker needs to start.
func (c *cluster) serverProperties(n node) []byte {
	p := &properties.File{}
	p.Comment(fmt.Sprintf("Broker %d of service %s in project %s, made by Segue at %s.\nStart the broker in this folder: names of files are relative to it. See ../README.md.",
		n.ID, c.Service, c.Project, c.MadeAt.Format("2006-01-02T15:04:05Z")))
	c.setIdentity(p, n)
	c.setListeners(p, n)
	c.setReplication(p)
	p.Comment("\nWho may what: nothing without an ACL, save the brokers and Segue's admin.")
	p.Set("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer")
	p.Set("allow.everyone.if.no.acl.found", "false")
	p.Set("super.users", "User:"+brokerPrincipal+";User:"+adminPrincipal)
	p.Comment("\nCLIENT trusts the project's authorities alone, and maps this service's users and nobody else.")
	setTLS(p, "client", clientKeystore, clientTruststore, clientRules(c.Project, c.Service))
	if n.sasl != nil {
		p.Comment("\nSASL takes this service's users by their passwords, which Segue sets: no certificate is asked for.")
		setSASL(p, clientKeystore)
	}
	p.Comment("\nREPL and CONTROLLER trust the service's cluster authority alone: brokers and Segue's admin.")
	setTLS(p, "repl", clusterKeystore, clusterTruststore, clusterRules(c.Project))
	setTLS(p, "controller", clusterKeystore, clusterTruststore, clusterRules(c.Project))
	return p.Bytes()
}

func (c *cluster) setIdentity(p *properties.File, n node) {
	voters := make([]string, len(c.Nodes))
	for i, v := range c.Nodes {
		voters[i] = fmt.Sprintf("%d@%s", v.ID, v.controller)
	}
	p.Comment("")
	p.Set("process.roles", "broker,controller")
	p.Set("node.id", strconv.Itoa(n.ID))
	p.Set("controller.quorum.voters", strings.Join(voters, ","))
	p.Comment("\nWhere the broker keeps its data; make it an absolute path on a disk of its own.")
	p.Set("log.dirs", "data")
}

func (c *cluster) setListeners(p *properties.File, n node) {
	p.Comment("")
	listeners, advertised, protocols := "", "", ""
	if n.sasl != nil {
		listeners, advertised, protocols = ",SASL://"+n.sasl.binding(), ",SASL://"+n.sasl.String(), ",SASL:SASL_SSL"
	}
	p.Set("listeners", "CLIENT://"+n.client.binding()+listeners+",REPL://"+n.repl.binding()+",CONTROLLER://"+n.controller.binding())
	p.Set("advertised.listeners", "CLIENT://"+n.client.String()+advertised+",REPL://"+n.repl.String())
	p.Set("listener.security.protocol.map", "CLIENT:SSL,REPL:SSL,CONTROLLER:SSL"+protocols)
	p.Set("inter.broker.listener.name", "REPL")
	p.Set("controller.listener.names", "CONTROLLER")
}

// setReplication keeps three copies where there are three brokers, and takes a
// write when all but one of them have it.
func (c *cluster) setReplication(p *properties.File) {
	replicas := min(3, len(c.Nodes))
	factor, inSync := strconv.Itoa(replicas), strconv.Itoa(max(1, replicas-1))
	p.Comment("")
	p.Set("default.replication.factor", factor)
	p.Set("min.insync.replicas", inSync)
	p.Set("offsets.topic.replication.factor", factor)
	p.Set("transaction.state.log.replication.factor", factor)
	p.Set("transaction.state.log.min.isr", inSync)
	p.Set("share.coordinator.state.topic.replication.factor", factor)
	p.Set("share.coordinator.state.topic.min.isr", inSync)
}

// setTLS writes the settings of one listener, all under its own prefix: a setting
// without one would be inherited by the others.
func setTLS(p *properties.File, listener, keystore, truststore string, rules []rule) {
	prefix := "listener.name." + listener + ".ssl."
	p.Set(prefix+"client.auth", "required")
	p.Set(prefix+"enabled.protocols", tlsProtocols)
	p.Set(prefix+"keystore.type", "PEM")
	p.Set(prefix+"keystore.location", keystore)
	p.Set(prefix+"truststore.type", "PEM")
	p.Set(prefix+"truststore.location", truststore)
	p.Set(prefix+"principal.mapping.rules", formatRules(rules))
}

// reauthenticateWithin is for how long a connection goes on after its user's
// password was replaced, in milliseconds: an hour.
const reauthenticateWithin = "3600000"

// setSASL writes the settings of the listener for clients with passwords. A user's
// name becomes its principal, as on CLIENT; names of super users hold an "@", for
// which Segue sets no password.
func setSASL(p *properties.File, keystore string) {
	const prefix = "listener.name.sasl."
	p.Set(prefix+"sasl.enabled.mechanisms", "SCRAM-SHA-512")
	p.Set(prefix+"scram-sha-512.sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required;")
	p.Set(prefix+"connections.max.reauth.ms", reauthenticateWithin)
	p.Set(prefix+"ssl.client.auth", "none")
	p.Set(prefix+"ssl.enabled.protocols", tlsProtocols)
	p.Set(prefix+"ssl.keystore.type", "PEM")
	p.Set(prefix+"ssl.keystore.location", keystore)
}
