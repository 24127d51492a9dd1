"""Writes a record with kafka-python, by the module of a bundle in PYTHONPATH:
send_kafka_python.py TOPIC VALUE"""

import sys

from kafka import KafkaProducer

from kafka_client import settings

PATIENCE = 20

if __name__ == "__main__":
    _, topic, value = sys.argv
    producer = KafkaProducer(**settings, max_block_ms=PATIENCE * 1000)
    producer.send(topic, value.encode()).get(PATIENCE)
    producer.close(timeout=PATIENCE)
