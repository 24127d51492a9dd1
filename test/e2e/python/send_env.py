"""Writes a record with librdkafka, by the environment of a bundle: send_env.py TOPIC VALUE"""

import os
import sys

from roundtrip import send

if __name__ == "__main__":
    _, topic, value = sys.argv
    settings = {
        "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        "client.id": os.environ["KAFKA_CLIENT_ID"],
        "security.protocol": os.environ["KAFKA_SECURITY_PROTOCOL"],
        "ssl.ca.pem": os.environ["KAFKA_SSL_CA"],
        "ssl.certificate.pem": os.environ["KAFKA_SSL_CERTIFICATE"],
        "ssl.key.pem": os.environ["KAFKA_SSL_KEY"],
    }
    send(settings, topic, value)
