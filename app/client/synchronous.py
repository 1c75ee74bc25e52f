"""`Ganloom`: the client that blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, Unpack

import httpx
from PIL import Image

from app.client.answers import (
    Direction,
    GeneratedImage,
    Latent,
    Model,
    Neighbour,
    Verification,
    read_default,
    read_directions,
    read_film,
    read_frames,
    read_images,
    read_latent,
    read_model,
    read_models,
    read_neighbours,
    read_still,
    read_strip,
    read_verification,
)
from app.client.calls import (
    LIST_MODELS,
    Line,
    call_avatar,
    call_directions,
    call_explore,
    call_generate,
    call_image,
    call_interpolate,
    call_latent,
    call_mix,
    call_model,
    call_neighbours,
    call_verify,
)
from app.client.connections import Connection
from app.client.job_answers import Inversion, Job
from app.client.options import (
    AvatarOptions,
    CachedOptions,
    FilmFormat,
    FilmOptions,
    GenerateOptions,
    Method,
    SearchOptions,
    StillFormat,
    StillOptions,
    VerifyOptions,
    WalkOptions,
)
from app.client.retrying import Retries
from app.client.synchronous_jobs import Jobs
from app.client.uploading import Picture, read_upload


class Ganloom:
    """A client of one service; close it, or use it in `with`.

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
        http = httpx.Client(base_url=url, timeout=timeout_s)
        self._connection = Connection(http, retries or Retries())
        self._deadline_s = deadline_s
        self.jobs = Jobs(self._connection)

    def generate(
        self,
        n: int | None = None,
        *,
        seed: int | None = None,
        seeds: Sequence[int] | None = None,
        latents: Sequence[Sequence[float]] | None = None,
        image_format: StillFormat = "png",
        **options: Unpack[GenerateOptions],
    ) -> list[GeneratedImage]:
        """Make images of `n` seeds from `seed` on, of `seeds`, `latents`, or of random seeds.

        With `best_of`, each image tells the seed that won.
        """
        source = {
            **{"n": n, "seed": seed},
            "seeds": None if seeds is None else list(seeds),
            "latents": None if latents is None else [list(map(float, row)) for row in latents],
        }
        call = call_generate(source, options, image_format, self._deadline_s)
        return self._connection.ask(call, read_images)

    def image(
        self, seed: int, *, image_format: StillFormat = "png", **options: Unpack[StillOptions]
    ) -> GeneratedImage:
        """Get the image of one seed, or the best of several, from a cache if there is one."""
        call = call_image(seed, options, image_format, self._deadline_s)
        return self._connection.ask(call, read_still)

    def interpolate(
        self,
        seeds: Sequence[int],
        *,
        steps: int = 16,
        method: Method = "slerp",
        **options: Unpack[WalkOptions],
    ) -> list[Image.Image]:
        """Walk through two seeds or more; frame k is exactly the still of its latent."""
        walk = {"steps": steps, "method": method, "format": "zip"}
        call = call_interpolate(seeds, options, walk, self._deadline_s)
        return self._connection.ask(call, read_frames)

    def animate(
        self,
        seeds: Sequence[int],
        *,
        steps: int = 16,
        method: Method = "slerp",
        animation_format: FilmFormat = "webp",
        **options: Unpack[FilmOptions],
    ) -> bytes:
        """Get the same walk as the bytes of a film."""
        walk = {"steps": steps, "method": method, "format": animation_format}
        call = call_interpolate(seeds, options, walk, self._deadline_s)
        return self._connection.ask(call, read_film)

    def explore(
        self,
        seed: int,
        direction: str,
        *,
        between: Sequence[float] | None = None,
        steps: int = 9,
        **options: Unpack[WalkOptions],
    ) -> list[Image.Image]:
        """Go with one seed along one direction; each frame is exactly the still with that edit.

        `between` are the first strength and the last, or any number of strengths to pass, without
        it those of `directions`, to either side.
        """
        line = Line(seed, direction, between, steps)
        call = call_explore(line, options, "zip", self._deadline_s)
        return self._connection.ask(call, read_frames)

    def explore_strip(
        self,
        seed: int,
        direction: str,
        *,
        between: Sequence[float] | None = None,
        steps: int = 9,
        **options: Unpack[WalkOptions],
    ) -> Image.Image:
        """Get the same frames side by side, from left to right."""
        line = Line(seed, direction, between, steps)
        call = call_explore(line, options, "png", self._deadline_s)
        return self._connection.ask(call, read_strip)

    def explore_film(
        self,
        seed: int,
        direction: str,
        *,
        between: Sequence[float] | None = None,
        steps: int = 9,
        film_format: FilmFormat = "webp",
        **options: Unpack[FilmOptions],
    ) -> bytes:
        """Get the same frames as the bytes of a film."""
        line = Line(seed, direction, between, steps)
        call = call_explore(line, options, film_format, self._deadline_s)
        return self._connection.ask(call, read_film)

    def invert(
        self,
        picture: Picture,
        *,
        on_progress: Callable[[Job], None] | None = None,
        poll_s: float | None = None,
        **options: Unpack[SearchOptions],
    ) -> Inversion:
        """Find the latent that renders a picture: a file's bytes, its path, or a Pillow image.

        `on_progress` is told how the job gets on, by the service's events or, with `poll_s`, by
        asking every so many seconds. Whatever it raises cancels the job, as Ctrl-C does. Raises
        JobFailedError if nothing was found, ValueError if `picture` is no PNG, JPEG or WebP.
        """
        return self.jobs.run(picture, on_progress, poll_s, **options)

    def mix(
        self,
        plus: Sequence[Sequence[int]],
        minus: Sequence[Sequence[int]] = (),
        *,
        rescale: bool = True,
        image_format: StillFormat = "png",
        **options: Unpack[CachedOptions],
    ) -> GeneratedImage:
        """Add and take away the mean latents of lists of seeds, as in DCGAN's paper."""
        shape = {"rescale": rescale, "format": image_format}
        call = call_mix({"plus": plus, "minus": minus}, options, shape, self._deadline_s)
        return self._connection.ask(call, read_still)

    def avatar(
        self, text: str, *, image_format: StillFormat = "png", **options: Unpack[AvatarOptions]
    ) -> GeneratedImage:
        """Get the picture of any string: always the same one."""
        call = call_avatar(text, options, image_format, self._deadline_s)
        return self._connection.ask(call, read_still)

    def latent(self, seed: int, **options: Unpack[CachedOptions]) -> Latent:
        """Get the z behind one seeded image, which `generate` takes."""
        return self._connection.ask(call_latent(seed, options), read_latent)

    def neighbours(
        self,
        model: str,
        *,
        seed: int | None = None,
        latent: Sequence[float] | None = None,
        count: int = 8,
        among: int = 10_000,
    ) -> list[Neighbour]:
        """Name the seeds, of those below `among`, whose latents are nearest to one."""
        point = {"seed": seed, "latent": None if latent is None else list(map(float, latent))}
        call = call_neighbours(model, point, count, among)
        return self._connection.ask(call, read_neighbours)

    def verify(self, picture: Picture, **options: Unpack[VerifyOptions]) -> Verification:
        """Ask whether a picture is to the bit what it claims to be, or what `options` say it is.

        A Pillow image is sent without what its file said of itself: send the file.
        """
        upload = read_upload(picture)
        call = call_verify(upload, options, self._deadline_s)
        return self._connection.ask(call, read_verification)

    def models(self) -> list[Model]:
        """List what is served."""
        return self._connection.ask(LIST_MODELS, read_models)

    def model(self, name: str) -> Model:
        """Describe one model."""
        return self._connection.ask(call_model(name), read_model)

    def directions(self, model: str | None = None) -> list[Direction]:
        """List the directions of a model, or of the default one."""
        if model is None:
            model = self._connection.ask(LIST_MODELS, read_default)
        return self._connection.ask(call_directions(model), read_directions)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()
