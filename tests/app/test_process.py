"""A real `python -m app`, driven over a socket as a client would."""

from __future__ import annotations

import base64
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.app.server_process import LIMIT_S, ROOT, Server

CLIENTS = 32


@pytest.fixture(scope="module")
def server(weights: Path) -> Iterator[Server]:
    server = Server(weights)
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log


def ask_alone(server: Server, seeds: list[int]) -> dict[int, bytes]:
    """Ask for each seed with nothing else going on."""
    with server.client() as client:
        return {seed: client.get(f"/images/{seed}.png").content for seed in seeds}


def ask_in_mixes(server: Server, seeds: list[int], number: int) -> list[tuple[int, bytes]]:
    """Be one of many clients: ask for the seeds in an order and in mixes of one's own."""
    order = random.Random(number)
    left = order.sample(seeds, len(seeds))
    found: list[tuple[int, bytes]] = []
    with server.client() as client:
        while left:
            mix = [left.pop() for _ in range(min(len(left), order.choice([1, 1, 2, 5, 17])))]
            if len(mix) == 1 and order.random() < 0.7:
                found.append((mix[0], client.get(f"/images/{mix[0]}.png").content))
                continue
            body = {"seeds": mix, "layout": "json"}
            answer = client.post("/generate", json=body)
            assert answer.status_code == 200, answer.text
            found += [(i["seed"], base64.b64decode(i["data"])) for i in answer.json()["images"]]
            if order.random() < 0.3:  # something else in between
                client.get("/interpolate?start=1&end=2&steps=3&model=pets&format=gif")
    return found


@pytest.mark.parametrize(
    ("total", "share"), [(96, 12), pytest.param(2000, 250, marks=pytest.mark.slow)]
)
def test_every_image_under_load_is_byte_equal_to_its_own_alone(
    server: Server, total: int, share: int
) -> None:
    seeds = list(range(total))
    alone = ask_alone(server, seeds)
    assert len(set(alone.values())) == total  # so that a swapped image would be seen
    firsts = [client * total // CLIENTS for client in range(CLIENTS)]
    shares = [[seeds[(first + offset) % total] for offset in range(share)] for first in firsts]
    with ThreadPoolExecutor(CLIENTS) as clients:
        work = clients.map(ask_in_mixes, [server] * CLIENTS, shares, range(CLIENTS))
        found = [entry for answers in work for entry in answers]
    assert {seed for seed, _ in found} >= set(seeds)
    assert all(image == alone[seed] for seed, image in found)


def test_fifty_megabytes_are_refused_and_the_connection_lives_on(server: Server) -> None:
    with server.client() as client:
        answer = client.post("/generate", content=b" " * 50_000_000)
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["field"] == "body"
        assert client.post("/generate", json={"seed": 1}).status_code == 200


def test_head_and_304_have_no_body_on_the_wire(server: Server) -> None:
    with server.client() as client:
        etag = client.head("/images/7.png").headers["etag"]
        answer = client.get("/images/7.png", headers={"If-None-Match": etag})
        assert (answer.status_code, answer.content) == (304, b"")
        assert client.get("/livez").text == "alive\n"  # the same connection, still in step


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET /images/7.png HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST /generate HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /generate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /generate HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
        b"GET /" + b"a" * 100_000,
    ],
    ids=["bytes", "long header", "negative length", "bad chunk", "cut body", "long line"],
)
def test_broken_http_hurts_nobody_else(server: Server, sent: bytes) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), LIMIT_S) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        answer = raw.recv(4096)
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert b"Traceback" not in answer
    with server.client() as client:
        assert client.get("/images/7.png").status_code == 200


def test_sigterm_answers_what_has_begun_and_then_exits_with_0(weights: Path) -> None:
    server = Server(weights)
    expected = ask_alone(server, list(range(8)))
    host, port = server.url.removeprefix("http://").split(":")
    begun = [socket.create_connection((host, int(port)), LIMIT_S) for _ in expected]
    for seed, raw in enumerate(begun):
        body = b'{"seed": %d}' % seed
        head = b"POST /generate HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        raw.sendall(head + body[:-1])  # begun, and its end still to come
    with server.client() as client:
        in_flight = f"ganloom_requests_in_flight {len(begun) + 1}.0"
        while in_flight not in client.get("/metrics").text:
            pass
    server.process.send_signal(signal.SIGTERM)
    assert server.process.stderr is not None
    for line in server.process.stderr:
        server.log += line
        if "Shutting down" in line:
            break
    with pytest.raises(httpx.TransportError), server.client() as client:
        client.get("/livez")  # nothing new is taken
    for seed, raw in enumerate(begun):
        raw.sendall(b"}")
        answer = b""
        while part := raw.recv(65536):
            answer += part
        raw.close()
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(expected[seed])
    assert server.wait() == 0
    assert "Traceback" not in server.log


def test_a_bad_checkpoint_exits_with_1_and_one_line_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"\x80\x04K\x07.")
    command = [sys.executable, "-m", "app", "--port", "0", "--weights", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("ganloom: bad.safetensors")
    assert done.stderr.count("\n") == 1
