"""What a server says of itself at /metrics, and single requests that are not timed."""

from __future__ import annotations

import http.client

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.connections import LOOPBACK

_LIMIT_S = 60.0


def scrape(port: int) -> dict[str, float]:
    """Return each sample's value by its name, summed over its labels."""
    _, content, _ = fetch(port, "/metrics")
    values: dict[str, float] = {}
    for family in text_string_to_metric_families(content.decode()):
        for sample in family.samples:
            values[sample.name] = values.get(sample.name, 0.0) + sample.value
    return values


def fetch(
    port: int, path: str, headers: dict[str, str] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    """GET a path; return status, body and headers, their names in lower case."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_LIMIT_S)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, content, {key.lower(): value for key, value in answer.getheaders()}
    finally:
        connection.close()
