package kafka

import (
	"fmt"
	"strconv"
	"strings"
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
	p := &properties{}
	p.comment(fmt.Sprintf("Broker %d of service %s in project %s, made by Segue at %s.\nStart the broker in this folder: names of files are relative to it. See ../README.md.",
		n.ID, c.Service, c.Project, c.MadeAt.Format("2006-01-02T15:04:05Z")))
	c.setIdentity(p, n)
	c.setListeners(p, n)
	c.setReplication(p)
	p.comment("\nWho may what: nothing without an ACL, save the brokers and Segue's admin.")
	p.set("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer")
	p.set("allow.everyone.if.no.acl.found", "false")
	p.set("super.users", "User:"+brokerPrincipal+";User:"+adminPrincipal)
	p.comment("\nCLIENT trusts the project's authorities alone, and maps this service's users and nobody else.")
	setTLS(p, "client", clientKeystore, clientTruststore, clientRules(c.Project, c.Service))
	p.comment("\nREPL and CONTROLLER trust the service's cluster authority alone: brokers and Segue's admin.")
	setTLS(p, "repl", clusterKeystore, clusterTruststore, clusterRules(c.Project))
	setTLS(p, "controller", clusterKeystore, clusterTruststore, clusterRules(c.Project))
	return p.bytes()
}

func (c *cluster) setIdentity(p *properties, n node) {
	voters := make([]string, len(c.Nodes))
	for i, v := range c.Nodes {
		voters[i] = fmt.Sprintf("%d@%s", v.ID, v.controller)
	}
	p.comment("")
	p.set("process.roles", "broker,controller")
	p.set("node.id", strconv.Itoa(n.ID))
	p.set("controller.quorum.voters", strings.Join(voters, ","))
	p.comment("\nWhere the broker keeps its data; make it an absolute path on a disk of its own.")
	p.set("log.dirs", "data")
}

func (c *cluster) setListeners(p *properties, n node) {
	p.comment("")
	p.set("listeners", "CLIENT://"+n.client.binding()+",REPL://"+n.repl.binding()+",CONTROLLER://"+n.controller.binding())
	p.set("advertised.listeners", "CLIENT://"+n.client.String()+",REPL://"+n.repl.String())
	p.set("listener.security.protocol.map", "CLIENT:SSL,REPL:SSL,CONTROLLER:SSL")
	p.set("inter.broker.listener.name", "REPL")
	p.set("controller.listener.names", "CONTROLLER")
}

// setReplication keeps three copies where there are three brokers, and takes a
// write when all but one of them have it.
func (c *cluster) setReplication(p *properties) {
	replicas := min(3, len(c.Nodes))
	factor, inSync := strconv.Itoa(replicas), strconv.Itoa(max(1, replicas-1))
	p.comment("")
	p.set("default.replication.factor", factor)
	p.set("min.insync.replicas", inSync)
	p.set("offsets.topic.replication.factor", factor)
	p.set("transaction.state.log.replication.factor", factor)
	p.set("transaction.state.log.min.isr", inSync)
	p.set("share.coordinator.state.topic.replication.factor", factor)
	p.set("share.coordinator.state.topic.min.isr", inSync)
}

// setTLS writes the settings of one listener, all under its own prefix: a setting
// without one would be inherited by the others.
func setTLS(p *properties, listener, keystore, truststore string, rules []rule) {
	prefix := "listener.name." + listener + ".ssl."
	p.set(prefix+"client.auth", "required")
	p.set(prefix+"enabled.protocols", tlsProtocols)
	p.set(prefix+"keystore.type", "PEM")
	p.set(prefix+"keystore.location", keystore)
	p.set(prefix+"truststore.type", "PEM")
	p.set(prefix+"truststore.location", truststore)
	p.set(prefix+"principal.mapping.rules", formatRules(rules))
}
