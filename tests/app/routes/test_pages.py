from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

MODULES = Path(__file__).parents[3] / "app" / "static" / "studio"

pytestmark = pytest.mark.anyio


async def test_the_front_page_allows_only_what_this_server_sends(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "://" not in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|\bstyle=", page.text)


async def test_what_the_front_page_names_is_there(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    for address in re.findall(r'(?:href|src)="([^"]+)"', page.text):
        assert (await client.get(f"/{address}")).status_code == 200, address


async def test_the_front_page_asks_for_every_module_at_once(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    named = re.findall(r'"modulepreload" href="static/studio/(\w+\.js)"', page.text)
    assert {*named, "studio.js"} == {path.name for path in MODULES.glob("*.js")}


async def test_the_api_page_works_offline(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "openapi.json" in page.text
    assert "://" not in page.text
    for address in re.findall(r'(?:href|src)="([^"]+)"', page.text):
        assert (await client.get(f"/{address}")).status_code == 200, address


@pytest.mark.parametrize(
    "path", ["..%2f..%2fmain.py", "%00", "a" * 5000, "%ff", "../main.py", "//etc/passwd"]
)
async def test_static_gives_nothing_but_its_own_files(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/static/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
