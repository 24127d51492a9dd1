// kafkajs for service user {{.User}} of service {{.Service}} in project {{.Project}}, generation {{.Generation}}.
//
//   npm install kafkajs
//   const { kafka } = require("./kafka.cjs");
//   const producer = kafka.producer();
//
// The files beside this one are read when it is loaded, so restart after a renewal.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { Kafka } = require("kafkajs");

const read = (name) => fs.readFileSync(path.join(__dirname, name), "utf8");

exports.kafka = new Kafka({
  clientId: {{quoted .User}},
  brokers: [{{range $i, $b := .Brokers}}{{if $i}}, {{end}}{{quoted $b}}{{end}}],
  ssl: { ca: read("ca.pem"), cert: read("service.cert"), key: read("service.key") },
});
