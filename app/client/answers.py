"""What the client returns: images with where they come from, and models."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from PIL import Image

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

KindT = TypeVar("KindT", bound="DataclassInstance")


@dataclass(frozen=True)
class GeneratedImage:
    """One image and what it was made from; `seed` is None for explicit latents."""

    image: Image.Image
    data: bytes = field(repr=False)
    media_type: str
    model: str
    digest: str
    seed: int | None
    label: int | None = None


@dataclass(frozen=True)
class Model:
    """One served model; `details` is all that the service tells about it."""

    name: str
    digest: str
    is_default: bool
    is_ready: bool
    width: int
    height: int
    z_dim: int
    class_names: tuple[str, ...]
    licence: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Direction:
    """One direction of a model; edits from -`strength` to `strength` are what it is meant for.

    `kind` is sefa, pca or attribute. `scores` and `leaks` are shares, from 0 to 1.
    """

    name: str
    kind: str
    order: int
    strength: float
    scores: Mapping[str, float]
    leaks: Mapping[str, float]


@dataclass(frozen=True)
class Latent:
    """The z behind a seeded image: what `generate` takes, with the same `label`."""

    z: tuple[float, ...]
    label: int | None
    seed: int
    model: str
    digest: str


@dataclass(frozen=True)
class Neighbour:
    """A seed whose latent is near, and the cosine of the angle between the two."""

    seed: int
    distance: float
    cosine: float


@dataclass(frozen=True)
class Verification:
    """What became of a picture.

    `verdict` is identical, altered, another-model or unknown. `claim` is what the file says of
    itself, `difference` counts what is not as the service renders it.
    """

    verdict: str
    detail: str
    model: str | None
    digest: str | None
    claim: Mapping[str, Any] | None
    difference: Mapping[str, Any] | None
    is_same_numeric_path: bool | None


def read_images(answer: httpx.Response) -> list[GeneratedImage]:
    """Read the `json` layout of /generate."""
    document = answer.json()
    files = [base64.b64decode(item["data"]) for item in document["images"]]
    return [
        GeneratedImage(
            image=open_image(file),
            data=file,
            media_type=document["media_type"],
            model=document["model"],
            digest=document["digest"],
            seed=item["seed"],
            label=item["label"],
        )
        for item, file in zip(document["images"], files, strict=True)
    ]


def read_still(answer: httpx.Response) -> GeneratedImage:
    """Read one image with where it comes from; its seed is the one that was rendered, if any."""
    seeds = answer.headers["X-Ganloom-Seeds"]
    return GeneratedImage(
        image=open_image(answer.content),
        data=answer.content,
        media_type=answer.headers["Content-Type"],
        model=answer.headers["X-Ganloom-Model"],
        digest=answer.headers["X-Ganloom-Digest"],
        seed=None if seeds == "none" else int(seeds),
    )


def read_frames(answer: httpx.Response) -> list[Image.Image]:
    """Read the archive of frames of /interpolate or /explore, in order."""
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return [open_image(archive.read(name)) for name in archive.namelist()]


def read_models(answer: httpx.Response) -> list[Model]:
    """Read /models."""
    return [_read_model(item) for item in answer.json()["models"]]


def read_default(answer: httpx.Response) -> str:
    """Read the name of the default model of /models."""
    return str(answer.json()["default"])


def read_model(answer: httpx.Response) -> Model:
    """Read /models/{name}."""
    return _read_model(answer.json())


def read_directions(answer: httpx.Response) -> list[Direction]:
    """Read /models/{name}/directions, in the order of the service."""
    return [_read_fields(Direction, item) for item in answer.json()["directions"]]


def read_latent(answer: httpx.Response) -> Latent:
    """Read /latents/{seed}."""
    document = answer.json()
    return _read_fields(Latent, {**document, "z": tuple(document["z"])})


def read_neighbours(answer: httpx.Response) -> list[Neighbour]:
    """Read /models/{name}/neighbours, nearest first."""
    return [_read_fields(Neighbour, item) for item in answer.json()["neighbours"]]


def read_verification(answer: httpx.Response) -> Verification:
    """Read /verify."""
    return _read_fields(Verification, answer.json())


def read_strip(answer: httpx.Response) -> Image.Image:
    """Read one image that is no single still."""
    return open_image(answer.content)


def read_film(answer: httpx.Response) -> bytes:
    """Read moving pictures as the bytes of their file; ValueError if it is something else."""
    media_type = answer.headers["Content-Type"]
    if not media_type.startswith(("image/", "video/")):
        raise ValueError(f"{media_type} is no film")
    return answer.content


def open_image(data: bytes) -> Image.Image:
    """Decode now, so that a broken file is told here and not when it is first looked at."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def _read_fields(kind: type[KindT], item: Mapping[str, Any]) -> KindT:
    """Make a dataclass of the entries that have the names of its fields."""
    return kind(**{each.name: item[each.name] for each in fields(kind)})


def _read_model(document: Mapping[str, Any]) -> Model:
    spec = document["spec"]
    return Model(
        name=document["name"],
        digest=document["digest"],
        is_default=document["is_default"],
        is_ready=document["is_ready"],
        width=spec.get("img_width") or spec["img_resolution"],
        height=spec["img_resolution"],
        z_dim=spec["z_dim"],
        class_names=tuple(document["class_names"]),
        licence=document["provenance"].get("licence"),
        details=document,
    )
