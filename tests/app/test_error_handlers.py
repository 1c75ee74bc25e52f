"""What the router itself refuses says what to do."""

from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize(
    ("method", "path", "methods"),
    [
        ("GET", "/generate", ["POST"]),
        ("POST", "/images/7.png", ["GET", "HEAD"]),
        ("DELETE", "/static/index.html", ["GET", "HEAD"]),
    ],
)
def test_a_405_names_the_methods_and_allows_them(
    address: str, method: str, path: str, methods: list[str]
) -> None:
    answer = httpx.request(method, address + path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == ", ".join(methods)
    said = f"This address takes other methods: use {' or '.join(methods)}."
    assert answer.json()["detail"] == said


def test_a_405_of_a_dialect_names_the_methods_too(address: str) -> None:
    answer = httpx.get(f"{address}/v1/images/generations")
    assert answer.status_code == 405
    assert answer.json()["error"]["message"].endswith("use POST.")
