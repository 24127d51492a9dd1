"""Writes a record with librdkafka, by the files that a pod sees of a bundle's
Secret: send_secret.py SECRET TOPIC VALUE"""

import base64
import os
import sys
import tempfile

from lightkube import codecs
from lightkube.resources.core_v1 import Secret

from roundtrip import send


def mount(secret, folder):
    for name, content in secret.data.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(base64.b64decode(content, validate=True))


if __name__ == "__main__":
    _, manifest, topic, value = sys.argv
    with open(manifest) as text:
        (secret,) = codecs.load_all_yaml(text)
    if not isinstance(secret, Secret) or secret.type != "kubernetes.io/tls" or not secret.metadata.name:
        sys.exit("no Secret of type kubernetes.io/tls with a name")
    with tempfile.TemporaryDirectory() as folder:
        mount(secret, folder)
        with open(os.path.join(folder, "bootstrap.servers")) as address:
            settings = {"bootstrap.servers": address.read(), "security.protocol": "ssl"}
        for setting, name in {"ssl.ca.location": "ca.crt", "ssl.certificate.location": "tls.crt", "ssl.key.location": "tls.key"}.items():
            settings[setting] = os.path.join(folder, name)
        send(settings, topic, value)
