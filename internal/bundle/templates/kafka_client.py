"""kafka-python for service user {{.User}} of service {{.Service}} in project {{.Project}}, generation {{.Generation}}.

    pip install kafka-python

    from kafka import KafkaProducer
    from kafka_client import settings

    producer = KafkaProducer(**settings)

A client reads the files beside this one when it is made, so restart after a renewal.
"""

from pathlib import Path

_here = Path(__file__).resolve().parent

settings = {
    "bootstrap_servers": [{{range $i, $b := .Brokers}}{{if $i}}, {{end}}{{quoted $b}}{{end}}],
    "client_id": {{quoted .User}},
    "security_protocol": "SSL",
    "ssl_cafile": str(_here / "ca.pem"),
    "ssl_certfile": str(_here / "service.cert"),
    "ssl_keyfile": str(_here / "service.key"),
}
