"""Writes a record with librdkafka, by a configuration file as the broker kit has
it, and reads it back: roundtrip.py FILE TOPIC VALUE"""

import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition, OFFSET_BEGINNING

PATIENCE = 20


def read_settings(file):
    with open(file) as lines:
        pairs = (line.strip().split("=", 1) for line in lines if line.strip() and not line.startswith("#"))
        return dict(pairs)


def send(settings, topic, value):
    failures = []
    producer = Producer(settings)
    producer.produce(topic, value.encode(), on_delivery=lambda error, _: error and failures.append(error))
    if producer.flush(PATIENCE) or failures:
        sys.exit(f"send: {failures or 'not delivered'}")


def fetch(settings, topic, value):
    consumer = Consumer({**settings, "group.id": "unused", "enable.auto.commit": "false"})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        record = consumer.poll(0.2)
        if record is not None and record.error() is None and record.value() == value.encode():
            return
    sys.exit("fetch: the record did not come")


if __name__ == "__main__":
    _, file, topic, value = sys.argv
    settings = read_settings(file)
    send(settings, topic, value)
    fetch(settings, topic, value)
