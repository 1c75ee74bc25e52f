"""`AsyncGanloom`: the same client for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Self, Unpack

import httpx
from PIL import Image

from app.client.answers import (
    GeneratedImage,
    Model,
    read_frames,
    read_images,
    read_model,
    read_still,
)
from app.client.calls import (
    LIST_MODELS,
    Call,
    Options,
    StillFormat,
    StillOptions,
    call_generate,
    call_image,
    call_interpolate,
    call_model,
)
from app.client.failures import UnreachableError, raise_for_problem
from app.client.retrying import Retries


class AsyncGanloom:
    """A client of one service; close it, or use it in `async with`.

    Every method raises GanloomError for a refusal, OverloadedError once `retries` are used up,
    UnreachableError where no answer came. `deadline_s` is told to the service, which drops what
    nobody waits for any more; `timeout_s` is how long the socket may be silent.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        deadline_s: float | None = None,
        timeout_s: float = 60.0,
        retries: Retries | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=timeout_s)
        self._deadline_s = deadline_s
        self._retries = retries or Retries()

    async def generate(
        self,
        n: int | None = None,
        *,
        seed: int | None = None,
        seeds: Sequence[int] | None = None,
        latents: Sequence[Sequence[float]] | None = None,
        image_format: StillFormat = "png",
        **options: Unpack[StillOptions],
    ) -> list[GeneratedImage]:
        """Make images of `n` seeds from `seed` on, of `seeds`, of `latents`, or of random seeds.

        With `best_of`, each image tells the seed that won.
        """
        source = {
            **{"n": n, "seed": seed},
            "seeds": None if seeds is None else list(seeds),
            "latents": None if latents is None else [list(map(float, row)) for row in latents],
        }
        call = call_generate(source, options, image_format, self._deadline_s)
        return read_images(await self._send(call))

    async def image(
        self, seed: int, *, image_format: StillFormat = "png", **options: Unpack[StillOptions]
    ) -> GeneratedImage:
        """Get the image of one seed, or the best of several, from a cache if there is one."""
        call = call_image(seed, options, image_format, self._deadline_s)
        return read_still(await self._send(call))

    async def interpolate(
        self,
        seeds: Sequence[int],
        *,
        steps: int = 16,
        method: Literal["slerp", "lerp"] = "slerp",
        **options: Unpack[Options],
    ) -> list[Image.Image]:
        """Walk through two seeds or more; frame k is exactly the still of its latent."""
        walk = {"steps": steps, "method": method, "format": "zip"}
        return read_frames(
            await self._send(call_interpolate(seeds, options, walk, self._deadline_s))
        )

    async def animate(
        self,
        seeds: Sequence[int],
        *,
        steps: int = 16,
        method: Literal["slerp", "lerp"] = "slerp",
        animation_format: Literal["gif", "apng", "webp"] = "webp",
        **options: Unpack[Options],
    ) -> bytes:
        """Get the same walk as the bytes of a film."""
        walk = {"steps": steps, "method": method, "format": animation_format}
        answer = await self._send(call_interpolate(seeds, options, walk, self._deadline_s))
        return answer.content

    async def models(self) -> list[Model]:
        """List what is served."""
        answer = await self._send(LIST_MODELS)
        return [read_model(item) for item in answer.json()["models"]]

    async def model(self, name: str) -> Model:
        """Describe one model."""
        return read_model((await self._send(call_model(name))).json())

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.close()

    async def _send(self, call: Call) -> httpx.Response:
        """Ask, and ask again while it is refused for now."""
        attempt = 1
        while True:
            answer, failure = None, None
            try:
                answer = await self._http.request(**call.to_request())
            except httpx.ConnectError as error:  # nothing was sent yet
                failure = error
            except httpx.TransportError as error:
                raise UnreachableError(str(error) or type(error).__name__) from error
            wait_s = self._retries.wait_s(attempt, answer)
            if wait_s is None:
                break
            await asyncio.sleep(wait_s)
            attempt += 1
        if answer is None:
            raise UnreachableError(str(failure)) from failure
        raise_for_problem(answer)
        return answer
