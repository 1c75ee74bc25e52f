from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
import torch
from fastapi import FastAPI

from app.batching import Batcher
from app.main import create_app
from app.settings import Settings
from model.checkpoint import Checkpoint, write_checkpoint
from model.discovery import add_discovered
from model.discriminators import DiscriminatorSpec, HeldDiscriminator, build_discriminator
from model.generators import build_generator
from model.golden import GOLDEN_SEEDS, Golden, pixel_hashes
from model.inference import InferenceEngine
from model.latents import sample_latents
from model.provenance import Provenance
from model.spec import GeneratorSpec
from tests.app.echo_lanes import EchoLane, FailingLane, GatedLane, batching, held_in_a_batch
from tests.app.faulty_service import Setup, Start
from tests.app.served import listening

ClientFactory = Callable[..., contextlib.AbstractAsyncContextManager[httpx.AsyncClient]]
EngineOf = Callable[[str], InferenceEngine]

# Small enough to render in a blink; `pets` has classes, an alpha channel, sides that differ.
SPECS = {
    "faces": GeneratorSpec("dcgan", 16, 3, z_dim=8, base_channels=4),
    "pets": GeneratorSpec("dcgan", 32, 4, z_dim=4, num_classes=3, base_channels=4, img_width=24),
    "signs": GeneratorSpec("dcgan", 16, 1, z_dim=4, base_channels=4),
}
CLASS_NAMES = {"pets": ("cat", "dog", "7")}
WITHOUT_DISCRIMINATOR = "signs"


def make_tiny_checkpoint(spec: GeneratorSpec, names: tuple[str, ...]) -> Checkpoint:
    """Make a checkpoint of random weights, loud enough that no two seeds look alike."""
    torch.manual_seed(1)
    weights = {
        name: tensor * 6 if tensor.ndim == 4 else tensor
        for name, tensor in build_generator(spec).state_dict().items()
    }
    scores = {"fid": float("nan"), "recall": 0.51, "recall_real": 0.73}
    provenance = Provenance(preset="tiny", licence="CC0-1.0", scores=scores)
    draft = Checkpoint(spec, weights, Golden.unknown(spec), provenance, class_names=names)
    engine = InferenceEngine(
        draft, device="cpu", precision="float32", max_batch_size=4, is_golden_checked=False
    )
    pixels = engine.generate_pixels(sample_latents(spec, GOLDEN_SEEDS))
    golden = Golden(pixels, {engine.facts.numeric_path: pixel_hashes(pixels)})
    return add_discovered(dataclasses.replace(draft, golden=golden), 2)


def hold_tiny_discriminator(checkpoint: Checkpoint) -> Checkpoint:
    """Add a discriminator of random weights, which sees classes where there are some."""
    torch.manual_seed(2)
    description = DiscriminatorSpec("dcgan", 4)
    weights = build_discriminator(checkpoint.spec, description).state_dict()
    if checkpoint.spec.is_conditional:
        weights["embedding.weight"] = torch.randn_like(weights["embedding.weight"])
    held = HeldDiscriminator(description, checkpoint.spec.is_conditional, weights)
    return dataclasses.replace(checkpoint, discriminator=held)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def checkpoints() -> dict[str, Checkpoint]:
    made = {
        name: make_tiny_checkpoint(spec, CLASS_NAMES.get(name, ())) for name, spec in SPECS.items()
    }
    return {
        name: item if name == WITHOUT_DISCRIMINATOR else hold_tiny_discriminator(item)
        for name, item in made.items()
    }


@pytest.fixture(scope="session")
def weights(checkpoints: dict[str, Checkpoint], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the tiny checkpoints, and a file that is none."""
    folder = tmp_path_factory.mktemp("weights")
    for name, checkpoint in checkpoints.items():
        write_checkpoint(checkpoint, folder / f"{name}.safetensors")
    (folder / "README.md").write_text("cards")
    return folder


@pytest.fixture(scope="session")
def engine_of(checkpoints: dict[str, Checkpoint]) -> EngineOf:
    """Return each model's own engine, to compare with what comes over HTTP."""
    engines = {
        name: InferenceEngine(item, device="cpu", precision="float32", max_batch_size=1)
        for name, item in checkpoints.items()
    }
    return engines.__getitem__


@pytest.fixture(scope="session")
def settings(weights: Path) -> Settings:
    # In float32, so that every machine that runs the tests runs the same path.
    return Settings(
        weights=weights,
        device="cpu",
        precision="float32",
        lanes=1,
        max_batch_size=8,
        queue_capacity=256,
    )


@contextlib.asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Run the app's lifespan around a client that talks to it in process."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://ganloom") as client,
    ):
        yield client


@pytest.fixture(scope="session")
def serve(settings: Settings) -> ClientFactory:
    """Return a factory of running clients; keyword arguments change the settings."""

    def start(**changes: object) -> contextlib.AbstractAsyncContextManager[httpx.AsyncClient]:
        return running(create_app(settings.model_copy(update=changes)))

    return start


@pytest.fixture(scope="module")
async def client(serve: ClientFactory, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of one app for a whole module."""
    assert anyio_backend == "asyncio"
    async with serve() as client:
        yield client


@pytest.fixture(scope="session")
def address(settings: Settings) -> Iterator[str]:
    """Where a service of the tiny checkpoints listens, for clients that need a socket."""
    with listening(create_app(settings)) as address:
        yield address


@pytest.fixture
async def echo(anyio_backend: str) -> AsyncIterator[tuple[EchoLane, Batcher]]:  # noqa: ARG001
    lane = EchoLane()
    async with batching(lane, capacity=10_000) as batcher:
        yield lane, batcher


@pytest.fixture
async def gated(anyio_backend: str) -> AsyncIterator[tuple[GatedLane, Batcher]]:  # noqa: ARG001
    lane = GatedLane()
    async with held_in_a_batch(lane) as batcher:
        yield lane, batcher


@pytest.fixture
async def failing(anyio_backend: str) -> AsyncIterator[tuple[FailingLane, Batcher]]:  # noqa: ARG001
    lane = FailingLane()
    async with held_in_a_batch(lane) as batcher:
        yield lane, batcher


@pytest.fixture
def start(checkpoints: dict[str, Checkpoint], settings: Settings) -> Start:
    @contextlib.asynccontextmanager
    async def run(**changes: object) -> AsyncIterator[Setup]:
        setup = Setup(checkpoints["faces"], settings.model_copy(update=changes))
        async with setup.app.router.lifespan_context(setup.app), setup.client:
            try:
                yield setup
            finally:
                setup.engine.gate.set()

    return run
