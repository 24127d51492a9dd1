// Writes a record with kafkajs, by the module of a bundle: send.cjs MODULE TOPIC VALUE
"use strict";

const [, , module_, topic, value] = process.argv;
const { kafka } = require(module_);

async function send() {
  const producer = kafka.producer({ retry: { retries: 2 } });
  await producer.connect();
  await producer.send({ topic, messages: [{ value }] });
  await producer.disconnect();
}

send().catch((error) => {
  console.error(error);
  process.exit(1);
});
