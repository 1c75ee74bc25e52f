"""`CheckedLoad`: clients that ask for every seed once or more, and look at every byte."""

from __future__ import annotations

import asyncio
import io
import random
import zipfile
from collections.abc import Mapping
from hashlib import sha256

import httpx

_ARCHIVE_SIZES = (3, 17, 40, 100, 256)
_SINGLES = 48
# Enough at once to pass the bound of the queue now and then.
_BURST = 400
_ARCHIVES = 2
_PATIENCE_S = 120.0


class CheckedLoad:
    """Half of the seeds are asked for one by one, half in archives, some in bursts and pairs."""

    def __init__(self, port: int, expected: Mapping[int, bytes], chance: random.Random) -> None:
        """Take the SHA-256 of the PNG of each seed from 0 on."""
        self.images = 0
        self.in_archives = 0
        self.differing = 0
        self.refused = 0
        self._port = port
        self._expected = expected
        self._chance = chance
        middle = len(expected) // 2
        self._singles = list(range(middle))
        self._chance.shuffle(self._singles)
        self._archived = range(middle, len(expected))

    async def run(self) -> None:
        """Ask until every seed has been answered."""
        limits = httpx.Limits(max_connections=None)
        base = f"http://127.0.0.1:{self._port}"
        async with httpx.AsyncClient(base_url=base, limits=limits, timeout=_PATIENCE_S) as client:
            await asyncio.gather(
                *(self._ask_singles(client) for _ in range(_SINGLES)),
                *(self._ask_archives(client, number) for number in range(_ARCHIVES)),
            )

    async def _ask_singles(self, client: httpx.AsyncClient) -> None:
        while self._singles:
            is_burst = self._chance.random() < 0.01
            seeds = [
                self._singles.pop()
                for _ in range(min(len(self._singles), _BURST if is_burst else 1))
            ]
            # Now and then a twin, which shares the row of the other.
            twins = [seed for seed in seeds if self._chance.random() < 0.1]
            await asyncio.gather(*(self._ask_single(client, seed) for seed in [*seeds, *twins]))

    async def _ask_single(self, client: httpx.AsyncClient, seed: int) -> None:
        content = await self._post(client, {"seed": seed})
        self._compare(seed, content)

    async def _ask_archives(self, client: httpx.AsyncClient, number: int) -> None:
        part = self._archived[number::_ARCHIVES]
        while part:
            size = self._chance.choice(_ARCHIVE_SIZES)
            seeds, part = part[:size], part[size:]
            content = await self._post(client, {"seeds": list(seeds), "layout": "zip"})
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                files = [archive.read(name) for name in archive.namelist()]
            for seed, data in zip(seeds, files, strict=True):
                self._compare(seed, data)
            self.in_archives += len(files)

    async def _post(self, client: httpx.AsyncClient, body: dict[str, object]) -> bytes:
        """Ask until it is let in."""
        while True:
            answer = await client.post("/generate", json=body)
            if answer.status_code == 200:
                return answer.content
            if answer.status_code != 429:
                raise RuntimeError(f"{answer.status_code} to {body}: {answer.text}")
            self.refused += 1
            await asyncio.sleep(self._chance.uniform(0.05, 0.5))

    def _compare(self, seed: int, content: bytes) -> None:
        self.images += 1
        self.differing += sha256(content).digest() != self._expected[seed]
