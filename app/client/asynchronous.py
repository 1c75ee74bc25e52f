"""`AsyncGanloom`: the same client for asyncio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, Self, Unpack

import httpx
from PIL import Image

from app.client.answers import (
    Direction,
    GeneratedImage,
    Model,
    read_default,
    read_directions,
    read_film,
    read_frames,
    read_images,
    read_model,
    read_models,
    read_still,
    read_strip,
)
from app.client.asynchronous_jobs import AsyncJobs
from app.client.calls import (
    LIST_MODELS,
    FilmFormat,
    Line,
    Options,
    SearchOptions,
    StillFormat,
    StillOptions,
    call_directions,
    call_explore,
    call_generate,
    call_image,
    call_interpolate,
    call_model,
)
from app.client.connections import AsyncConnection
from app.client.job_answers import Inversion, Job
from app.client.retrying import Retries
from app.client.uploading import Picture


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
        http = httpx.AsyncClient(base_url=url, timeout=timeout_s)
        self._connection = AsyncConnection(http, retries or Retries())
        self._deadline_s = deadline_s
        self.jobs = AsyncJobs(self._connection)

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
        return await self._connection.ask(call, read_images)

    async def image(
        self, seed: int, *, image_format: StillFormat = "png", **options: Unpack[StillOptions]
    ) -> GeneratedImage:
        """Get the image of one seed, or the best of several, from a cache if there is one."""
        call = call_image(seed, options, image_format, self._deadline_s)
        return await self._connection.ask(call, read_still)

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
        call = call_interpolate(seeds, options, walk, self._deadline_s)
        return await self._connection.ask(call, read_frames)

    async def animate(
        self,
        seeds: Sequence[int],
        *,
        steps: int = 16,
        method: Literal["slerp", "lerp"] = "slerp",
        animation_format: FilmFormat = "webp",
        **options: Unpack[Options],
    ) -> bytes:
        """Get the same walk as the bytes of a film."""
        walk = {"steps": steps, "method": method, "format": animation_format}
        call = call_interpolate(seeds, options, walk, self._deadline_s)
        return await self._connection.ask(call, read_film)

    async def explore(
        self,
        seed: int,
        direction: str,
        *,
        between: tuple[float, float] | None = None,
        steps: int = 9,
        **options: Unpack[Options],
    ) -> list[Image.Image]:
        """Go with one seed along one direction; each frame is exactly the still with that edit.

        `between` are the first strength and the last, without it those of `directions`, to
        either side.
        """
        line = Line(seed, direction, between, steps)
        call = call_explore(line, options, "zip", self._deadline_s)
        return await self._connection.ask(call, read_frames)

    async def explore_strip(
        self,
        seed: int,
        direction: str,
        *,
        between: tuple[float, float] | None = None,
        steps: int = 9,
        **options: Unpack[Options],
    ) -> Image.Image:
        """Get the same frames side by side, from left to right."""
        line = Line(seed, direction, between, steps)
        call = call_explore(line, options, "png", self._deadline_s)
        return await self._connection.ask(call, read_strip)

    async def explore_film(
        self,
        seed: int,
        direction: str,
        *,
        between: tuple[float, float] | None = None,
        steps: int = 9,
        film_format: FilmFormat = "webp",
        **options: Unpack[Options],
    ) -> bytes:
        """Get the same frames as the bytes of a film."""
        line = Line(seed, direction, between, steps)
        call = call_explore(line, options, film_format, self._deadline_s)
        return await self._connection.ask(call, read_film)

    async def invert(
        self,
        picture: Picture,
        *,
        on_progress: Callable[[Job], None] | None = None,
        poll_s: float | None = None,
        **options: Unpack[SearchOptions],
    ) -> Inversion:
        """Find the latent that renders a picture: a file's bytes, its path, or a Pillow image.

        `on_progress` is told how the job gets on, by the service's events or, with `poll_s`, by
        asking every so many seconds. Whatever it raises cancels the job, and so does the end of
        the task. Raises JobFailedError if nothing was found, ValueError if `picture` is no PNG,
        JPEG or WebP.
        """
        return await self.jobs.run(picture, on_progress, poll_s, **options)

    async def models(self) -> list[Model]:
        """List what is served."""
        return await self._connection.ask(LIST_MODELS, read_models)

    async def model(self, name: str) -> Model:
        """Describe one model."""
        return await self._connection.ask(call_model(name), read_model)

    async def directions(self, model: str | None = None) -> list[Direction]:
        """List the directions of a model, or of the default one."""
        if model is None:
            model = await self._connection.ask(LIST_MODELS, read_default)
        return await self._connection.ask(call_directions(model), read_directions)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

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
